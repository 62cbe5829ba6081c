#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `output`
# Limits where systemd delegates: the tests run in a system service, where a user may make no group, and go from
# there to where he may, as messages say.
load ../../helpers
load ../../groups

setup() {
  image=$BERTH_DEMO_IMAGE
  XDG_RUNTIME_DIR=/run/user/$(id -u)
  export XDG_RUNTIME_DIR
  enter_work systemd
}

teardown() {
  leave_work
}

in_scope() {
  timeout -s KILL 60 systemd-run --quiet --user --scope "$@"
}

@test "outside of what is delegated, the message says how to get there, and that helps" {
  run -125 berth_run --memory=64M "$image" -- true
  [[ "${lines[0]}" == "berth: cannot enforce --memory=64M: you may make no control group for 'memory' in '/sys/fs/cgroup/system.slice/berth-tests.service'" ]]
  hint=$(sed -n "s/.*start it with '\(systemd-run [^']*\)'.*/\1/p" <<<"$output")
  [ "$hint" = "systemd-run --user --scope -p Delegate=yes" ]
  # shellcheck disable=SC2086  # several words
  run -0 $hint --quiet "$BERTH" run --memory=64M "$image" -- sh -c "$own_group"' cat $d/memory.max; echo $d'
  [ "${lines[0]}" = 67108864 ]
  [[ "${lines[1]}" == "/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/app.slice/run-"*.scope/berth-* ]]
}

@test "in a scope of the user's, limits strike" {
  run -137 in_scope -p Delegate=yes "$BERTH" run --memory=32M --memory-swap=32M "$image" -- tail /dev/zero
  [ "$output" = "berth: 'tail' was killed: its memory is bounded by --memory=32M" ]
  run -0 in_scope -p Delegate=yes "$BERTH" run --cpus=0.5 "$image" -- \
    sh -c "$own_group"' timeout 5 sh -c "while :; do :; done & while :; do :; done & wait"; cat $d/cpu.stat'
  used=$(sed -n 's/^usage_usec //p' <<<"$output")
  periods=$(sed -n 's/^nr_periods //p' <<<"$output")
  [ "$used" -le $((periods * 55000)) ] && [ "$used" -ge $((periods * 45000)) ]
  run in_scope -p Delegate=yes "$BERTH" run --pids-limit=20 "$image" -- sh -c 'i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i + 1)); done; wait'
  [[ "$output" == *"berth: 'sh' was refused new processes "*": it is bounded by --pids-limit=20"* ]]
}

@test "what systemd does not hand to users is named, with the setting that does" {
  run -125 in_scope -p Delegate=yes "$BERTH" run --io-weight=50 "$image" -- true
  [ "${lines[0]}" = "berth: cannot enforce --io-weight=50: no control group here has the controller 'io'" ]
  [[ "${lines[1]}" == "berth: hint: ask the administrator to delegate it: Delegate= of user@.service"* ]]
}
