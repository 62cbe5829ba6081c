#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# berth run --pid: a container with processes of its own.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work pids
}

teardown() {
  leave_work
}

inside() {
  berth_run --pid "$image" -- "$@"
}

# The numbers in /proc, before and after `"$@"` in the container.
numbers='cd /proc && for n in [0-9]*; do [ ! -e "$n" ] || printf "%s " "$n"; done; echo'

@test "the program is pid 1, and /proc has the container's processes only" {
  run inside sh -c "echo \$\$; $numbers"
  [ "$output" = $'1\n1 ' ]
  run berth_run --pid --init "$image" -- sh -c "echo \$\$ \$PPID; $numbers; cat /proc/1/comm"
  [ "$output" = $'2 1\n1 2 \nberth-init' ]
  # Without --pid it is the node's.
  run berth_run "$image" -- sh -c 'ls -d "/proc/$1"' sh $$
  [ "$status" = 0 ]
}

@test "the namespace differs from the node's, which sees its processes" {
  "$BERTH" run --pid "$image" -- sh -c 'readlink /proc/self/ns/pid >seen; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  local pid=$! first
  await seen
  [ "$(cat seen)" != "$(readlink /proc/self/ns/pid)" ]
  first=$(pgrep -P $pid)
  [ "$(readlink "/proc/$first/ns/pid")" = "$(cat seen)" ]
  [ "$(grep ^NSpid: "/proc/$first/status")" = $'NSpid:\t'"$first"$'\t1' ]
  touch go
  wait $pid
}

@test "the process that waits outside has no file open and nothing of the container" {
  "$BERTH" run --pid "$image" -- sh -c 'echo up >seen; exec sleep 30' 3>&- &
  local pid=$!
  await seen
  # Nobody may look into it but root; its mounts and its groups of processes are open to all.
  [ "$(stat -c %U "/proc/$pid/fd")" = root ]
  [ "$(cat /proc/$pid/comm)" = berth-init ]
  kill -KILL $pid
  expect_end 137 $pid
}

@test "exit codes and death by a signal come through, with and without an init" {
  for options in --pid "--pid --init" "--pid --share=node"; do
    for code in 0 1 42 126 128 143 255; do
      # shellcheck disable=SC2086  # several words
      run "-$code" berth_run $options "$image" -- sh -c "exit $code"
    done
    # shellcheck disable=SC2086
    run -127 berth_run $options "$image" -- no-such-program
    [[ "$output" == *"cannot start 'no-such-program'"* ]]
  done
  ends='import subprocess, sys
print(subprocess.call(sys.argv[1:]))'
  for options in "--pid --init" "--pid --share=node"; do
    for number in 1 2 6 9 11 15; do
      # shellcheck disable=SC2086
      run python3 -c "$ends" env --default-signal "$BERTH" run $options "$image" -- sh -c "kill -$number \$\$"
      [ "$output" = "-$number" ]
    done
  done
  # A pid 1 does not die of what it sends itself, but of its faults, and of a SIGKILL from outside.
  run python3 -c "$ends" "$BERTH" run --pid "$image" -- python3 -c 'import ctypes; ctypes.string_at(8)'
  [ "$output" = -11 ]
}

@test "what the program leaves behind ends with it" {
  make_own_image
  run berth_run --pid "$image" -- sh -c 'sleep 60 >/dev/null 2>&1 & sleep 61 >/dev/null 2>&1 & echo done'
  [ "$output" = "done" ]
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "killed at any moment, nothing is left" {
  make_own_image
  before=$(find_files_of_berth)
  for options in --pid "--pid --init" "--pid --share=node"; do
    for _ in $(seq 10); do
      # shellcheck disable=SC2086
      "$BERTH" run $options "$image" -- sleep 60 3>&- &
      local pid=$!
      sleep "0.0$((RANDOM % 10))"
      kill -KILL $pid
      expect_end 137 $pid
    done
  done
  expect_no_process_left
  expect_no_mount_left
  [ "$(find_files_of_berth)" = "$before" ]
  rm -f "$image"
}

@test "any process of berth's killed, nothing is left" {
  make_own_image
  for options in --pid "--pid --init" "--pid --share=node"; do
    for number in 1 2 3 4; do
      rm -f seen
      # shellcheck disable=SC2086
      "$BERTH" run $options "$image" -- sh -c 'echo up >seen; exec sleep 60' 3>&- >/dev/null 2>&1 &
      local pid=$! victim
      await seen
      victim=$(find_own_processes | cut -d: -f1 | sed -n "${number}p")
      [ -z "$victim" ] || kill -KILL "$victim"
      # Without its keeper or its server a container may go on; it must still end whole.
      # It may have ended with the other one, but not well: its program sleeps.
      local ended=0
      kill -KILL $pid 2>/dev/null || [ ! -e "/proc/$pid" ]
      wait $pid || ended=$?
      [ $ended != 0 ]
      expect_no_process_left
    done
  done
  rm -f "$image"
}

@test "SIGTERM during a launch ends it" {
  make_own_image
  for options in --pid "--pid --init"; do
    # shellcheck disable=SC2086  # several words
    run timeout -s KILL 60 python3 - "$BERTH" run $options "$image" -- \
      sh -c 'echo up >"$1"; trap "exit 143" TERM; sleep 2 & wait' sh <<'END'
import os, signal, subprocess, sys, time
def children(pid): return [int(n) for n in open(f"/proc/{pid}/task/{pid}/children").read().split()]
def hold(pid):
    os.kill(pid, signal.SIGSTOP)  # it may go on for a moment on another processor
    while open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] not in "TtZX": time.sleep(0.0005)
def is_pending(pid, number):
    try: lines = list(open(f"/proc/{pid}/status"))
    except OSError: return True  # it has died with who waited for it
    return any(int(line.split()[1], 16) >> (number - 1) & 1 for line in lines if line.startswith("ShdPnd"))
caught = number = 0
while number < 20 or (caught <= 5 and number < 500):
    number += 1
    # A name of its own: the program of a launch that was killed may write it a moment later.
    began = f"began{number}"
    run = subprocess.Popen(sys.argv[1:] + [began])
    time.sleep(0.0005 * (number % 20))
    # Held still, the one who waits first, both show how far they are.
    run.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WNOWAIT)
    first = children(run.pid)
    for pid in first: hold(pid)
    last = (first or [run.pid])[0]
    under_way = open(f"/proc/{last}/comm").read() == "berth\n" and (last == run.pid or not children(last))
    run.send_signal(signal.SIGTERM if under_way else signal.SIGKILL)
    # Who waits passes it on before the other one goes on: the first process of a namespace would
    # otherwise be the program by then, which may ignore it. He stops again, as the other one has.
    run.send_signal(signal.SIGCONT)
    while under_way and run.poll() is None and not all(is_pending(pid, signal.SIGTERM) for pid in first):
        time.sleep(0.0005)
    for pid in first + [run.pid]:
        try: os.kill(pid, signal.SIGCONT)
        except ProcessLookupError: pass
    ended = run.wait()
    if not under_way: continue
    caught += 1
    assert ended in (-signal.SIGTERM, 143), (ended, number)
    assert not os.path.exists(began), number
