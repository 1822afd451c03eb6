#!/usr/bin/env bash
# Deep trunks across the transition from order to chaos, see docs/TRUNKS.md; takes some minutes.
#   bash jobs/trunk_study.sh [FOLDER]     results go to FOLDER (default: trunk_study/ in the repository)
# GLUESWEEP_BUILD (build folder, by default build/release) and GLUESWEEP_PYTHON (interpreter) override the defaults.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/environment.sh"

if [ ! -x "$build/gluesweep" ]; then
  echo "trunk_study.sh: there is no program $build/gluesweep: cmake --preset release && cmake --build --preset release" >&2
  exit 2
fi
exec "$python" "$repository/analysis/trunk_study.py" "$build/gluesweep" -o "${1:-$repository/trunk_study}"
