#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `output`
# Two sockets, four nodes of memory, four cores of two threads: where ranks run, and where their memory lies.
load ../../helpers
load ../../groups

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work pin
}

teardown() {
  leave_work
}

# as_rank LOCAL SIZE OPTION... -- COMMAND...: as Open MPI's mpirun starts a rank.
as_rank() {
  local options=("${@:3}") command=()
  while [ "${options[0]}" != -- ]; do command+=("${options[0]}") && options=("${options[@]:1}"); done
  OMPI_COMM_WORLD_RANK=$1 OMPI_COMM_WORLD_LOCAL_RANK=$1 OMPI_COMM_WORLD_LOCAL_SIZE=$2 \
    berth_run --share=none "${command[@]}" "$image" "${options[@]}"
}

# expect_cpus LIST LOCAL SIZE OPTION...
expect_cpus() {
  run -0 as_rank "${@:2}" -- sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status
  [ "$output" = "$1" ] || { echo "rank $2 of $3 with ${*:4} is on $output, not on $1" >&2 && return 1; }
}

@test "ranks have threads, cores, caches, nodes and sockets of this machine" {
  expect_cpus 0 0 8 --pin=pu
  expect_cpus 7 7 8 --pin=pu
  expect_cpus 4-5 2 4 --pin=core
  expect_cpus 2-3 1 4 --pin=numa
  expect_cpus 4-7 1 2 --pin=l3
  expect_cpus 0-3 0 2 --pin=socket
  # Two share a socket.
  expect_cpus 4-7 3 4 --pin=socket
  # Cores, then threads, then nothing.
  expect_cpus 6-7 3 4 --pin=auto
  expect_cpus 5 5 8 --pin=auto
  expect_cpus 0-7 5 16 --pin=auto
}

@test "ranks lie beside each other or far from each other, within what was given" {
  expect_cpus 2-3 1 4 --pin=core --pin-map=packed
  expect_cpus 4-5 1 4 --pin=core --pin-map=spread
  # Who is bound already stays so, unless asked otherwise.
  for options in "" --pin-again; do
    run -0 taskset -c 2-7 env OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=3 \
      "$BERTH" run --share=none --pin=core $options "$image" -- sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status
    [ "$output" = "$([ -z "$options" ] && echo 2-7 || echo 2-3)" ]
  done
  # A group without the first socket.
  expect_cpus 4-5 0 2 --pin=core --cpuset-cpus=4-7
  expect_cpus 6-7 1 2 --pin=core --cpuset-cpus=4-7
}

# Of 1024 pages that the program has touched, how many lie on which node (move_pages(2) moves none where it is given
# no nodes), and under what policy (numa_maps(5)).
kPages='
import ctypes, mmap, re
count = 1024
pages = mmap.mmap(-1, count * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
pages.madvise(mmap.MADV_NOHUGEPAGE)
start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
for i in range(count): pages[i * 4096] = 1
places = (ctypes.c_void_p * count)(*[start + i * 4096 for i in range(count)])
nodes = (ctypes.c_int * count)()
libc = ctypes.CDLL(None, use_errno=True)
assert libc.syscall(279, 0, count, places, None, nodes, 0) == 0, ctypes.get_errno()
found = sorted(nodes)
lines = [line.split() for line in open("/proc/self/numa_maps")]
policy = [line[1] for line in lines if any(re.fullmatch("anon=%d" % count, word) for word in line)]
print(policy[0] if policy else "?", *["%d:%d" % (node, found.count(node)) for node in sorted(set(found))])'

@test "memory lies where it was asked for" {
  run -0 as_rank 2 4 --pin=numa --mem-bind=local -- python3 -c "$kPages"
  [ "$output" = "bind:2 2:1024" ]
  run -0 as_rank 1 2 --pin=socket --mem-bind=local -- python3 -c "$kPages"
  [[ "$output" == "bind:2-3 "* && "$output" != *" 0:"* && "$output" != *" 1:"* ]]
  run -0 as_rank 0 4 --pin=core --mem-bind=3 -- python3 -c "$kPages"
  [ "$output" = "bind:3 3:1024" ]
  run -0 berth_run --mem-bind=interleave "$image" -- python3 -c "$kPages"
  [ "$output" = "interleave:0-3 0:256 1:256 2:256 3:256" ]
  run -0 as_rank 1 4 --pin=numa -- python3 -c "$kPages"
  [[ "$output" == "default"*" 1:1024" ]]
  run -125 berth_run --mem-bind=7 "$image" -- true
  [[ "$output" == *"take memory from the nodes 7: this process may use the nodes 0-3"* ]]
}

@test "a group's memory nodes are kept, and shared out" {
  run -0 berth_run --cpuset-mems=1 "$image" -- python3 -c "$kPages"
  [[ "$output" == "default"*" 1:1024" ]]
  run -0 berth_run --cpuset-mems=1-2 --mem-bind=interleave "$image" -- python3 -c "$kPages"
  [ "$output" = "interleave:1-2 1:512 2:512" ]
  expect_no_group_left
}

@test "a user's packets have a class and a priority where the node has version 1 for that" {
  run -0 berth_run --net-class=0x100001 --net-priority=lo:3 --pids-limit=50 --bind /run/net_cls --bind /run/net_prio "$image" -- sh -c '
    for one in net_cls net_prio; do d=/run/$one$(sed -n "s/^[0-9]*:$one://p" /proc/self/cgroup); cat $d/$one.[ci][lf]*; done
    '"$own_group"' cat $d/pids.max'
  [ "$output" = $'1048577\nlo 3\n50' ]
}
