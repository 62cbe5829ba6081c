#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `output`
# Version 1 of control groups beside version 2, as root has both.
load ../../helpers

@test "a device that is forbidden is refused, as_root" {
  run -1 "$BERTH" run --workdir / --device-rule="deny c 1:5 rw" --memory=64M "$BERTH_DEMO_IMAGE" -- \
    sh -c 'head -c 5 /dev/null && echo null && exec head -c 5 /dev/zero'
  [ "${lines[0]}" = null ]
  [[ "${lines[1]}" == *"'/dev/zero'"*"Operation not permitted" ]]
  run -0 "$BERTH" run --workdir / --device-rule="deny a" --device-rule="allow c 1:5 r" --device-rule="allow c 1:3 rw" \
    "$BERTH_DEMO_IMAGE" -- sh -c 'head -c 5 /dev/zero | wc -c; if head -c 1 /dev/full; then exit 9; fi'
  [ "${lines[0]}" = 5 ]
  [ -z "$(find /run/devices -name 'berth-*')" ]
}

@test "of a list that the group above has, no part is taken back in silence, as_root" {
  mkdir /run/devices/listed
  echo a >/run/devices/listed/devices.deny
  echo "c 1:* rwm" >/run/devices/listed/devices.allow
  echo "c 10:229 rwm" >/run/devices/listed/devices.allow  # /dev/fuse
  in_listed() {
    bash -c 'echo $$ >/run/devices/listed/cgroup.procs && exec "$@"' sh "$@"
  }
  for rule in "deny c 1:5 rwm" "deny c 1:5 w"; do
    run -125 in_listed "$BERTH" run --workdir / --device-rule="$rule" "$BERTH_DEMO_IMAGE" -- true
    [ "${lines[0]}" = "berth: cannot enforce --device-rule=$rule: the group above allows 'c 1:* rwm', of which version 1 cannot take back a part" ]
    [[ "${lines[1]}" == "berth: hint: write the devices that are allowed one by one, or leave out --device-rule"* ]]
    [ -z "$(find /run/devices -name 'berth-*')" ]
  done
  # In the kernel's own words it can be.
  run -1 in_listed "$BERTH" run --workdir / --device-rule="deny c 1:* rwm" "$BERTH_DEMO_IMAGE" -- sh -c 'head -c 5 /dev/zero'
  [[ "$output" == *"'/dev/zero'"*"Operation not permitted" ]]
  run -0 in_listed "$BERTH" run --workdir / --limits=best-effort --device-rule="deny c 1:5 rwm" "$BERTH_DEMO_IMAGE" -- \
    sh -c 'head -c 5 /dev/zero | wc -c'
  [[ "${lines[0]}" == *"of which version 1 cannot take back a part: continuing without it" ]]
  [ "${lines[1]}" = 5 ]
  for _ in $(seq 100); do ! rmdir /run/devices/listed 2>/dev/null || return 0; sleep 0.05; done
  echo "the group is still in use" >&2
  return 1
}
