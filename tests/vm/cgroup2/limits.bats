#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034,SC2154  # words for the shell in the container; limits.bash has `memory`; helpers.bash sets `output`
# Control groups of version 2: each limit strikes, and says so. tests/stage.sh has given this user a directory, as
# an administrator does.
load ../../helpers
load ../../groups
load ../../limits

setup() {
  image=$BERTH_DEMO_IMAGE
  memory=(--memory=64M --memory-swap=64M)
  enter_work limits
}

teardown() {
  local name
  [ ! -d run ] || for name in $("$BERTH" ps --json | jq -r '.[].name'); do "$BERTH" rm --force "$name"; done
  leave_work
}

@test "a program that uses up its memory is killed, and a line says by what" {
  expect_memory_is_bounded
}

@test "swap is bounded by itself" {
  run -137 berth_run --memory=24M --memory-swap=24M "$image" -- sh -c "$own_group"' cat $d/memory.swap.max; exec tail /dev/zero'
  [ "${lines[0]}" = 0 ]
  run -0 berth_run --memory=24M --memory-swap=72M "$image" -- \
    sh -c "$own_group"' head -c 40M /dev/zero | tail -c 40M | wc -c; cat $d/memory.swap.max; grep "^oom_kill " $d/memory.events'
  [ "$output" = $'41943040\n50331648\noom_kill 0' ]
}

@test "above --memory-high a program is slowed down and lives" {
  run -0 berth_run --memory-high=24M --stats "$image" -- \
    sh -c "$own_group"' head -c 28M /dev/zero | tail -c 28M | wc -c; sed -n "s/^high //p" $d/memory.events'
  [ "${lines[0]}" = 29360128 ]
  [ "${lines[1]}" -gt 0 ]
  [[ "${lines[2]}" == *"memory 2"[0-9].[0-9]" MiB at most"* ]]
}

@test "with --oom-group all of the container ends with one" {
  run -137 berth_run --memory=32M --memory-swap=32M --oom-group "$image" -- sh -c 'tail /dev/zero; exit 3'
  [ "$output" = "berth: 'sh' was killed: its memory is bounded by --memory=32M" ]
  expect_no_group_left
}

@test "half a CPU is half a CPU, within a tenth" {
  # The quota's own periods say how long it was, on a machine that may be late.
  run -0 berth_run --cpus=0.5 --stats "$image" -- \
    sh -c "$own_group"' timeout 5 sh -c "while :; do :; done & while :; do :; done & wait"; cat $d/cpu.stat'
  used=$(sed -n 's/^usage_usec //p' <<<"$output")
  periods=$(sed -n 's/^nr_periods //p' <<<"$output")
  echo "used $used microseconds in $periods periods"
  [ "$periods" -ge 40 ]
  [ "$used" -le $((periods * 55000)) ] && [ "$used" -ge $((periods * 45000)) ]
  grep -q "had to wait for CPUs in [0-9]* % of its time: it is bounded by --cpus=0.5" <<<"$output"
  grep -q "throttled in [0-9]* % of its time, memory .* MiB at most, OOM kills 0; waited for CPU [0-9.]* s, memory 0.00 s, disks [0-9.]* s" <<<"$output"
  expect_no_group_left
}

@test "a fork bomb ends at its bound" {
  expect_processes_are_bounded
}

@test "CPUs, memory nodes and weights are those of the group" {
  run -0 berth_run --cpuset-cpus=1 --cpuset-mems=0 --cpu-weight=50 --io-weight=30 --device-weight=/dev/vda:40 "$image" -- \
    sh -c "$own_group"' grep s_allowed_list /proc/self/status; cat $d/cpu.weight $d/io.weight'
  [ "$output" = $'Cpus_allowed_list:\t1\nMems_allowed_list:\t0\n50\ndefault 30\n'"$(lsblk -ndo MAJ:MIN /dev/vda | tr -d ' ') 40" ]
  run -125 berth_run --device-weight=/dev/vdb:40 "$image" -- true
  [[ "$output" == *"cannot enforce --device-weight=/dev/vdb:40: nobody weighs the users of '/dev/vdb'"*"hint: ask the administrator to have the disks weighed"* ]]
  run -125 berth_run --cpuset-mems=3 "$image" -- true
  [[ "$output" == *"cannot enforce --cpuset-mems=3"* ]]
  # Two who want the same CPU.
  for weight in 50 200; do
    berth_run --cpuset-cpus=1 --cpu-weight=$weight --stats "$image" -- timeout 4 sh -c 'while :; do :; done' 2>used.$weight 3>&- &
  done
  wait
  less=$(output=$(<used.50) cpu_used)
  more=$(output=$(<used.200) cpu_used)
  echo "with weight 50: $less s, with 200: $more s"
  awk -v less="$less" -v more="$more" 'BEGIN { exit !(more > 2 * less) }'
  expect_no_group_left
}

