#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image` and `folder`
# srun --mpi=pmi2 --container=IMAGE, with MPICH in the image: its ranks talk to slurmstepd by a descriptor
# that they inherit.
load helpers
load ../mpich

setup_file() {
  skip_unless "MPICH is not installed" command -v mpicc.mpich
  start_cluster "$BERTH_TEST_DIR/berth"
  export MPICH=$BERTH_TEST_DIR/mpich.sqsh
  make_mpich_image "$MPICH"
}

@test "four ranks of MPICH on a node" {
  run -0 user srun -N1 -n4 --overcommit --mpi=pmi2 --container="$image+$MPICH" mpich-hello
  expect_ranks 4
  expect_no_process_left
}

@test "two nodes with two ranks of MPICH each" {
  # To UCX both nodes are one machine, with memory to share. What it takes by itself goes by /proc of another
  # container. (Over TCP, MPI_Finalize hangs here now and then, also on the host: MPICH 4.0.2.)
  run -0 user env UCX_TLS=sysv,self \
    srun -N2 --ntasks-per-node=2 --mpi=pmi2 --container="$image+$MPICH" mpich-hello
  echo "$output"
  expect_ranks 4
  [ "$(sed 's/.* on //; s/:.*//' <<<"$output" | count_different)" = 2 ]
}
