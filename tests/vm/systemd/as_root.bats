#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for a shell; helpers.bash sets `output`
# What an administrator does so that a user has more.
load ../../helpers
load ../../groups

@test "with all delegated to users, disks and CPUs can be theirs, as_root" {
  id=$(id -u "$BERTH_TEST_USER")
  mkdir -p /run/systemd/system/user@.service.d
  printf '[Service]\nDelegate=yes\n' >/run/systemd/system/user@.service.d/all.conf
  systemctl daemon-reload
  systemctl restart "user@$id"
  echo "$(lsblk -ndo MAJ:MIN /dev/vda | tr -d ' ') enable=1" >/sys/fs/cgroup/io.cost.qos
  run -0 setpriv --reuid="$id" --regid="$(id -g "$BERTH_TEST_USER")" --init-groups --inh-caps=-all -- \
    env HOME=/tmp XDG_RUNTIME_DIR="/run/user/$id" systemd-run --quiet --user --scope -p Delegate=yes \
    "$BERTH" run --io-weight=50 --cpuset-cpus=1 --workdir / "$BERTH_DEMO_IMAGE" -- \
    sh -c "$own_group"' cat $d/io.weight; grep Cpus_allowed_list /proc/self/status'
  [ "$output" = $'default 50\nCpus_allowed_list:\t1' ]
}

@test "root's service that is delegated has limits, and who ends it leaves no group, as_root" {
  # It ends by the signal, as its program did, and systemd-run has one status for all of them.
  run -255 systemd-run --quiet --pipe --wait -p Delegate=yes -E HOME=/root \
    "$BERTH" run --memory=32M "$BERTH_DEMO_IMAGE" -- tail /dev/zero
  [ "$output" = "berth: 'tail' was killed: its memory is bounded by --memory=32M" ]
  expect_no_group_left
}