print(caught > 5 or f"only {caught} launches were under way")
END
    echo "$output"
    [ "$output" = True ]
  done
  expect_no_process_left
  rm -f "$image"
}

@test "members of one container see each other, and it lives until the last has gone" {
  make_own_image
  local run=("$BERTH" run --pid --share=node "$image" --)
  "${run[@]}" sh -c 'echo $$ >first; readlink /proc/self/ns/pid >ns1; while [ ! -e go1 ]; do sleep 0.05; done' 3>&- &
  local one=$!
  await ns1
  "${run[@]}" sh -c 'echo $$ >second; readlink /proc/self/ns/pid >ns2
    cat /proc/1/comm "/proc/$(cat first)/comm" >names
    while [ ! -e go2 ]; do sleep 0.05; done; echo still >after' 3>&- &
  local two=$!
  await names
  [ "$(cat ns1)" = "$(cat ns2)" ]
  [ "$(cat names)" = $'berth-init\nsh' ]
  [ "$(cat first)" != 1 ] && [ "$(cat second)" != 1 ]
  # The one that built it goes: nobody else is killed.
  touch go1
  wait $one
  sleep 0.3
  touch go2
  wait $two
  [ "$(cat after)" = still ]
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "a member whose process group is killed dies alone" {
  make_own_image
  local run=("$BERTH" run --pid --share=node "$image" --)
  setsid "${run[@]}" sh -c 'echo up >one; exec sleep 60' 3>&- &
  local one=$! ended=0
  await one
  "${run[@]}" sh -c 'echo up >two; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  local two=$!
  await two
  kill -KILL -- "-$one"
  expect_end 137 $one
  touch go
  wait $two || ended=$?
  [ $ended = 0 ]
  expect_no_process_left
  rm -f "$image"
}

@test "a program outlives its keeper, and its end is told" {
  make_own_image
  local ended=0 pid keeper
  berth_run --pid --share=node "$image" -- \
    sh -c 'echo up >one; while [ ! -e go ]; do sleep 0.05; done; echo done >one; exit 7' 3>&- &
  local one=$!
  await one
  for pid in $(find_own_processes | cut -d: -f1); do
    [ "$(cat "/proc/$pid/comm")" != berth-keeper ] || keeper=$pid
  done
  kill -KILL "$keeper"
  touch go
  wait $one || ended=$?
  [ $ended = 7 ]
  [ "$(cat one)" = "done" ]
  expect_no_process_left
  rm -f "$image"
}

@test "a member that is killed dies alone" {
  make_own_image
  local run=("$BERTH" run --pid --share=node "$image" --)
  "${run[@]}" sh -c 'echo up >one; exec sleep 60' 3>&- &
  local one=$! ended=0
  await one
  # Until nobody else is there but the init and the shell itself, which counts by itself.
  "${run[@]}" sh -c 'echo up >two; while [ ! -e go ]; do sleep 0.05; done
    for i in $(seq 100); do set -- /proc/[0-9]*; [ $# != 2 ] || break; sleep 0.05; done; echo $# >count' 3>&- &
  local two=$!
  await two
  kill -KILL $one
  expect_end 137 $one
  touch go
  wait $two || ended=$?
  [ $ended = 0 ]
  # The init and the shell: the sleep of the other has gone.
  [ "$(cat count)" = 2 ]
  expect_no_process_left
  rm -f "$image"
}

@test "ranks with other options do not share" {
  "$BERTH" run --pid --share=node "$image" -- sh -c 'readlink /proc/self/ns/pid >one; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  local pid=$!
  await one
  run berth_run --share=node "$image" -- readlink /proc/self/ns/pid
  [ "$output" = "$(readlink /proc/self/ns/pid)" ]
  touch go
  wait $pid
}
