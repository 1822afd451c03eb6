#!/usr/bin/env bash
# Builds the benchmarks, runs all of them and prints their tables last, one after the other. All but the last (scaling,
# which takes all cores) run on one core.
#   bash tests/benchmark/run.sh [--repetitions N] [PROBLEM]...
# Without problems: all that a benchmark has. GLUESWEEP_BUILD (build folder) and GLUESWEEP_PYTHON override the
# defaults. Times are processor times, so a neighbour on another core disturbs little; an idle machine is better.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../cmake/environment.sh"
here="$repository/tests/benchmark"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

repetitions=()
problems=()
while [ $# -gt 0 ]; do
  case "$1" in
    --repetitions)
      if [[ ! "${2:-}" =~ ^[1-9][0-9]*$ ]]; then
        echo "--repetitions wants a whole number of at least 1, not '${2:-}'" >&2
        exit 2
      fi
      repetitions=(--repetitions "$2")
      shift 2
      ;;
    -*)
      echo "unknown option '$1'; usage: run.sh [--repetitions N] [PROBLEM]..." >&2
      exit 2
      ;;
    *)
      problems+=("$1")
      shift
      ;;
  esac
done
for problem in ${problems[@]+"${problems[@]}"}; do
  if [ ! -f "$repository/jobs/$problem.yaml" ]; then
    echo "there is no jobs/$problem.yaml; problems: $(cd "$repository/jobs" && echo *.yaml | sed 's/\.yaml//g')" >&2
    exit 2
  fi
done

step "build in $build"
configure -DGLUESWEEP_BUILD_TESTS=ON
cmake --build "$build" --target benchmarks -j "$(build_jobs)"
if grep -q '^GLUESWEEP_WITH_MPI:BOOL=ON' "$build/CMakeCache.txt"; then
  cmake --build "$build" --target gluesweep -j "$(build_jobs)"
fi

tables="$(mktemp)"
trap 'rm -f "$tables"' EXIT

# of OFFERED...: the problems asked for among those; all of them if none was asked for.
of() {
  local offered="$*" problem
  if [ ${#problems[@]} -eq 0 ]; then
    echo "$offered"
    return
  fi
  for problem in "${problems[@]}"; do
    case " $offered " in *" $problem "*) echo "$problem" ;; esac
  done
}

# table TITLE PROGRAM...: runs it and keeps what it prints for the end.
table() {
  local title="$1"
  shift
  step "$title"
  printf '\n## %s\n\n' "$title" >>"$tables"
  "$@" | tee -a "$tables"
}

program() { echo "$build/tests/benchmark/benchmark_$1"; }
initial="mixed_order_decay michaelis_menten robertson friedmann_background meszaros_growth misaligned_scalar tensor_modes
freeze_out"
all="$initial boundary_layer"
# shellcheck disable=SC2086
initial="$(of $initial)"
# shellcheck disable=SC2086
all="$(of $all)"

# emulators PROBLEM...: of 4,096 points each, and the time that they take to evaluate.
emulators() {
  local folder problem
  folder="$(mktemp -d)"
  for problem in "$@"; do
    launch "$cores" "$build/gluesweep" run "$repository/jobs/$problem.yaml" -o "$folder/$problem.h5" --progress none \
      --set sweep.samples=4096 --set verification.reference_fraction=0 --set 'output.store=[solution, heads]' >/dev/null
    "$build/gluesweep" emulate "$folder/$problem.h5" -o "$folder/${problem}_emulator.h5" --no-module >/dev/null
    rm "$folder/$problem.h5"
  done
  "$(program predict)" "$folder"/*_emulator.h5
  rm -r "$folder"
}
adam="$(of mixed_order_decay freeze_out misaligned_scalar)"

table "The machine, one core" "$(program machine)"
table "Points a second" "$(program points)" ${repetitions[@]+"${repetitions[@]}"} ${problems[@]+"${problems[@]}"}
table "Above the floor" "$(program floor)" ${repetitions[@]+"${repetitions[@]}"} ${problems[@]+"${problems[@]}"}
if [ -n "$initial" ] && [ -x "$(program against_cvode)" ]; then
  # shellcheck disable=SC2086
  table "Against SUNDIALS CVODE" "$(program against_cvode)" ${repetitions[@]+"${repetitions[@]}"} $initial
fi
if [ -n "$adam" ]; then
  # shellcheck disable=SC2086
  table "On a GPU" "$(program gpu)" ${repetitions[@]+"${repetitions[@]}"} $adam
fi
if [ -n "$adam" ]; then
  # shellcheck disable=SC2086
  table "Against Adam" "$(program against_adam)" ${repetitions[@]+"${repetitions[@]}"} $adam
fi
if [ -x "$build/gluesweep" ]; then
  # shellcheck disable=SC2086
  table "Emulators" emulators $all
fi
case " $(of mixed_order_decay) " in
  *mixed*)
    if "$python" -c 'import torch' 2>/dev/null; then
      table "Against eager PyTorch" "$python" "$here/against_adam.py" --benchmark "$(program against_adam)"
    else
      "$python" "$here/against_adam.py" || echo "(left out)"
    fi
    if [ -x "$build/gluesweep" ]; then
      table "Memory" "$python" "$here/memory.py" "$build/gluesweep"
      table "Scaling" "$python" "$here/scaling.py" --build "$build" --markdown
    fi
    ;;
esac

step "all tables"
printf '\n# Benchmarks of %s\n\n' "$(date +%F)"
printf -- '- system: %s, %s cores\n' "$(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r)" "$cores"
printf -- '- commit: %s\n' "$(git -C "$repository" describe --always --dirty 2>/dev/null || echo unknown)"
cat "$tables"
