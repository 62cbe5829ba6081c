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

@test "ranks run near to their network card, and take memory there" {
  # One has the number 41:01.0 and is near to node 3, the other 81:01.0 and node 1.
  run -0 cat /sys/bus/pci/devices/0000:{41,81}:01.0/numa_node
  [ "$output" = $'3\n1' ]
  expect_cpus 6-7 0 2 --pin-near=nic
  expect_cpus 2-3 1 2 --pin-near=nic
  # Two at each.
  expect_cpus 7 2 4 --pin-near=nic
  expect_cpus 2 1 4 --pin-near=nic --pin=pu
  expect_cpus 2-3 0 1 --pin-near=81:01.0
  run -0 as_rank 1 2 --pin-near=nic --mem-bind=local -- python3 -c "$kPages"
  [ "$output" = "bind:1 1:1024" ]
  run -0 as_rank 1 2 --pin-near=nic --plan -- true
  grep -qx '  rank 0: CPUs 6-7, near the memory nodes 3, near nic 0000:41:01.0.*' <<<"$output"
  run -0 "$BERTH" run --pin-near=nic --plan=txt
  grep -q '^nic 0000:41:01.0.* near 6-7: r0$' <<<"$output"
  run -125 as_rank 0 2 --pin-near=nic --cpuset-cpus=0-3 -- true
  [[ "$output" == *"place a rank near nic 0000:41:01.0"*": near to it are the CPUs 6-7, and ranks may use 0-3"* ]]
  run -125 as_rank 0 2 --pin-near=gpu -- true
  [[ "$output" == *"place ranks near GPUs: this machine is not known to have any"* ]]
}

@test "each rank runs on the CPUs that a list has for it" {
  expect_cpus 1-3 0 2 --pin-map=1-3:0,6
  expect_cpus 0,6 1 2 --pin-map=1-3:0,6
  expect_cpus 4-7 1 2 --pin-map=0x1:0xf0
  run -125 as_rank 2 3 --pin-map=0:1 -- true
  [[ "$output" == *"place 3 ranks by --pin-map, which is of 2"* ]]
  run -125 as_rank 1 2 --pin-map=0:7-8 -- true
  [[ "$output" == *"bind rank 1 of this node to the CPUs 7-8: it may use 0-7"* ]]
  run -125 taskset -c 0-3 env OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_LOCAL_RANK=1 OMPI_COMM_WORLD_LOCAL_SIZE=2 \
    "$BERTH" run --share=none --pin-map=0:4 "$image" -- true
  [[ "$output" == *"bind rank 1 of this node to the CPUs 4: it may use 0-3"* ]]
}

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

# A program that has touched 64 MiB.
kHog='
import time
pages = b"x" * (64 << 20)
open("up", "w").write("up\n")
while True: time.sleep(1)'

@test "memory that is far from its program is told of it, while it runs and in the end" {
  export XDG_RUNTIME_DIR=$work/run
  mkdir -m 700 run
  for node in 3 0; do
    rm -f up
    "$BERTH" run --detach --name box --pin-map=0-1 --mem-bind=$node --memory=200M "$image" -- python3 -c "$kHog"
    await up
    run -0 timeout -s KILL 30 "$BERTH" stats --no-stream --json box
    far=$(jq '.[0].memory_far / 1048576 | floor' <<<"$output")
    on=$(jq ".[0].memory_on_nodes[$node] / 1048576 | floor" <<<"$output")
    echo "on node $node: $on MiB; far: $far MiB"
    [ "$on" -ge 64 ]
    if [ $node = 3 ]; then [ "$far" -ge 64 ]; else [ "$far" -lt 8 ]; fi
    "$BERTH" rm --force box
    run -0 berth_run --pin-map=0-1 --mem-bind=$node --stats "$image" -- python3 -c 'pages = b"x" * (64 << 20)'
    echo "$output"
    share=$(sed -n 's/.*gave out meanwhile \([0-9]*\) % lay on another memory node than the CPU$/\1/p' <<<"$output")
    if [ $node = 3 ]; then [ "$share" -ge 50 ]; else [ "$share" -lt 30 ]; fi
  done
  expect_no_group_left
}
