#!/usr/bin/env bash
# Installs the Debian packages that gluesweep needs and this machine lacks. Sourced or called by
# jobs/quickstart.sh and tests/run.sh; does nothing, quickly, when everything is there.
#   cmake/install_packages.sh                install
#   cmake/install_packages.sh --with-slurm   the same, and Slurm, which only the tests of slurm/ need
#   cmake/install_packages.sh --list         only print the missing ones
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config git ca-certificates
  libtorch-dev libopenblas0-pthread libyaml-cpp-dev
  libopenmpi-dev openmpi-bin libhdf5-openmpi-dev
  libboost-dev libboost-program-options-dev libsundials-dev
  libgtest-dev libgmock-dev
  python3 python3-numpy python3-scipy python3-matplotlib python3-yaml
  python3-h5py python3-xarray python3-h5netcdf python3-pytest
)

list=no
for option in "$@"; do
  case "$option" in
    --list) list=yes ;;
    --with-slurm) packages+=(slurmctld slurmd slurm-client munge) ;;
    *)
      echo "install_packages.sh: unknown option '$option': accepted are --list and --with-slurm" >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This machine has no apt: install the equivalents of these Debian packages by hand," >&2
  echo "then build with cmake (see README.md): ${packages[*]}" >&2
  [ "${GLUESWEEP_SKIP_PACKAGES:-0}" = 1 ] && exit 0
  echo "(GLUESWEEP_SKIP_PACKAGES=1 says that they are there.)" >&2
  exit 1
fi

installed=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' | awk '$1 == "installed" {print $2}' | tr '\n' ' ')"
missing=()
for package in "${packages[@]}"; do
  [[ "$installed" == *" $package "* ]] || missing+=("$package")
done

if [ "$list" = yes ]; then
  [ ${#missing[@]} -eq 0 ] || printf '%s\n' "${missing[@]}"
  exit 0
fi
if [ ${#missing[@]} -eq 0 ]; then
  echo "packages: all ${#packages[@]} are installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  # Without a terminal sudo could not ask for a password.
  if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
  else
    echo "These Debian packages are missing, and installing them needs root. Run" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    echo "as root, then this script again." >&2
    exit 1
  fi
fi

echo "packages: installing ${missing[*]}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
