#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets `image`; some scripts are for the container
# mpiexec.hydra -n N berth run IMAGE, with MPICH in the image: its ranks share one container as Open MPI's do.
load ../helpers
load ../mpich

setup_file() {
  export MPICH=$BERTH_TEST_DIR/mpich.sqsh
  make_mpich_image "$MPICH"
}

setup() {
  make_own_image
  cd "$BERTH_TEST_DIR" || return
  root=$image+$MPICH
  start=(timeout 60 mpiexec.hydra)
}

teardown() {
  rm -f "$image"
}

@test "four ranks of MPICH exchange 1 MiB messages" {
  run -0 "${start[@]}" -n 4 "$BERTH" run "$root" -- mpich-hello
  expect_ranks 4
  expect_no_process_left
}

@test "in a pid namespace, and without the caller's variables, they do so too" {
  local option
  for option in --pid --clean-env --private-overlay --seccomp=default; do
    run -0 "${start[@]}" -n 3 "$BERTH" run $option "$root" -- mpich-hello
    expect_ranks 3
  done
}

@test "hydra's ranks share one container, two of its jobs at once do not" {
  local job
  for job in 1 2; do
    "${start[@]}" -n 2 "$BERTH" run "$root" -- sh -c 'readlink /proc/self/ns/mnt; sleep 1.5' >"seen-$job" 3>&- &
  done
  wait
  [ "$(cat seen-1 seen-2 | wc -l)" = 4 ]
  [ "$(count_different <seen-1)$(count_different <seen-2)$(cat seen-1 seen-2 | count_different)" = 112 ]
  expect_no_process_left
}

@test "a rank's failure is mpiexec's failure, and nothing is left" {
  run "${start[@]}" -n 2 "$BERTH" run "$root" -- sh -c '[ "$PMI_RANK" = 0 ] || exit 9; exec sleep 0.5'
  [ "$status" = 9 ]
  expect_no_process_left
  expect_no_mount_left
}
