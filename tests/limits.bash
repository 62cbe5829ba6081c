# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2154  # words for a shell; bats sets `output`; tests set `image` and `memory`
# What holds of limits with both versions of control groups. `memory` has the options that bound it to 64 MiB.

expect_memory_is_bounded() {
  run -137 berth_run "${memory[@]}" "$image" -- tail /dev/zero
  [ "$output" = "berth: 'tail' was killed: its memory is bounded by --memory=64M" ]
  expect_no_group_left
  # Of others that it has started, the line says how many, and the program goes on.
  run -3 berth_run "${memory[@]}" "$image" -- sh -c 'tail /dev/zero; exit 3'
  [[ "$output" == *"berth: 1 process of 'sh' was killed: its memory is bounded by --memory=64M"* ]]
  expect_no_group_left
}

expect_processes_are_bounded() {
  run berth_run --pids-limit=20 "$image" -- sh -c 'i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i + 1)); done; wait'
  [ "$status" != 0 ]
  [[ "$output" == *"berth: 'sh' was refused new processes "*": it is bounded by --pids-limit=20"* ]]
  expect_no_group_left
}

expect_nothing_outlives_who_stands_by() {
  "$BERTH" run --memory=64M --pids-limit=50 "$image" -- sh -c 'echo up >up; exec sleep 60' 3>&- &
  pid=$!
  await up
  [ -n "$(groups_left)" ]
  kill -KILL $pid
  expect_end 137 $pid
  expect_no_group_left
}

expect_a_rank_ends_alone() {
  "$BERTH" run --share=node "${memory[@]}" "$image" -- \
    sh -c 'echo up >up; while [ ! -e over ]; do sleep 0.05; done; cat /etc/hostname >&2; exit 5' 3>&- &
  pid=$!
  await up
  run -137 berth_run --share=node "${memory[@]}" "$image" -- tail /dev/zero
  run -0 berth_run --share=node --memory=64M "$image" -- sh -c 'tail -c 1 /etc/passwd | wc -c'
  [ "$output" = 1 ]
  touch over
  expect_end 5 $pid
  expect_no_group_left
}

# Of this test's own containers.
own_containers() {
  export XDG_RUNTIME_DIR=$work/run
  mkdir -m 700 run
}

stats() {
  timeout -s KILL 30 "$BERTH" stats --no-stream --json "$@"
}

# A container `box` with limits, whose program always wants a CPU: paused it gets none, whoever sends SIGCONT.
expect_frozen_means_no_cpu_time() {
  local before pid
  "$BERTH" pause box
  [ "$("$BERTH" ps --json | jq -r '.[] | select(.name == "box") | .state')" = paused ]
  before=$(stats box | jq '.[0].cpu_microseconds')
  pid=$("$BERTH" ps --json | jq '.[] | select(.name == "box") | .pid')
  # It is no stop, which it could be let out of.
  run -1 grep -q '^State:.[Tt]' "/proc/$pid/status"
  kill -CONT "$pid"
  sleep 1
  [ "$(stats box | jq '.[0].cpu_microseconds')" = "$before" ]
  "$BERTH" resume box
  for _ in $(seq 100); do [ "$(stats box | jq '.[0].cpu_microseconds')" = "$before" ] || return 0; done
  echo "it does not go on" >&2
  return 1
}
