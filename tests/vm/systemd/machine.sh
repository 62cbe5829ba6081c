# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2054,SC2154  # sourced by tests/vm/run
# systemd looks after the control groups, and has a manager for the user. It boots for half a minute.
words=(cgroup_no_v1=all berth.systemd)
is_slow=1
truncate -s 64M "$exchange/disk"
machine=(-drive if=virtio,format=raw,file="$exchange/disk")
