#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# configure_test.sh SOURCE: cmake's closing lines say of each optional part what was found, or that it
# is off and why; a part that is ON and cannot be is an error that names the packages.
set -euo pipefail

source_dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect STATUS WORDS OPTION...: cmake with the options ends with STATUS and says WORDS.
expect() {
  local wanted=$1 words=$2 status=0
  shift 2
  rm -rf "$work/build"
  cmake -S "$source_dir" -B "$work/build" -G Ninja -DBUILD_TESTING=OFF "$@" >"$work/log" 2>&1 ||
    status=1
  # A message of cmake's is wrapped.
  if [ $status != "$wanted" ] || ! tr -s ' \n' ' ' <"$work/log" | grep -qF -- "$words"; then
    printf 'cmake %s ended with %s and does not say: %s\n' "$*" $status "$words"
    tail -n 15 "$work/log"
    failed=1
  fi
}

# An empty value in the cache is what a search that found nothing leaves.
no_slurm=-DBERTH_SPANK_INCLUDE= no_mpi=-DBERTH_MPIRUN=
slurm=$(printf '#include <slurm/spank.h>\n' | cc -E -H - 2>&1 >/dev/null | sed -n 's/^\. \(.*\)\/slurm\/spank\.h$/\1/p')

expect 0 "Slurm plugin: berth.so, from ${slurm:?no libslurm-dev here}/slurm/spank.h"
expect 0 "MPI: example and tests with $(command -v mpirun)"
expect 0 "Slurm plugin: off (BERTH_SLURM=OFF)" -DBERTH_SLURM=OFF
expect 0 "MPI: off (BERTH_MPI=OFF)" -DBERTH_MPI=OFF
expect 0 "Slurm plugin: off (no slurm/spank.h: install libslurm-dev)" $no_slurm
expect 0 "MPI: off (no mpicc and mpirun: install libopenmpi-dev openmpi-bin)" $no_mpi
expect 1 "BERTH_SLURM=ON, but slurm/spank.h is missing: install libslurm-dev" -DBERTH_SLURM=ON $no_slurm
expect 1 "BERTH_MPI=ON, but mpicc or mpirun is missing: install libopenmpi-dev openmpi-bin" \
  -DBERTH_MPI=ON $no_mpi
exit $failed
