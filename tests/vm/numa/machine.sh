# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2054  # sourced by tests/vm/run
# Two sockets of two cores with two threads each; four nodes of memory, one near each core; a network card near to
# node 3, and one near to node 1. Both versions of control groups, as some sites still have them.
# A page that the kernel looks at for balancing is nowhere, says move_pages(2).
words=(numa_balancing=disable)
cpus=8,sockets=2,cores=2,threads=2
memory=1280
for node in 0 1 2 3; do
  size=320M
  machine+=(-object "memory-backend-ram,id=memory$node,size=$size"
    -numa "node,nodeid=$node,memdev=memory$node,cpus=$((2 * node))-$((2 * node + 1))")
done
for bus in "64 3" "128 1"; do
  node=${bus#* }
  machine+=(-device "pxb,id=bus$node,bus_nr=${bus% *},numa_node=$node,bus=pci.0"
    -device "virtio-net-pci,bus=bus$node,addr=1,romfile=")
done
