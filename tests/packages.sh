# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034  # sourced: the lists are for the caller
# The one place with lists of Debian 12 packages, and how to install what is missing.

build_packages=(
  g++ cmake ninja-build pkg-config python3-minimal
  libarchive-dev libcurl4-openssl-dev libdeflate-dev libhwloc-dev libisal-dev liblz4-dev liblzma-dev liblzo2-dev
  libseccomp-dev libslurm-dev libsodium-dev libsquashfs-dev libssl-dev libyaml-cpp-dev libzstd-dev
  nlohmann-json3-dev zlib1g-dev
)

# A real image, MPI, and a Slurm cluster.
demo_packages=(
  mmdebstrap uidmap zstd python3
  libopenmpi-dev openmpi-bin
  munge slurm-client slurm-wlm-basic-plugins slurmctld slurmd
)

test_packages=(
  libgmock-dev libgtest-dev
  clang clang-format clang-tidy libclang-rt-14-dev llvm-14
  apache2-utils attr bats binutils busybox-static bzip2 cryptsetup-bin docker-registry fuse3 gdb git groff
  ibverbs-providers ibverbs-utils iproute2 jq libfabric-bin libmpich-dev libpmi2-0-dev libwrap0
  linux-perf man-db minisign mpich musl openssh-client openssl passt podman procps qemu-system-x86
  shellcheck skopeo slirp4netns squashfs-tools squashfs-tools-ng strace umoci xz-utils
)

# Not among them: openssh-server, whose daemon would be started by its installation. Tests unpack it.

# Peers that the benchmarks compare with, where they are wanted.
bench_packages=(
  bubblewrap charliecloud docker-registry openssl podman procps python3-lark python3-requests squashfuse valgrind
)

# Prints those of the named packages that are not installed.
find_missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

# Installs what is missing, as root or with sudo; touches nothing when all is there.
install_packages() {
  local missing root=()
  mapfile -t missing < <(find_missing_packages "$@")
  [ ${#missing[@]} != 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "these packages are missing and there is no sudo: ${missing[*]}" >&2
      return 1
    }
    root=(sudo)
  fi
  echo "installing ${missing[*]}"
  "${root[@]}" apt-get update -q
  # No daemon of Slurm's packages may start by itself: they have no configuration yet.
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qy --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
}
