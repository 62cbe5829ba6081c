#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for a shell; helpers.bash sets `output`
# Control groups of version 2 as root has them, and as a user who was given none.
load ../../helpers
load ../../groups

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work root
  chmod 777 .
}

teardown() {
  leave_work
}

# in_group DIRECTORY COMMAND...: or in its leaf, where a launch has made one.
in_group() {
  local leaf=$1/berth-others
  [ -d "$leaf" ] || leaf=$1
  bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$leaf" "${@:2}"
}

# in_group_as_user DIRECTORY COMMAND...
in_group_as_user() {
  in_group "$1" setpriv --reuid="$BERTH_TEST_USER" --regid="$(id -g "$BERTH_TEST_USER")" --init-groups --inh-caps=-all \
    -- env HOME=/tmp "${@:2}"
}

@test "root has limits too, also in the group that has no other above it, as_root" {
  for group in /sys/fs/cgroup "/sys/fs/cgroup/$BERTH_TEST_USER"; do
    run -137 in_group "$group" "$BERTH" run --memory=32M --memory-swap=32M "$image" -- tail /dev/zero
    [ "$output" = "berth: 'tail' was killed: its memory is bounded by --memory=32M" ]
    expect_no_group_left
  done
}

@test "who was given no group is told what is missing, and who gives it, as_root" {
  mkdir /sys/fs/cgroup/closed
  run -125 in_group_as_user /sys/fs/cgroup/closed "$BERTH" run --memory=32M "$image" -- true
  [ "${lines[0]}" = "berth: cannot enforce --memory=32M: you may make no control group for 'memory' in '/sys/fs/cgroup/closed'" ]
  [[ "${lines[1]}" == "berth: hint: start it with 'systemd-run --user --scope -p Delegate=yes', or ask the administrator"* ]]
  run -0 in_group_as_user /sys/fs/cgroup/closed "$BERTH" run --memory=32M --cpus=1 --limits=best-effort "$image" -- echo fine
  [ "$(grep -c 'you may make no control group for .*: continuing without it$' <<<"$output")" = 2 ]
  [ "${lines[2]}" = fine ]
  run -0 in_group_as_user /sys/fs/cgroup/closed "$BERTH" run --stats "$image" -- echo fine
  [[ "${lines[1]}" == *"(in part without a control group)" ]]
  rmdir /sys/fs/cgroup/closed
}

@test "of a group that lacks a controller, the message says which, as_root" {
  mkdir /sys/fs/cgroup/few /sys/fs/cgroup/few/ours
  echo +pids >/sys/fs/cgroup/few/cgroup.subtree_control
  chown -R "$BERTH_TEST_USER" /sys/fs/cgroup/few/ours
  run -125 in_group_as_user /sys/fs/cgroup/few/ours "$BERTH" run --memory=32M "$image" -- true
  [[ "${lines[0]}" == "berth: cannot enforce --memory=32M: no control group here has the controller 'memory'" ]]
  [[ "${lines[1]}" == *"Delegate="* ]]
  run -0 in_group_as_user /sys/fs/cgroup/few/ours "$BERTH" run --pids-limit=20 "$image" -- echo fine
  [ "$output" = fine ]
  expect_no_group_left
  rmdir /sys/fs/cgroup/few/ours/berth-others /sys/fs/cgroup/few/ours /sys/fs/cgroup/few
}

@test "who is in a group with others' processes has limits, but no CPUs of his own, as_root" {
  mkdir /sys/fs/cgroup/mixed
  chown -R "$BERTH_TEST_USER" /sys/fs/cgroup/mixed
  sleep 120 3>&- &
  other=$!
  echo $other >/sys/fs/cgroup/mixed/cgroup.procs
  run -125 in_group_as_user /sys/fs/cgroup/mixed "$BERTH" run --cpuset-cpus=0 "$image" -- true
  [[ "$output" == *"cannot enforce --cpuset-cpus=0 ('/sys/fs/cgroup/mixed/cgroup.subtree_control'): write: "*EPERM* ]]
  run -0 in_group_as_user /sys/fs/cgroup/mixed "$BERTH" run --cpuset-cpus=0 --pids-limit=30 --limits=best-effort "$image" -- \
    sh -c 'cat "/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup)/pids.max"'
  [[ "${lines[0]}" == *"cannot enforce --cpuset-cpus=0 ("*": continuing without it" ]]
  [ "${lines[1]}" = 30 ]
  kill $other
  expect_end 143 $other
  expect_no_group_left
  rmdir /sys/fs/cgroup/mixed/berth-others /sys/fs/cgroup/mixed
}

