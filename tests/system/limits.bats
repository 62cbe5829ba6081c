#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034,SC2154  # words for the shell in the container; limits.bash has `memory`; helpers.bash sets `image`
# Control groups: limits strike, say so, and leave nothing. tests/stage.sh has given this user directories.
load ../helpers
load ../groups
load ../limits

setup() {
  image=$BERTH_DEMO_IMAGE
  memory=(--memory=64M)
  enter_work limits
}

teardown() {
  local name
  [ ! -d run ] || for name in $("$BERTH" ps --json | jq -r '.[].name'); do "$BERTH" rm --force "$name"; done
  leave_work
}

@test "a program that uses up its memory is killed, and a line says by what" {
  expect_memory_is_bounded
  # What stays below lives.
  run -0 berth_run --memory=64M "$image" -- echo fine
  [ "$output" = fine ]
}

@test "the same in a pid namespace, with an init and with a name" {
  for options in --pid --init "--pid --init" "--name hog-$$" --root; do
    # shellcheck disable=SC2086  # several words
    run -137 berth_run $options --memory=64M "$image" -- tail /dev/zero
    [ "$output" = "berth: 'tail' was killed: its memory is bounded by --memory=64M" ]
  done
  expect_no_group_left
}

@test "half a CPU is half a CPU, within a tenth" {
  # A machine that has no half to give is asked again; more than it is never given.
  for _ in 1 2 3 4 5; do
    run -0 berth_run --cpus=0.5 --stats "$image" -- timeout 5 sh -c 'while :; do :; done & while :; do :; done & wait' || [ "$status" = 124 ] || [ "$status" = 143 ]
    used=$(cpu_used)
    echo "used $used s"
    awk -v used="$used" 'BEGIN { exit !(used <= 2.75) }'
    awk -v used="$used" 'BEGIN { exit !(used >= 2.25) }' && break
  done
  awk -v used="$used" 'BEGIN { exit !(used >= 2.25) }'
  grep -q "had to wait for CPUs in [0-9]* % of its time: it is bounded by --cpus=0.5" <<<"$output"
  expect_no_group_left
}

@test "a fork bomb ends at its bound" {
  expect_processes_are_bounded
}

@test "CPUs and weights are those of the group" {
  cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
  run -0 berth_run --cpuset-cpus="$cpu" --cpu-weight=50 "$image" -- \
    sh -c 'grep Cpus_allowed_list /proc/self/status; cat "/sys/fs/cgroup/cpu$(sed -n "s/^[0-9]*:cpu://p" /proc/self/cgroup)/cpu.shares"'
  [ "$output" = "Cpus_allowed_list:	$cpu"$'\n512' ]
  expect_no_group_left
}

@test "a disk's rates are written for the device" {
  disk=/dev/$(lsblk --nodeps --noheadings --output NAME | head -n 1)
  run -0 berth_run --device-read-bps="$disk:10M" --device-write-iops="$disk:100" "$image" -- \
    sh -c 'd=/sys/fs/cgroup/blkio$(sed -n "s/^[0-9]*:blkio://p" /proc/self/cgroup); cat $d/blkio.throttle.read_bps_device $d/blkio.throttle.write_iops_device'
  numbers=$(lsblk --nodeps --noheadings --output MAJ:MIN "$disk" | tr -d ' ')
  [ "$output" = "$numbers 10485760"$'\n'"$numbers 100" ]
  run -125 berth_run --device-read-bps=/dev/null:1M "$image" -- true
  [[ "$output" == *"cannot enforce --device-read-bps=/dev/null:1M: '/dev/null' is no block device of this node"* ]]
  expect_no_group_left
}

