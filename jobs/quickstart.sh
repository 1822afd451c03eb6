#!/usr/bin/env bash
# From nothing to a parameter scan: installs what is missing, builds, runs jobs/mixed_order_decay.yaml on all
# cores, prints the summary and draws it.
#   bash jobs/quickstart.sh [FOLDER]     results go to FOLDER (default: quickstart/ in the repository)
# GLUESWEEP_BUILD (build folder), GLUESWEEP_PYTHON (interpreter) and GLUESWEEP_RANKS override the defaults.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/environment.sh"

step "packages"
bash "$repository/cmake/install_packages.sh"

step "build in $build"
if [ -f "$build/CMakeCache.txt" ]; then
  configure
else
  configure -DGLUESWEEP_BUILD_TESTS=OFF
fi
cmake --build "$build" --target gluesweep -j "$(build_jobs)"

folder="${1:-$repository/quickstart}"
mkdir -p "$folder"
file="$folder/mixed_order_decay.h5"
# The program never overwrites a file; the result of an earlier quickstart makes room here.
rm -f "$file"

ranks="${GLUESWEEP_RANKS:-$cores}"
step "run on $ranks ranks"
ran=$(date +%s)
launch "$ranks" "$build/gluesweep" run "$repository/jobs/mixed_order_decay.yaml" -o "$file"
echo "run: $(($(date +%s) - ran)) s"

step "plot"
"$python" "$repository/analysis/plot.py" "$file" -o "$folder/mixed_order_decay.png"

step "done"
echo "results: $file"
echo "picture: $folder/mixed_order_decay.png"
echo "look at it again: $build/gluesweep show $file"
