# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced as root by tests/vm/inside
# What version 2 has no controllers for.
for one in devices net_cls net_prio; do
  mkdir "/run/$one"
  mount -t cgroup -o $one $one "/run/$one"
done
give_groups "$BERTH_TEST_USER"