@test "a weight of disks that nobody weighs is refused, or left out with a warning" {
  if grep -q '\[bfq\]' /sys/block/*/queue/scheduler; then
    run -0 berth_run --io-weight=50 "$image" -- \
      sh -c 'cat "/sys/fs/cgroup/blkio$(sed -n "s/^[0-9]*:blkio://p" /proc/self/cgroup)/blkio.bfq.weight"'
    [ "$output" = 50 ]
  else
    run -125 berth_run --io-weight=50 "$image" -- true
    [ "${lines[0]}" = "berth: cannot enforce --io-weight=50: no disk of this node has its users weighed" ]
    [[ "${lines[1]}" == *"echo bfq > /sys/block/DISK/queue/scheduler"* ]]
    run -0 berth_run --io-weight=50 --limits=best-effort "$image" -- echo fine
    [ "$output" = $'berth: cannot enforce --io-weight=50: no disk of this node has its users weighed: continuing without it\nfine' ]
  fi
  disk=/dev/$(lsblk --nodeps --noheadings --output NAME | head -n 1)
  if ! grep -q '\[bfq\]' "/sys/block/${disk#/dev/}/queue/scheduler"; then
    run -125 berth_run --device-weight="$disk:50" "$image" -- true
    [ "${lines[0]}" = "berth: cannot enforce --device-weight=$disk:50: nobody weighs the users of '$disk'" ]
    [[ "${lines[1]}" == *"echo bfq > /sys/block/DISK/queue/scheduler"* ]]
  fi
  expect_no_group_left
}

@test "what is read of a disk is held at its rate" {
  disk=$(findmnt --noheadings --output SOURCE --target "$work")
  skip_unless "the tests' folder is on no disk" [ -b "$disk" ]
  whole=$(lsblk --noheadings --output PKNAME "$disk" | head -n 1)
  [ -z "$whole" ] || disk=/dev/$whole
  dd if=/dev/urandom of=data bs=1M count=8 status=none
  sync data
  begin=${EPOCHREALTIME/[.,]/}
  run -0 berth_run --device-read-bps="$disk:2M" "$image" -- dd if=data of=/dev/null bs=256K iflag=direct
  took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
  echo "8 MiB at 2 MiB/s took $took ms"
  [ "$took" -ge 3500 ]
  [ "$took" -le 10000 ]
}

@test "what version 1 lacks is refused, or left out with a warning" {
  for option in --memory-high=64M --oom-group; do
    run -125 berth_run "$option" "$image" -- true
    [[ "$output" == "berth: cannot enforce $option: this node has control groups of version 1 for 'memory', which have nothing like it"* ]]
    run -0 berth_run "$option" --limits=best-effort "$image" -- echo fine
    [ "${lines[0]}" = "berth: cannot enforce $option: this node has control groups of version 1 for 'memory', which have nothing like it: continuing without it" ]
    [ "${lines[1]}" = fine ]
    run -0 berth_run -q "$option" --limits=best-effort "$image" -- echo fine
    [ "$output" = fine ]
  done
  # The others hold.
  run -137 berth_run --oom-group --memory=64M --limits=best-effort "$image" -- tail /dev/zero
  [[ "$output" == *"its memory is bounded by --memory=64M" ]]
  expect_no_group_left
}

@test "devices are root's to forbid" {
  run -125 berth_run --device-rule="deny c 1:5 rwm" "$image" -- true
  [[ "${lines[0]}" == "berth: cannot enforce --device-rule=deny c 1:5 rwm"*"write: Operation not permitted (EPERM)" ]]
  [[ "${lines[1]}" == *"ask the administrator to forbid devices for the job"* ]]
}

@test "what the kernel refuses is an error with its file" {
  run -125 berth_run --cpuset-cpus=4000 "$image" -- true
  [[ "$output" == "berth: cannot enforce --cpuset-cpus=4000 ('/sys/fs/cgroup/cpuset/"*"/cpuset.cpus'): write: "* ]]
  [[ "${lines[1]}" == "berth: hint: name only what the group above has: "* ]]
  run -125 berth_run --cpuset-mems=60 "$image" -- true
  [[ "${lines[0]}" == "berth: cannot enforce --cpuset-mems=60 ('/sys/fs/cgroup/cpuset/"*"/cpuset.mems'): write: "* ]]
  [[ "${lines[1]}" == "berth: hint: name only what the group above has: "* ]]
  expect_no_group_left
}

# Where this user's directories are covered.
without_directories() {
  unshare --user --map-root-user --mount sh -c 'for d in $(find /sys/fs/cgroup -type d -name "$USER"); do
    mount -t tmpfs none "$d"; done; exec "$@"' sh "$@"
}

@test "who has no directory of his own is told how to get one" {
  run -125 without_directories "$BERTH" run --memory=64M "$image" -- true
  [[ "$output" == *"cannot enforce --memory=64M: you may make no control group for 'memory' in '/sys/fs/cgroup/"* ]]
  [[ "$output" == *"hint: ask the administrator for a directory of yours in it: mkdir "* ]]
}

@test "the plan shows the group, and makes none" {
  run -0 berth_run --memory=64M --plan "$image" -- true
  [[ "$output" == *"put the program into a control group of its own"*"memory.limit_in_bytes = 67108864"* ]]
  [ -z "$(groups_left)" ]
}

@test "without limits no control group is touched, and nobody stands by" {
  run -0 strace -f -o trace -e trace=%file,write,fork,vfork,clone "$BERTH" run "$image" -- true
  ! grep -n /sys/fs/cgroup trace || false
  ! grep -n '/proc/[a-z0-9]*/cgroup' trace || false
  run -0 strace -f -o trace -e trace=%file "$BERTH" run --memory=64M "$image" -- true
  grep -q '/sys/fs/cgroup/memory.*memory.limit_in_bytes' trace
}

