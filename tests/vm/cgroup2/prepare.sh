# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced as root by tests/vm/inside
chmod 666 /dev/vda
echo "$(lsblk -ndo MAJ:MIN /dev/vda | tr -d ' ') enable=1" >/sys/fs/cgroup/io.cost.qos
mkswap /dev/vdb >/dev/null
swapon /dev/vdb
give_groups "$BERTH_TEST_USER"