@test "what is read of a disk and written to it is held at its rate" {
  begin=${EPOCHREALTIME/[.,]/}
  run -0 berth_run --device-read-bps=/dev/vda:2M "$image" -- dd if=/dev/vda of=/dev/null bs=256K count=16 iflag=direct
  took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
  echo "4 MiB at 2 MiB/s took $took ms"
  [ "$took" -ge 1700 ] && [ "$took" -le 6000 ]
  begin=${EPOCHREALTIME/[.,]/}
  run -0 berth_run --device-write-iops=/dev/vda:10 --device-read-bps=/dev/vda:1M "$image" -- \
    sh -c "$own_group"' cat $d/io.max; dd if=/dev/zero of=/dev/vda bs=4K count=20 oflag=direct'
  took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
  echo "20 writes at 10 a second took $took ms"
  [ "$took" -ge 1500 ] && [ "$took" -le 6000 ]
  numbers=$(lsblk --nodeps --noheadings --output MAJ:MIN /dev/vda | tr -d ' ')
  [ "${lines[0]}" = "$numbers rbps=1048576 wbps=max riops=max wiops=10" ]
  expect_no_group_left
}

# A program that wants that many MiB of huge pages.
want_huge_pages() {
  berth_run "${@:2}" "$image" -- python3 -c "
import mmap
pages = mmap.mmap(-1, $1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
for i in range(0, $1 << 20, 2 << 20): pages[i] = 1
print('has them')"
}

@test "huge pages are bounded" {
  run -0 want_huge_pages 4 --hugetlb=2M=4M
  [ "$output" = "has them" ]
  run -135 want_huge_pages 8 --hugetlb=2M=4M
  expect_no_group_left
}

@test "what version 2 lacks is refused, or left out with a warning" {
  for option in --net-class=0x100002 --net-priority=lo:3; do
    run -125 berth_run "$option" "$image" -- true
    [[ "$output" == "berth: cannot enforce $option: "* ]]
    run -0 berth_run "$option" --limits=best-effort "$image" -- echo fine
    [[ "${lines[0]}" == "berth: cannot enforce $option: "*": continuing without it" ]]
    [ "${lines[1]}" = fine ]
  done
  run -125 berth_run --device-rule="deny c 1:5 rwm" "$image" -- true
  [ "${lines[0]}" = "berth: cannot enforce --device-rule=deny c 1:5 rwm by a BPF program: bpf: Operation not permitted (EPERM)" ]
  [[ "${lines[1]}" == *"ask the administrator for the capabilities bpf and net_admin"* ]]
  run -0 berth_run --device-rule="deny c 1:5 rwm" --limits=best-effort "$image" -- head -c 1 /dev/zero
  [[ "${lines[0]}" == *": continuing without it" ]]
  # The group above is no partition.
  run -125 berth_run --cpuset-cpus=1 --cpuset-partition=root "$image" -- true
  [[ "${lines[0]}" == "berth: cannot enforce --cpuset-partition=root: the kernel has made 'root invalid ("*")' of it in "* ]]
  run -0 berth_run --cpuset-cpus=1 --cpuset-partition=root --limits=best-effort "$image" -- grep Cpus_allowed_list /proc/self/status
  [[ "${lines[0]}" == *": continuing without it" && "${lines[1]}" == *1 ]]
  run -125 berth_run --rdma=mlx5_0:hca_handle=2 "$image" -- true
  [[ "$output" == "berth: cannot enforce --rdma=mlx5_0:hca_handle=2"* ]]
  expect_no_group_left
}

@test "a container with a name has its numbers, is frozen, and takes a program more" {
  own_containers
  "$BERTH" run --detach --name box "${memory[@]}" --cpus=0.5 "$image" -- sh -c 'while :; do :; done'
  run -0 stats
  echo "$output"
  [ "$(jq -r '.[] | .name, .source, .memory_limit, .oom_kills, .tasks' <<<"$output")" = $'box\ngroup\n67108864\n0\n1' ]
  [ "$(jq '.[0] | .cpu_percent > 0 and .cpu_percent < 150 and .periods > 0 and .memory > 0 and .memory_peak >= .memory' <<<"$output")" = true ]
  run -137 "$BERTH" exec box -- tail /dev/zero
  [ "$(stats | jq '.[0].oom_kills')" = 1 ]
  expect_frozen_means_no_cpu_time
  "$BERTH" pause box
  "$BERTH" rm --force box
  expect_no_group_left
}

@test "who kills the one that stands by kills the program, and no group is left" {
  expect_nothing_outlives_who_stands_by
}

@test "a rank that uses up its memory leaves the others and their container alone" {
  expect_a_rank_ends_alone
}