@test "who kills the one that stands by kills the program, and no group is left" {
  expect_nothing_outlives_who_stands_by
}

@test "what others have left is removed by the next launch" {
  "$BERTH" run --memory=64M "$image" -- sh -c 'echo up >up; exec sleep 60' 3>&- &
  pid=$!
  await up
  # The one that would take the group away is killed too.
  kill -KILL "$(pgrep -x berth-group -u "$(id -un)" -n)" $pid
  expect_end 137 $pid
  sleep 0.2
  [ -n "$(groups_left)" ]
  run -0 berth_run --memory=64M "$image" -- true
  expect_no_group_left
}

@test "what a program has made below its group goes with it" {
  run -0 berth_run --memory=64M "$image" -- \
    sh -c 'd=/sys/fs/cgroup/memory$(sed -n "s/^[0-9]*:memory://p" /proc/self/cgroup); mkdir -p "$d/one/two"; ls -d "$d/one/two"'
  [[ "$output" == */berth-*/one/two ]]
  expect_no_group_left
  # Nor does who waits for that stay.
  for _ in $(seq 40); do [ -n "$(pgrep -x berth-group -u "$(id -un)")" ] || break; sleep 0.05; done
  [ -z "$(pgrep -x berth-group -u "$(id -un)")" ]
}

@test "memory and swap are bounded in either order, and swap not alone" {
  skip_unless "this kernel does not count swap" [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]
  run -0 berth_run --memory-swap=128M --memory=64M "$image" -- echo fine
  [ "$output" = fine ]
  run -125 berth_run --memory-swap=128M "$image" -- true
  [ "${lines[0]}" = "berth: cannot enforce --memory-swap=128M: there is no --memory" ]
}

@test "a group stays as long as somebody is in it, and signals reach the program" {
  run -0 berth_run --memory=64M "$image" -- sh -c 'sleep 1 >&- 2>&- & echo $!'
  [ -n "$(groups_left)" ]
  expect_no_group_left
  "$BERTH" run --memory=64M "$image" -- sh -c 'trap "exit 7" TERM; echo up >up; while :; do sleep 0.05; done' 3>&- &
  pid=$!
  await up
  kill -TERM $pid
  expect_end 7 $pid
  expect_no_group_left
}

