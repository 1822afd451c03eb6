# shellcheck shell=bash disable=SC2034
# Sourced by the scripts: where the repository is, how to build it and how to start ranks. Sets
#   repository, build, python, cores, and the functions below.
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="${GLUESWEEP_BUILD:-$repository/build/release}"
# The system's interpreter, which the python3-* packages belong to; another python3 on PATH lacks them.
python="${GLUESWEEP_PYTHON:-/usr/bin/python3}"

started=$(date +%s)
step() { printf '\n== %s (%d s)\n' "$*" "$(($(date +%s) - started))"; }

# Cores this process may use (respects affinity and containers' CPU sets).
cores="$(nproc)"

# Compilers at a time: one a core, and 1.5 GB each, which LibTorch's headers take.
build_jobs() {
  local by_memory
  by_memory=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  if [ "$by_memory" -lt 1 ]; then by_memory=1; fi
  if [ "$by_memory" -lt "$cores" ]; then echo "$by_memory"; else echo "$cores"; fi
}

# configure [cmake options]: an optimised build with the system's MPI, and Ninja if it is there. GLUESWEEP_CMAKE_OPTIONS:
# more options, separated by blanks.
configure() {
  local more=()
  read -r -a more <<<"${GLUESWEEP_CMAKE_OPTIONS:-}"
  local options=(-DCMAKE_BUILD_TYPE=Release "-DGLUESWEEP_PYTHON=$python" "${more[@]}" "$@")
  # A build folder keeps the generator it was made with.
  if [ ! -f "$build/CMakeCache.txt" ] && command -v ninja >/dev/null; then
    options+=(-G Ninja)
  fi
  # A compiler wrapper of conda or of another MPI on PATH would not fit the packaged HDF5.
  if [ -z "${MPI_HOME:-}" ] && [ -x /usr/bin/mpicxx ]; then
    options+=(-DMPI_CXX_COMPILER=/usr/bin/mpicxx "-DMPIEXEC_EXECUTABLE=$(launcher)")
  fi
  if command -v ccache >/dev/null; then
    options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake -S "$repository" -B "$build" "${options[@]}"
}

# The MPI launcher that belongs to the compiler wrapper above.
launcher() {
  if [ -z "${MPI_HOME:-}" ] && [ -x /usr/bin/mpiexec ]; then
    echo /usr/bin/mpiexec
  else
    command -v mpiexec
  fi
}

# launch RANKS PROGRAM...: on this machine, one thread a rank; also as root and in containers.
launch() {
  local ranks="$1"
  shift
  OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe \
    "$(launcher)" -n "$ranks" "$@"
}
