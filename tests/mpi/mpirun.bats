#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image`
# mpirun -np N berth run img.sqsh: ranks on one machine share one container, talk with messages that
# need the kernel's help (over 64 KiB), and leave nothing.
load ../helpers

setup() {
  make_own_image
  cd "$BERTH_TEST_DIR" || return
  here=(mpirun --oversubscribe)
}

teardown() {
  rm -f "$image"
}

# Ranks that stay until the file 'go' appears, so that one can look at them. Prints their pid.
start_waiting_ranks() {
  # shellcheck disable=SC2016  # for the shell in the container
  "${here[@]}" -np 2 "$BERTH" run "$image" -- \
    sh -c 'echo "$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/user)"; while [ ! -e "$1" ]; do sleep 0.05; done' \
    sh "$2" >"$1" 2>&1 3>&- &
}

wait_for_lines() {
  for _ in $(seq 200); do
    [ "$(cat "$@" 2>/dev/null | wc -l)" -lt 4 ] || return 0
    sleep 0.05
  done
  cat "$@" >&2
  return 1
}

@test "two ranks exchange 1 MiB messages" {
  run timeout 60 "${here[@]}" -np 2 "$BERTH" run "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 2
}

@test "four ranks on any number of cores exchange 1 MiB messages" {
  run timeout 60 "${here[@]}" -np 4 "$BERTH" run "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 4
}

@test "ranks with limits have a control group each, and one container" {
  run timeout 60 "${here[@]}" -np 4 "$BERTH" run --memory=512M "$image" -- mpi-hello
  [ "$status" = 0 ]
  expect_ranks 4
  run timeout 60 "${here[@]}" -np 4 "$BERTH" run --memory=512M "$image" -- \
    sh -c 'sed -n "s/^[0-9]*:memory://p" /proc/self/cgroup; readlink /proc/self/ns/mnt; sleep 1'
  [ "$(grep /berth- <<<"$output" | count_different)" = 4 ]
  [ "$(grep ^mnt <<<"$output" | count_different)" = 1 ]
  # shellcheck disable=SC2016  # for the shell in the container
  run timeout 60 "${here[@]}" -np 2 "$BERTH" run --memory=64M "$image" -- \
    sh -c '[ "$OMPI_COMM_WORLD_RANK" = 0 ] || exec tail /dev/zero; sleep 60'
  [ "$status" != 0 ]
  [[ "$output" == *"berth["*":1]: 'sh' was killed: its memory is bounded by --memory=64M"* ]]
}

@test "each rank adds its line to a trace: one builds the container, the others find it" {
  rm -f trace.json
  timeout 60 "${here[@]}" -np 3 "$BERTH" run --trace-file trace.json "$image" -- true
  cat trace.json
  [ "$(jq -c .rank trace.json | sort | tr '\n' ' ')" = "0 1 2 " ]
  [ "$(jq -s '[.[] | select(.phases | any(.name == "find the container of the step"))] | length' trace.json)" = 2 ]
  [ "$(jq -s '[.[] | select(.phases | any(.name == "create a user and mount namespace"))] | length' trace.json)" = 1 ]
}

@test "ten runs in a row do not hang" {
  for _ in $(seq 10); do
    run timeout 60 "${here[@]}" -np 2 "$BERTH" run "$image" -- mpi-hello
    [ "$status" = 0 ] || echo "$output"
    [ "$status" = 0 ]
  done
}

@test "large messages are copied by the kernel, not in pieces through memory" {
  # Told to use process_vm_readv, Open MPI aborts where the ranks' user namespaces differ.
  run timeout 60 "${here[@]}" -np 2 --mca btl_vader_single_copy_mechanism cma \
    "$BERTH" run "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 2
}

@test "in a pid namespace of their own, ranks exchange 1 MiB messages by the kernel's copy" {
  run timeout 60 "${here[@]}" -np 3 --mca btl_vader_single_copy_mechanism cma \
    "$BERTH" run --pid "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 3
}

@test "under the default profile of system calls, ranks exchange 1 MiB messages by the kernel's copy" {
  run timeout 60 "${here[@]}" -np 3 --mca btl_vader_single_copy_mechanism cma \
    "$BERTH" run --seccomp=default "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 3
}