@test "--stats says what was used, also without a group" {
  run -0 berth_run --stats "$image" -- sh -c 'head -c 20000000 /dev/zero | tail -c 20000000 | wc -c'
  [[ "$output" == *"berth: 'sh' used CPU "*" s, memory "*" MiB at most, OOM kills 0"* ]]
  run -4 berth_run --stats "$image" -- sh -c 'exit 4'
  run -0 without_directories "$BERTH" run --stats "$image" -- sh -c 'head -c 20000000 /dev/zero | tail -c 20000000 | wc -c'
  [[ "$output" == *"berth: 'sh' used CPU 0."*" s, memory "*" MiB at most (in part without a control group)" ]]
  [ "$(cpu_used)" != 0.00 ]
  run -0 without_directories "$BERTH" run --memory=64M --cpus=1 --limits=best-effort "$image" -- echo fine
  [ "$(grep -c 'you may make no control group for .*: continuing without it$' <<<"$output")" = 2 ]
  [ "${lines[2]}" = fine ]
  expect_no_group_left
}

@test "version 2 hands huge pages on, and counts who waits" {
  group=/sys/fs/cgroup/unified$(sed -n 's/^0:://p' /proc/self/cgroup)
  skip_unless "this process is in no group of version 2 of its own" [ -O "$group" ]
  run -0 berth_run --hugetlb=2M=4M --memory=1G --stats "$image" -- \
    sh -c 'cat "/sys/fs/cgroup/unified$(sed -n "s/^0:://p" /proc/self/cgroup)/hugetlb.2MB.max"'
  [ "${lines[0]}" = 4194304 ]
  [[ "${lines[1]}" == *"; waited for CPU "*" s, memory "*" s, disks "*" s" ]]
  # Who was in the group above had to make room, this shell too.
  [[ "$(sed -n 's/^0:://p' /proc/self/cgroup)" == */berth-others ]]
  grep -q hugetlb "${group%/berth-others}/cgroup.subtree_control"
  run -0 berth_run --hugetlb=2M=4M "$image" -- echo again
  [ "$output" = again ]
  run -125 berth_run --rdma=mlx5_0:hca_handle=2 "$image" -- true
  [[ "$output" == *"no control group here has the controller 'rdma'"* ]]
  expect_no_group_left
}

@test "a rank that uses up its memory leaves the others and their container alone" {
  expect_a_rank_ends_alone
}

@test "a terminal, a time limit and a user of the image's go with limits" {
  run -3 timeout 30 script -qec "'$BERTH' run -t --memory=64M '$image' -- sh -c 'tty >tty; exit 3'" /dev/null
  grep -q ^/dev/pts/ tty
  run -124 berth_run --timeout=1 --memory=64M "$image" -- sleep 10
  [[ "$output" == *"it has run for 1 s"* ]]
  run -137 berth_run --subuid --user 33 --memory=64M "$image" -- tail /dev/zero
  [ "$output" = "berth: 'tail' was killed: its memory is bounded by --memory=64M" ]
  expect_no_group_left
}

@test "exit codes come through, and those of a launch that fails" {
  for code in 0 1 42 255; do
    run "-$code" berth_run --memory=64M "$image" -- sh -c "exit $code"
  done
  run -127 berth_run --memory=64M "$image" -- no-such-program
  run -125 berth_run --memory=64M no-such-image -- true
  expect_no_group_left
}

