# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2054,SC2154  # sourced by tests/vm/run
# Control groups of version 2 alone, and nobody who looks after them; two disks and eight huge pages.
cpus=3
words=(cgroup_no_v1=all hugepagesz=2M hugepages=8)
truncate -s 64M "$exchange/disk" "$exchange/swap"
machine=(
  -drive if=virtio,format=raw,file="$exchange/disk"
  -drive if=virtio,format=raw,file="$exchange/swap"
)
