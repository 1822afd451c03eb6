#!/bin/sh
# Deep trunks across the transition from order to chaos, see docs/TRUNKS.md: bash jobs/trunk_study.sh [FOLDER]
# Takes some minutes on two cores; needs a built program (GLUESWEEP_PROGRAM, by default build/release/gluesweep).
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
program=${GLUESWEEP_PROGRAM:-$here/build/release/gluesweep}
python=${GLUESWEEP_PYTHON:-/usr/bin/python3}
if [ ! -x "$program" ]; then
  echo "trunk_study.sh: there is no program '$program'; build it with cmake --preset release && cmake --build --preset release" >&2
  exit 2
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exec "$python" "$here/analysis/trunk_study.py" "$program" -o "${1:-trunk_study}"