@test "stats has a container's numbers from its group, or from /proc" {
  own_containers
  "$BERTH" run --detach --name box --memory=64M --cpus=0.5 "$image" -- sh -c 'while :; do :; done'
  "$BERTH" run --detach --name plain "$image" -- sleep 60
  sleep 1
  run -0 stats box
  [ "$(jq -r '.[] | .name, .source, .memory_limit, .oom_kills, .tasks' <<<"$output")" = $'box\ngroup\n67108864\n0\n1' ]
  [ "$(jq '.[0] | .cpu_percent > 0 and .cpu_percent < 150 and .periods > 0 and .memory > 0 and .memory_peak >= .memory' <<<"$output")" = true ]
  run -0 stats plain
  [ "$(jq -r '.[] | .name, .source, .memory_limit, (.memory > 0)' <<<"$output")" = $'plain\nproc\nnull\ntrue' ]
  run -0 timeout 30 "$BERTH" stats --no-stream
  [[ "${lines[0]}" == NAME*MEMORY*FROM ]]
  [[ "$(grep ^box <<<"$output")" == *"64.0 MiB"*group ]]
  [[ "$(grep ^plain <<<"$output")" == */proc ]]
  run -0 timeout 30 "$BERTH" stats --help
  run timeout 4 "$BERTH" top
  [ "$(grep -c ^plain <<<"$output")" -ge 2 ]
  run timeout 4 "$BERTH" stats box
  [ "$(grep -c ^NAME <<<"$output")" -ge 2 ]
  run -125 stats none
  [ "$(grep -c none <<<"$output")" = 1 ]
  [[ "$output" != *"[]"* ]]
  run -0 timeout 30 "$BERTH" top --no-stream --json
  [ "$(jq length <<<"$output")" = 2 ]
  # A program more is bounded with the others.
  run -137 "$BERTH" exec box -- tail /dev/zero
  run -0 stats box
  [ "$(jq '.[0].oom_kills' <<<"$output")" = 1 ]
  # Also where the container's own program has gone to a group below.
  pid=$("$BERTH" ps --json | jq '.[] | select(.name == "box") | .pid')
  group=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")
  mkdir "$group/below"
  echo "$pid" >"$group/below/cgroup.procs"
  run -137 "$BERTH" exec box -- tail /dev/zero
  [ "$(stats box | jq -r '.[0].source')" = group ]
  expect_frozen_means_no_cpu_time
  # One that stands still can be removed.
  "$BERTH" pause box
  "$BERTH" rm --force box plain
  expect_no_group_left
}

parent_of() {
  sed -n 's/^PPid:.//p' "/proc/$1/status"
}

