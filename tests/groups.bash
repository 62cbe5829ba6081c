# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # bats sets `output`
# What tests of control groups share.

# Groups of this user's launches, in any hierarchy.
groups_left() {
  find /sys/fs/cgroup -type d -name 'berth-*-*-*' -user "$(id -un)" 2>/dev/null
}

expect_no_group_left() {
  for _ in $(seq 100); do
    [ -n "$(groups_left)" ] || return 0
    sleep 0.05
  done
  groups_left >&2
  return 1
}

# Seconds, from the line of --stats.
cpu_used() {
  sed -n 's/.* used CPU \([0-9.]*\) s.*/\1/p' <<<"$output"
}

# Words for the shell in the container: the directory of its group, of version 2.
# shellcheck disable=SC2016,SC2034
own_group='d=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup);'
