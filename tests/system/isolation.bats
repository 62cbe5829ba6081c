#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# Each namespace that a container can have of its own, seen from inside and from outside, and all of them.
# The exercises of a container primer are in primer.bats.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work isolation
}

teardown() {
  leave_work
  rm -rf "/dev/shm/berth-test-$$" "/dev/shm/mine-$$"
}

everything=(--pid --init --hostname box --ipc --net=none --cgroupns --time-offset=86400)

# The links of all namespaces, one a line.
links='for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done'

# expect_own KIND... [--] OPTIONS: of all namespaces, user, mount and KIND... are the container's own; from
# outside the program's links say the same.
expect_own() {
  local own=" user mnt " kind pid inside
  while [ "$1" != -- ]; do own+="$1 " && shift; done
  shift
  rm -f seen go
  "$BERTH" run "$@" "$image" -- sh -c "{ $links; } >seen.new; mv seen.new seen; while [ ! -e go ]; do sleep 0.02; done" 3>&- &
  pid=$!
  await seen
  for kind in cgroup ipc mnt net pid time user uts; do
    inside=$(grep "^$kind:" seen)
    if [[ $own == *" $kind "* ]]; then
      [ "$inside" != "$(readlink "/proc/self/ns/$kind")" ] || { echo "$kind is the node's" && return 1; }
    else
      [ "$inside" = "$(readlink "/proc/self/ns/$kind")" ] || { echo "$kind is not the node's" && return 1; }
    fi
    # The program is the newest of those below the process that was started; that itself if it is alone.
    [ "$(readlink "/proc/$(program_of $pid)/ns/$kind")" = "$inside" ] ||
      { echo "$kind looks different from outside" && return 1; }
  done
  touch go
  wait $pid
}

program_of() {
  local pid=$1 child
  while [ "$(cat "/proc/$pid/comm")" = berth-init ]; do
    child=$(pgrep -P "$pid" | tail -n 1)
    pid=$child
  done
  echo "$pid"
}

@test "without a wish, user and mount namespace are all that is the container's own" {
  expect_own --
}

@test "each option makes its namespace and no other; all of them make all" {
  expect_own pid -- --pid
  expect_own uts -- --uts
  expect_own uts -- --hostname box
  expect_own ipc -- --ipc
  expect_own net -- --net=none
  expect_own -- --net=host
  expect_own cgroup -- --cgroupns
  expect_own time -- --time-offset=5
  expect_own pid uts ipc net cgroup time -- "${everything[@]}"
}

@test "root inside: every namespace together" {
  run berth_run --root "${everything[@]}" "$image" -- sh -c 'id -u; hostname; echo $PPID'
  [ "$output" = $'0\nbox\n1' ]
}

@test "--hostname names the container, in /etc/hosts too, and not the node" {
  local node
  node=$(uname -n)
  run berth_run --hostname box.example "$image" -- sh -c 'uname -n; getent hosts box.example'
  [ "${lines[0]}" = box.example ]
  [[ "${lines[1]}" == "127.0.0.1 "*box.example ]]
  [ "$(uname -n)" = "$node" ]
  run berth_run --uts "$image" -- uname -n
  [ "$output" = "$node" ]
}

@test "--ipc: shared memory and queues of the node are not seen, nor the container's outside" {
  local shm=berth-test-$$ id
  echo outside >"/dev/shm/$shm"
  id=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).shmget(0x62657274, 4096, 0o1600))')
  run berth_run --ipc "$image" -- sh -c 'ls -A /dev/shm; tail -n +2 /proc/sysvipc/shm; stat -fc %T /dev/shm
    stat -c %a /dev/shm; echo inside >"/dev/shm/$1" && cat "/dev/shm/$1"' sh "mine-$$"
  [ "$output" = $'tmpfs\n1777\ninside' ]
  [ ! -e "/dev/shm/mine-$$" ]
  # Without --ipc all of it is there.
  run berth_run "$image" -- sh -c 'cat "/dev/shm/$1"; tail -n +2 /proc/sysvipc/shm | wc -l' sh "$shm"
  rm "/dev/shm/$shm"
  python3 -c "import ctypes; ctypes.CDLL(None).shmctl($id, 0, None)"
  [ "${lines[0]}" = outside ]
  [ "${lines[1]}" -ge 1 ]
}

@test "--ipc: a place that the user shows himself stays" {
  mkdir mine && echo here >mine/file
  run berth_run --ipc -v "$work/mine:/dev/shm" "$image" -- cat /dev/shm/file
  [ "$output" = here ]
}