# Also of one that nobody waits for.
await_end_of() {
  for _ in $(seq 200); do
    [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null || return 0
    sleep 0.05
  done
  grep State "/proc/$1/status" >&2
  return 1
}

# As on nodes that have version 1 alone: version 2 is covered.
with_version_one() {
  unshare --user --map-current-user --keep-caps --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup/unified && exec "$@"' sh \
    setpriv --inh-caps=-all --ambient-caps=-all "$@"
}

# The state of the freezer of version 1 that `box` is in; "" where it has none of its own.
freezer_of_box() {
  local pid
  pid=$("$BERTH" ps --json | jq '.[] | select(.name == "box") | .pid')
  cat "/sys/fs/cgroup/freezer$(sed -n 's/^[0-9]*:freezer:\(.*berth-.*\)/\1/p' "/proc/$pid/cgroup")/freezer.state" 2>/dev/null || echo none
}

@test "with version 1 alone a container is frozen too, outside of jobs" {
  own_containers
  with_version_one "$BERTH" run --detach --name box --memory=64M "$image" -- sh -c 'while :; do :; done'
  [ "$(freezer_of_box)" = THAWED ]
  expect_frozen_means_no_cpu_time
  "$BERTH" pause box
  [ "$(freezer_of_box)" = FROZEN ]
  "$BERTH" rm --force box
  expect_no_group_left
  # What ends a job could not end it.
  SLURM_JOB_ID=7 with_version_one "$BERTH" run --detach --name box --memory=64M "$image" -- sh -c 'while :; do :; done'
  [ "$(freezer_of_box)" = none ]
  "$BERTH" pause box
  pid=$("$BERTH" ps --json | jq '.[] | select(.name == "box") | .pid')
  grep -q '^State:.T' "/proc/$pid/status"
  kill -KILL "$pid"
  "$BERTH" wait box
  "$BERTH" rm box
  expect_no_group_left
}

@test "who was paused with version 1 ends though all who stood by him were killed" {
  own_containers
  for also in nobody helper monitor; do
    with_version_one "$BERTH" run --detach --name box --memory=64M "$image" -- sleep 300
    pid=$("$BERTH" ps --json | jq '.[] | select(.name == "box") | .pid')
    # Above it are the init, who waits for that, and the launch that stands by its limits; its parent is the monitor.
    launch=$(parent_of "$(parent_of "$(parent_of "$pid")")")
    # The launch last: others do something when it ends.
    victims=("$launch")
    [ $also != monitor ] || victims=("$(parent_of "$launch")" "${victims[@]}")
    [ $also = nobody ] || victims=("$(pgrep -x -n -u "$(id -un)" berth-group)" "${victims[@]}")
    "$BERTH" pause box
    [ "$(freezer_of_box)" = FROZEN ]
    kill -KILL "${victims[@]}"
    # Nobody is left then but the next launch.
    if [ $also = monitor ]; then
      await_end_of "$launch"
      [ -d "/proc/$pid" ]
      with_version_one "$BERTH" run --name other --memory=64M "$image" -- true
    fi
    await_end_of "$pid"
    "$BERTH" rm --force box || [ $also = monitor ]
  done
  with_version_one "$BERTH" run --name other --memory=64M "$image" -- true
  expect_no_group_left
}

@test "a terminal shows what fits of the containers, again and again; a simple one all of them" {
  own_containers
  for rank in 0 1 2 3 4; do
    OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_LOCAL_RANK=$rank OMPI_COMM_WORLD_LOCAL_SIZE=5 \
      "$BERTH" run --detach --name "rank-$rank" --memory=64M "$image" -- sleep 60
  done
  # Each rank has its line.
  run -0 stats
  [ "$(jq -c 'map([.name, .rank])' <<<"$output")" = '[["rank-0",0],["rank-1",1],["rank-2",2],["rank-3",3],["rank-4",4]]' ]
  on_terminal() {
    python3 - "$@" <<'END_OF_PYTHON'
import fcntl, os, pty, select, signal, struct, sys, termios, time
kind, rows, columns, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
pid, ours = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.environ["TERM"] = kind
    os.execv(command[0], command)
text, end = b"", time.monotonic() + 20
while text.count(b"NAME") < 3 and time.monotonic() < end and select.select([ours], [], [], 5)[0]:
    text += os.read(ours, 65536)
os.kill(pid, signal.SIGINT)
os.waitpid(pid, 0)
sys.stdout.buffer.write(text.replace(b"\r", b""))
END_OF_PYTHON
  }
  run -0 on_terminal xterm 4 30 "$BERTH" top
  screen=${output#*$'\033[H'}
  screen=${screen%%$'\033[J'*}
  # The last row stays empty, so that nothing moves.
  [ "$(wc -l <<<"$screen")" = 4 ]
  [[ "$screen" == *rank-0*"(4 more)"* && "$screen" != *rank-1* ]]
  [ "$(wc -L <<<"${screen//$'\033[K'/}")" -le 30 ]
  run -0 on_terminal dumb 4 30 "$BERTH" top
  [[ "$output" == *rank-4*NAME*rank-4* && "$output" != *$'\033'* ]]
  run -0 on_terminal xterm 0 0 "$BERTH" top
  [[ "$output" == *rank-4* ]]
  # Some end meanwhile, and the rest is shown; in the end it is over.
  "$BERTH" stats >shown 3>&- &
  pid=$!
  for _ in $(seq 200); do [ ! -s shown ] || break; sleep 0.05; done
  "$BERTH" rm --force rank-0 rank-1 rank-2
  "$BERTH" rm --force rank-3 rank-4
  expect_end 0 $pid
  [ "$(tail -n 1 shown | cut -c1-4)" = NAME ]
  expect_no_group_left
}

@test "numbers come from /proc where a container's group is gone" {
  own_containers
  "$BERTH" run --detach --name box --memory=64M "$image" -- sleep 60
  pid=$("$BERTH" ps --json | jq '.[0].pid')
  # Out of it, and it goes.
  for file in /sys/fs/cgroup/*/cgroup.procs; do
    at=${file%/cgroup.procs}
    own=$at$(sed -n "s,^[0-9]*:$(basename "$at"):,,p" "/proc/$pid/cgroup")
    [[ "$own" != *berth-* ]] || echo "$pid" >"${own%/berth-*}/cgroup.procs"
  done
  run -0 stats
  [ "$(jq -c 'map([.name, .memory > 0, .cpu_microseconds >= 0])' <<<"$output")" = '[["box",true,true]]' ]
  "$BERTH" pause box
  [ "$("$BERTH" ps --json | jq -r '.[].state')" = paused ]
  "$BERTH" rm --force box
  expect_no_group_left
}

@test "amounts that mean nothing are refused in words, and nothing is started" {
  for words in memory=1X memory= memory=-5 memory=0.5G memory=99999999999999999999 memory=20000000T cpus=0 cpus=-1 cpus=1e3 \
    cpus=99999999 cpu-weight=0 cpu-weight=10001 pids-limit=0x10 pids-limit=-2 io-weight=many hugetlb=3X=1G \
    device-read-bps=/dev/vda device-read-bps=/dev/vda:fast cpuset-cpus=3-1 cpuset-mems=a; do
    run -125 berth_run "--$words" --limits=best-effort "$image" -- touch started
    [[ "${lines[0]}" == "berth: cannot "*"--${words%%=*}"* && "${lines[1]}" == "berth: hint: "* ]] || { echo "$words" && return 1; }
  done
  [ ! -e started ]
}

@test "a launch around a container is not paused with it" {
  own_containers
  with_version_one "$BERTH" run --name outer --memory=256M --detach "$image" -- sleep 60
  pid=$("$BERTH" ps --json | jq '.[0].pid')
  group=$(sed -n 's/^[0-9]*:freezer://p' "/proc/$pid/cgroup")
  [[ "$group" == */berth-* ]]
  # As from a shell in that group.
  run -0 sh -c 'echo $$ >"/sys/fs/cgroup/freezer$1/cgroup.procs"
    "$2" run --detach --name inner "$3" -- sleep 60; "$2" pause inner' sh "$group" "$BERTH" "$image"
  [ "$("$BERTH" ps --json | jq -r '.[] | .name + " " + .state' | sort)" = $'inner paused\nouter running' ]
  [ "$(cat "/sys/fs/cgroup/freezer$group/freezer.state")" = THAWED ]
  "$BERTH" rm --force inner outer
  expect_no_group_left
}

# Its program writes before berth has noted that it runs.
await_running() {
  for _ in $(seq 200); do
    [ "$("$BERTH" ps --json | jq -r '.[0].state')" != running ] || return 0
    sleep 0.05
  done
  return 1
}

@test "a container with limits is paused, goes on, and ends as it would" {
  own_containers
  for options in --detach "--detach --pid --init"; do
    # shellcheck disable=SC2086  # several words
    "$BERTH" run $options --name box --memory=64M "$image" -- sh -c 'sleep 1; exit 4'
    "$BERTH" pause box
    sleep 1.5
    [ "$("$BERTH" ps --json | jq -r '.[].state')" = paused ]
    "$BERTH" resume box
    [ "$(timeout 30 "$BERTH" wait box)" = 4 ]
    "$BERTH" rm box
  done
  "$BERTH" run --name front --memory=64M "$image" -- sh -c 'sleep 1; exit 5' 3>&- &
  pid=$!
  await_running
  "$BERTH" pause front
  [ "$("$BERTH" ps --json | jq -r '.[].state')" = paused ]
  "$BERTH" resume front
  expect_end 5 $pid
  expect_no_group_left
}

# Nobody is PID any more; who waits to be reaped by the machine's init is nobody.
expect_gone() {
  for _ in $(seq 100); do
    grep -qs '^State:.[^Z]' "/proc/$1/status" || return 0
    sleep 0.05
  done
  cat "/proc/$1/status" >&2
  return 1
}

@test "a paused container does not outlive a launch that is killed" {
  own_containers
  with_version_one "$BERTH" run --name front --pids-limit=50 "$image" -- sh -c 'echo up >up; exec sleep 300' 3>&- &
  pid=$!
  await_running
  program=$("$BERTH" ps --json | jq '.[0].pid')
  "$BERTH" pause front
  kill -KILL "$(parent_of "$program")"
  expect_end 137 $pid
  expect_no_group_left
  expect_gone "$program"
}

# A launch that is paused, and killed with its helper, which is a child here and so known.
kill_paused_with_helper() {
  with_version_one python3 - "$BERTH" "$image" 3>&- <<'END_OF_PYTHON'
import ctypes, json, os, signal, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
berth, image = sys.argv[1:]
launch = subprocess.Popen([berth, "run", "--name", "front", "--pids-limit=50", image, "--", "sh", "-c",
                           "echo $$ >up; exec sleep 300"])
end = time.monotonic() + 20
def state():
    shown = json.loads(subprocess.check_output([berth, "ps", "--json"]))
    return shown[0]["state"] if shown else ""
def has_begun():
    return os.path.exists("up") and os.path.getsize("up") > 0 and state() == "running"
while not has_begun() and time.monotonic() < end:
    time.sleep(0.05)
subprocess.run([berth, "pause", "front"], check=True)
children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
helper, = [int(pid) for pid in children if open(f"/proc/{pid}/comm").read() == "berth-group\n"]
os.kill(helper, signal.SIGKILL)
os.waitpid(helper, 0)
launch.kill()
launch.wait()
END_OF_PYTHON
}

@test "who was paused when a launch in the foreground and its helper were killed is let go by the monitor" {
  own_containers
  kill_paused_with_helper
  expect_gone "$(cat up)"
  [ -n "$(groups_left)" ]
  run -0 with_version_one "$BERTH" run --name next --pids-limit=50 "$image" -- true
  expect_no_group_left
}

@test "a container that the kernel does not let go on is not said to go on" {
  own_containers
  with_version_one "$BERTH" run --detach --name box --pids-limit=50 "$image" -- sleep 60
  pid=$("$BERTH" ps --json | jq '.[0].pid')
  state=/sys/fs/cgroup/freezer$(sed -n 's/^[0-9]*:freezer://p' "/proc/$pid/cgroup")/freezer.state
  "$BERTH" pause box
  chmod 400 "$state"
  run -125 "$BERTH" resume box
  [ "$output" = "berth: cannot resume 'box' ('$state'): write: Permission denied (EACCES)" ]
  [ "$("$BERTH" ps --json | jq -r '.[].state')" = paused ]
  chmod 600 "$state"
  "$BERTH" resume box
  [ "$(cat "$state")" = THAWED ]
  "$BERTH" rm --force box
  expect_no_group_left
}

@test "where all processes of a launch have little memory, the image is read as it is" {
  local own group sum='find /usr/bin /usr/lib/python3 -xdev -type f -print0 | sort -z | xargs -0 cat | sha256sum'
  own=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
  group=/sys/fs/cgroup/memory${own%/}/$(id -un)/pressure-$$
  mkdir "$group"
  echo 32M >"$group/memory.limit_in_bytes"
  run -0 berth_run "$image" -- sh -c "$sum"
  wanted=$output
  # The server too, what it caches, and the pages of the image's files.
  run -0 sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
    timeout -s KILL 60 "$BERTH" run "$image" -- sh -c "$sum"
  [ "$output" = "$wanted" ]
  [ "$(cat "$group/memory.failcnt")" -gt 100 ]
  grep -qx 'oom_kill 0' "$group/memory.oom_control"
  for _ in $(seq 100); do ! rmdir "$group" 2>/dev/null || break; sleep 0.05; done
  [ ! -e "$group" ]
}
