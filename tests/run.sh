#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, runs every test.
#   bash tests/run.sh [ctest options]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/environment.sh"

step "packages"
bash "$repository/cmake/install_packages.sh" --with-slurm

step "build in $build"
configure -DGLUESWEEP_BUILD_TESTS=ON -DGLUESWEEP_WARNINGS_AS_ERRORS=ON
cmake --build "$build" -j "$(build_jobs)"

# The same sources with sanitizers, for bad input: the program only, several files at once.
step "build with sanitizers in $build/sanitized"
(
  build="$build/sanitized"
  configure -DGLUESWEEP_SANITIZE=address,undefined,float-cast-overflow -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16
  cmake --build "$build" --target gluesweep -j "$(build_jobs)"
)

step "tests"
# Tests that start ranks of their own take both cores of a small machine, see PROCESSORS in tests/CMakeLists.txt.
ctest --test-dir "$build" --output-on-failure --timeout 600 -j 2 "$@"
step "done"