@test "CPUs that the kernel takes and cannot give are refused, as_root" {
  mkdir /sys/fs/cgroup/two
  echo 1-2 >/sys/fs/cgroup/two/cpuset.cpus
  chown "$BERTH_TEST_USER" /sys/fs/cgroup/two{,/cgroup.procs,/cgroup.subtree_control}
  run -125 in_group_as_user /sys/fs/cgroup/two "$BERTH" run --cpuset-cpus=0-1 "$image" -- true
  [[ "${lines[0]}" == "berth: cannot enforce --cpuset-cpus=0-1: the kernel has made '1' of it in '"*"/cpuset.cpus.effective'" ]]
  [[ "${lines[1]}" == *"name only what the group above has"* ]]
  run -0 in_group_as_user /sys/fs/cgroup/two "$BERTH" run --cpuset-cpus=2 "$image" -- grep Cpus_allowed_list /proc/self/status
  [ "$output" = $'Cpus_allowed_list:\t2' ]
  expect_no_group_left
  rmdir /sys/fs/cgroup/two/berth-others /sys/fs/cgroup/two
}

@test "in a partition that was given, a container has CPUs for itself, as_root" {
  mkdir /sys/fs/cgroup/part
  echo 1-2 >/sys/fs/cgroup/part/cpuset.cpus
  echo root >/sys/fs/cgroup/part/cpuset.cpus.partition
  chown "$BERTH_TEST_USER" /sys/fs/cgroup/part{,/cgroup.procs,/cgroup.subtree_control}
  run -0 in_group_as_user /sys/fs/cgroup/part "$BERTH" run --cpuset-cpus=2 --cpuset-partition=isolated "$image" -- \
    sh -c "$own_group"' cat $d/cpuset.cpus.partition; grep Cpus_allowed_list /proc/self/status'
  [ "$output" = $'isolated\nCpus_allowed_list:\t2' ]
  run -125 in_group_as_user /sys/fs/cgroup/part "$BERTH" run --cpuset-cpus=1-2 --cpuset-partition=root "$image" -- true
  [[ "${lines[1]}" == *"leave one of the group's CPUs out of --cpuset-cpus"* ]]
  expect_no_group_left
  rmdir /sys/fs/cgroup/part/berth-others /sys/fs/cgroup/part
}

# with_rights CAPABILITIES COMMAND...: as the user, in his group, with these rights on the node.
with_rights() {
  in_group "/sys/fs/cgroup/$BERTH_TEST_USER" setpriv --reuid="$BERTH_TEST_USER" --regid="$(id -g "$BERTH_TEST_USER")" \
    --init-groups --inh-caps="$1" --ambient-caps="$1" -- env HOME=/tmp "${@:2}"
}

@test "a device that is forbidden is refused by a program of the kernel's, as_root" {
  forbid=(run --workdir / --device-rule="deny c 1:5 rw" "$image" -- sh -c 'head -c 5 /dev/null && echo null && exec head -c 5 /dev/zero')
  for as in "in_group /sys/fs/cgroup/$BERTH_TEST_USER" "with_rights -all,+bpf,+net_admin"; do
    # shellcheck disable=SC2086  # several words
    run -1 $as "$BERTH" "${forbid[@]}"
    [ "${lines[0]}" = null ]
    [[ "${lines[1]}" == *"'/dev/zero'"*"Operation not permitted" ]]
  done
  run -0 "$BERTH" run --workdir / --device-rule="deny a" --device-rule="allow c 1:5 r" --device-rule="allow c 1:3 rw" \
    "$image" -- sh -c 'head -c 5 /dev/zero | wc -c; if head -c 1 /dev/full; then exit 9; fi'
  [ "${lines[0]}" = 5 ]
  # One of the two is not enough.
  run -125 with_rights -all,+bpf "$BERTH" "${forbid[@]}"
  [[ "$output" == *"by a BPF program: bpf: Operation not permitted (EPERM)"* ]]
  expect_no_group_left
}

@test "weights of disks are for who looks at them, as_root" {
  weighed=$(lsblk -ndo MAJ:MIN /dev/vda | tr -d ' ')
  weigh() { "$BERTH" run --io-weight=30 "$image" -- sh -c "$own_group"' cat $d/io.weight $d/io.bfq.weight'; }
  run weigh
  [[ "$output" == *"default 30"* ]]
  echo "$weighed enable=0" >/sys/fs/cgroup/io.cost.qos
  run -125 weigh
  [ "${lines[0]}" = "berth: cannot enforce --io-weight=30: no disk of this node has its users weighed" ]
  echo bfq >/sys/block/vda/queue/scheduler
  run weigh
  echo none >/sys/block/vda/queue/scheduler
  echo "$weighed enable=1" >/sys/fs/cgroup/io.cost.qos
  [[ "$output" == *"default 100"*"30" ]]
}