@test "ranks share one container, two mpiruns at once do not" {
  local go=$BERTH_TEST_DIR/go-$$ first=$BERTH_TEST_DIR/first-$$ second=$BERTH_TEST_DIR/second-$$
  # Two that make it at the same moment is more than Open MPI copes with.
  mkdir -p "$TMPDIR/ompi.$(uname -n).$(id -u)"
  start_waiting_ranks "$first" "$go"
  start_waiting_ranks "$second" "$go"
  wait_for_lines "$first" "$second"
  [ -n "$(find_own_processes)" ] # so that "nothing left" means something
  touch "$go"
  wait
  cat "$first" "$second"
  [ "$(count_different <"$first")" = 1 ]
  [ "$(count_different <"$second")" = 1 ]
  [ "$(cat "$first" "$second" | count_different)" = 2 ]
  rm -f "$go" "$first" "$second"
}

@test "ranks keep their user, and have no capability" {
  # shellcheck disable=SC2016  # for the shell in the container
  run timeout 60 "${here[@]}" -np 2 "$BERTH" run "$image" -- \
    sh -c 'echo "$(id -u) $(grep CapEff /proc/self/status)"'
  [ "$status" = 0 ]
  [ "$(count_different <<<"$output")" = 1 ]
  [[ $output == "$(id -u) "*"0000000000000000"* ]]
}

@test "a rank's failure is mpirun's failure" {
  run timeout 60 "${here[@]}" -np 2 "$BERTH" run "$image" -- sh -c 'exit 9'
  [ "$status" = 9 ]
}

@test "mpirun inside the container" {
  run timeout 60 "$BERTH" run "$image" -- mpirun --oversubscribe -np 2 mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 2
}

@test "nothing is left after the last rank" {
  local before
  before=$(find_files_of_berth)
  run timeout 60 "${here[@]}" -np 2 "$BERTH" run "$image" -- mpi-hello
  [ "$status" = 0 ]
  expect_no_process_left
  expect_no_mount_left
  [ "$(find_files_of_berth)" = "$before" ]
}

@test "nothing is left when mpirun is killed" {
  local out=$BERTH_TEST_DIR/out-$$ pid
  : >"$out"
  start_waiting_ranks "$out" "$BERTH_TEST_DIR/never"
  pid=$!
  for _ in $(seq 200); do
    [ "$(wc -l <"$out")" -lt 2 ] || break
    sleep 0.05
  done
  [ "$(wc -l <"$out")" = 2 ]
  kill -TERM "$pid"
  wait "$pid" || true
  expect_no_process_left
  expect_no_mount_left
  rm -f "$out"
}

@test "the ranks keep their changes in one directory" {
  kept=$(mktemp -d "$BERTH_TEST_DIR/kept.XXXXXX")
  sync -f "$kept"
  # shellcheck disable=SC2016  # for the shell in the container
  run timeout 60 "${here[@]}" -np 4 "$BERTH" run --overlay "$kept" "$image" -- \
    sh -c 'echo mine >"/from-$OMPI_COMM_WORLD_RANK"'
  echo "$output"
  [ "$status" = 0 ]
  run timeout 60 "$BERTH" run --overlay "$kept" "$image" -- sh -c 'cat /from-?'
  [ "$output" = $'mine\nmine\nmine\nmine' ]
  chmod -R u+rwx "$kept" # overlayfs closes its work directory
  rm -rf "$kept"
}

@test "with changes of their own, ranks see each other's memory and /dev/shm, and not what they write" {
  run -0 timeout 60 "${here[@]}" -np 2 --mca btl_vader_single_copy_mechanism cma \
    "$BERTH" run --private-overlay "$image" -- mpi-hello
  expect_ranks 2
  # shellcheck disable=SC2016  # for the shell in the container
  run -0 timeout 60 "${here[@]}" -np 2 "$BERTH" run --private-overlay "$image" -- sh -c '
    me=$OMPI_COMM_WORLD_RANK; echo "from $me" >/both; echo "$me" >>/etc/motd; touch "/dev/shm/$1-$me"
    until [ -e "/dev/shm/$1-0" ] && [ -e "/dev/shm/$1-1" ]; do sleep 0.05; done
    echo "rank $me: $(cat /both) $(tail -n 1 /etc/motd) $(readlink /proc/self/ns/user)"
    touch "/dev/shm/$1-$me.done"
    until [ -e "/dev/shm/$1-0.done" ] && [ -e "/dev/shm/$1-1.done" ]; do sleep 0.05; done' sh "berth-private-$$"
  rm "/dev/shm/berth-private-$$"-*
  echo "$output"
  [ "$(cut -d ' ' -f 1-5 <<<"$output" | sort)" = $'rank 0: from 0 0\nrank 1: from 1 1' ]
  [ "$(cut -d ' ' -f 6 <<<"$output" | count_different)" = 1 ]
  expect_no_process_left
  expect_no_mount_left
}