@test "--net=none: a loopback device that is up, and nothing else" {
  run berth_run --net=none "$image" -- sh -c 'ls /sys/class/net; tail -n +3 /proc/net/dev | wc -l; ls -d /sys/devices/system/cpu/cpu0'
  [ "$output" = $'lo\n1\n/sys/devices/system/cpu/cpu0' ]
  run berth_run --net=none "$image" -- python3 -c '
import socket
for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    try: listener = socket.create_server((host, 0), family=family)
    except OSError as error:
        if family == socket.AF_INET: raise
        continue  # the node has no IPv6
    socket.create_connection(listener.getsockname()[:2], 5)
try: socket.create_connection(("192.0.2.1", 9), 5)
except OSError as error: print(error.strerror)'
  [ "$output" = "Network is unreachable" ]
}

@test "--net=none: a port of the node's is not there, and one inside is not outside" {
  python3 -c 'import socket, time, os
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
while not os.path.exists("go"): time.sleep(0.05)' >port 3>&- &
  local pid=$!
  await port
  connect='import socket, sys
try: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5); print("connected")
except OSError as error: print(error.strerror)'
  run berth_run "$image" -- python3 -c "$connect" "$(cat port)"
  [ "$output" = connected ]
  run berth_run --net=none "$image" -- python3 -c "$connect" "$(cat port)"
  [ "$output" = "Connection refused" ]
  touch go
  wait $pid
}

@test "--net=bridge is no network that there is" {
  run -125 berth_run --net=bridge "$image" -- true
  [[ "$output" == *"cannot use 'bridge' as --net"* ]]
}

@test "--cgroupns: the container's control group is the root of all that it sees" {
  run berth_run --cgroupns "$image" -- sh -c 'sed -n "s/^0:://p" /proc/self/cgroup; stat -fc %T /sys/fs/cgroup; cat /sys/fs/cgroup/cgroup.procs | grep -cx $$'
  # In the root group of a node itself, every process of it is a member.
  [ "${lines[0]}" = / ]
  [ "${lines[1]}" = cgroup2fs ]
  [ "${lines[2]}" = 1 ]
}

@test "--time-offset shifts the clocks that count from the start, and no others" {
  clocks='import time
print(int(time.clock_gettime(time.CLOCK_MONOTONIC)), int(time.clock_gettime(time.CLOCK_BOOTTIME)), int(time.time()))'
  local -a before inside
  read -r -a before < <(python3 -c "$clocks")
  read -r -a inside < <(berth_run --time-offset=86400 "$image" -- python3 -c "$clocks")
  for n in 0 1; do
    [ $((inside[n] - before[n])) -ge 86400 ]
    [ $((inside[n] - before[n])) -lt 86430 ]
  done
  [ $((inside[2] - before[2])) -lt 30 ]
  run -125 berth_run --time-offset=-99999999999 "$image" -- true
  [[ "$output" == *"hint: the clocks cannot show that"* ]]
  run -125 berth_run --time-offset=soon "$image" -- true
  [[ "$output" == *"cannot shift clocks by 'soon'"* ]]
}

@test "members of one container share all of its namespaces; other options lead elsewhere" {
  make_own_image
  local run=("$BERTH" run --share=node "${everything[@]}" "$image" --)
  "${run[@]}" sh -c "{ $links; } >one.new; mv one.new one; echo mine >/dev/shm/mine; while [ ! -e go ]; do sleep 0.02; done" 3>&- &
  local pid=$!
  await one
  for _ in $(seq 3); do
    run timeout -s KILL 30 "${run[@]}" sh -c "$links; hostname; cat /dev/shm/mine; cut -d. -f1 /proc/uptime"
    [ "$(head -n 8 <<<"$output")" = "$(cat one)" ]
    [ "${lines[8]}" = box ]
    [ "${lines[9]}" = mine ]
    [ "${lines[10]}" -gt 86400 ]
  done
  run timeout -s KILL 30 "$BERTH" run --share=node "${everything[@]}" --hostname other "$image" -- uname -n
  [ "$output" = other ]
  run timeout -s KILL 30 "$BERTH" run --share=node --ipc "$image" -- ls -A /dev/shm
  [ "$output" = "" ]
  touch go
  wait $pid
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "no capability, no descriptor, no mount is left of what was made" {
  make_own_image
  run berth_run "${everything[@]}" "$image" -- sh -c 'grep ^Cap /proc/self/status; ls /proc/self/fd | wc -l'
  [ "$(grep -c '^Cap.*0000000000000000$' <<<"$output")" = 5 ]
  [ "${lines[5]}" = 4 ]
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "what the user says of /proc and /sys holds for the container's own" {
  run -0 berth_run --pid -v /proc:/proc:ro "$image" -- grep " /proc ro[, ]" /proc/self/mountinfo
  run -0 berth_run --net=none -v /sys:/sys:ro "$image" -- grep " /sys ro[, ]" /proc/self/mountinfo
}

@test "a place for a bind is not made among the node's control groups" {
  run -125 berth_run --cgroupns -v /etc/hostname:/sys/fs/cgroup/berth-test/x "$image" -- true
  [[ "$output" == *"(EXDEV)"* ]]
}
