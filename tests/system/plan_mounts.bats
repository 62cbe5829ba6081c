#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image` and `work`
# What --plan prints is what /proc/self/mountinfo shows in the container: each mount at its place, of its
# kind, with its rights, and no other.
load ../helpers

setup() {
  make_own_image
  enter_work plan
  mkdir -p src/sub
  echo file >src/file
}

teardown() {
  leave_work
  rm -f "$image"
}

# compare MOUNTS OPTIONS...: plan and container agree, and there are at least so many.
compare() {
  local least=$1
  shift
  berth_run --plan "$@" "$image" -- cat /proc/self/mountinfo >plan
  berth_run "$@" "$image" -- cat /proc/self/mountinfo >inside
  cat /proc/self/mountinfo >node
  run -0 python3 -B "$BERTH_SOURCE/tests/system/plan_mounts.py" plan node inside
  echo "$output"
  [ "${output%% *}" -ge "$least" ]
}

@test "by default" {
  compare 8
}

@test "read-only, with nothing of the node but its devices" {
  compare 6 --read-only --home none
}

@test "in namespaces of its own" {
  compare 10 --pid --ipc --net=none --cgroupns --uts --time-offset=100
}

@test "with binds of every kind, and rights that are given and taken" {
  compare 13 --bind "$work/src:/data:ro" --bind "$work/src:/exe:noexec,nosuid" --bind "$work/src/file:/etc/motd" \
    --bind /dev:/other-dev:ro --mount "type=bind,src=$work/src,dst=/data/sub,ro"
}

@test "with file systems of its own" {
  compare 13 --mount type=tmpfs,dst=/scratch,size=1M --tmpfs /scratch/deeper:exec --mount type=devpts,dst=/pts \
    --ipc --mount type=mqueue,dst=/mq --net=none --mount type=sysfs,dst=/sys2
}

@test "with masked and locked places" {
  compare 10 --mask /usr/share --read-only-path /usr/lib --mask /srv
}

@test "the comparison finds a mount too many, one too few, and a right too many" {
  berth_run --plan --bind "$work/src:/data:ro" "$image" -- true >plan
  berth_run --bind "$work/src:/data" --tmpfs /more "$image" -- cat /proc/self/mountinfo >inside
  cat /proc/self/mountinfo >node
  run -1 python3 -B "$BERTH_SOURCE/tests/system/plan_mounts.py" plan node inside
  echo "$output"
  [ "$(grep -c '^planned and not there: /data .* ro$' <<<"$output")" = 1 ]
  [ "$(grep -c '^there and not planned: /data ' <<<"$output")" = 1 ]
  [ "$(grep -c '^there and not planned: /more / tmpfs' <<<"$output")" = 1 ]
}
