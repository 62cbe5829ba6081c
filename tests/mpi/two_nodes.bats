#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets `image`; what is quoted is for the shells on the nodes
# mpirun on two nodes (two_nodes): each has its container, and ranks of different nodes talk over TCP.
load ../helpers

setup() {
  make_own_image
  cd "$BERTH_TEST_DIR" || return
}

teardown() {
  rm -f "$image"
}

# on_two_nodes WORDS...: two ranks on each. Over the wire between the nodes goes all that does not stay on one.
on_two_nodes() {
  timeout -s KILL 120 "$BATS_TEST_DIRNAME/two_nodes" sh -c '
    exec timeout 90 mpirun --mca plm_rsh_agent "$NODE_SHELL" --mca oob_tcp_if_include 10.77.0.0/24 \
      --mca btl_tcp_if_include 10.77.0.0/24 --host 10.77.0.1:2,10.77.0.2:2 "$@"' sh "$@"
}

@test "four ranks on two nodes exchange 1 MiB messages" {
  run on_two_nodes -np 4 "$BERTH" run "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 4
  [ "$(grep -o 'on node-[ab]' <<<"$output" | sort | uniq -c | tr -s ' ' | paste -sd ,)" = " 2 on node-a, 2 on node-b" ]
  expect_no_process_left
}

@test "each node has one container, the other's is another" {
  run on_two_nodes -np 4 "$BERTH" run "$image" -- sh -c 'echo "$(uname -n) $(readlink /proc/self/ns/mnt)"; sleep 1'
  echo "$output"
  [ "$status" = 0 ]
  [ "$(grep -c mnt: <<<"$output")" = 4 ]
  [ "$(count_different <<<"$output")" = 2 ]
  [ "$(cut -d ' ' -f 1 <<<"$output" | sort | uniq -c | tr -s ' ' | paste -sd ,)" = " 2 node-a, 2 node-b" ]
}

@test "a node where the image is missing says so, and the job ends" {
  run on_two_nodes -np 2 --host 10.77.0.1:2 "$BERTH" run "$image" -- sleep 60 : \
    -np 2 --host 10.77.0.2:2 "$BERTH" run "$image.none" -- sleep 60
  echo "$output"
  [ "$status" = 125 ]
  [[ "$output" == *"berth[node-b:"*"$image.none"* ]]
  expect_no_process_left
}

@test "a rank that is killed on the other node ends the job, and nothing is left" {
  run on_two_nodes -np 4 "$BERTH" run "$image" -- \
    sh -c '[ "$OMPI_COMM_WORLD_RANK" != 3 ] || kill -KILL $$; exec sleep 60'
  echo "$output"
  [ "$status" = 137 ]
  expect_no_process_left
  expect_no_mount_left
}
