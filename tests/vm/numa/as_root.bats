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
