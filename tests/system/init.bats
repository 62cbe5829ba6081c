#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# berth run --init: an init of berth's between the caller and the program.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work init
}

teardown() {
  leave_work
}

inside() {
  berth_run --init "$image" -- "$@"
}

@test "with --init one more process stands by the program, without it none" {
  run timeout 30 "$BERTH" run "$image" -- sh -c 'cat /proc/$PPID/comm'
  [ "$output" = timeout ]
  run inside sh -c 'cat /proc/$PPID/comm; grep ^PPid: /proc/$PPID/status | cut -f 2 | xargs -I{} cat /proc/{}/comm'
  [ "$output" = $'berth-init\ntimeout' ]
}

@test "exit codes 0 to 255 come through an init" {
  for code in 0 1 2 42 125 126 127 128 200 255; do
    run "-$code" inside sh -c "exit $code"
  done
  run -127 inside no-such-program
  [[ "$output" == *"cannot start 'no-such-program'"*"no such program"* ]]
  run -126 inside /etc/passwd
}

@test "death by a signal comes through an init, and leaves no second core dump" {
  for number in 1 2 3 6 9 11 13 14 15; do
    # Who runs the tests in the background has them ignore SIGINT and SIGQUIT.
    run python3 -c 'import subprocess, sys
print(subprocess.call(sys.argv[1:]))' env --default-signal "$BERTH" run --init "$image" -- sh -c "kill -$number \$\$"
    [ "$output" = "-$number" ]
  done
}

@test "signals are forwarded, and a program that asks for SIGTERM gets it" {
  for options in --init --pid "--pid --init"; do
    rm -f seen
    # shellcheck disable=SC2086  # several words
    "$BERTH" run $options "$image" -- sh -c 'trap "echo caught >>seen" USR1; trap "exit 7" TERM; echo up >seen
      while :; do sleep 0.05; done' 3>&- &
    local pid=$!
    await seen
    kill -USR1 $pid
    for _ in $(seq 100); do grep -q caught seen && break || sleep 0.05; done
    grep -qx caught seen
    kill -TERM $pid
    expect_end 7 $pid
  done
}

@test "a stopped program stops the process that was started, and all go on together" {
  for options in --init "--pid --init"; do
    rm -f pid went
    # shellcheck disable=SC2086  # several words
    "$BERTH" run $options "$image" -- sh -c 'echo $$ >pid; kill -STOP $$; echo on >went' 3>&- &
    local pid=$!
    await pid
    for _ in $(seq 100); do [[ $(ps -o stat= -p $pid) == T* ]] && break || sleep 0.05; done
    [[ $(ps -o stat= -p $pid) == T* ]]
    [ ! -e went ]
    kill -CONT $pid
    wait $pid
    [ "$(cat went)" = on ]
  done
}

# Two processes of one shell that a real terminal's driver sends signals to.
@test "Ctrl-C and Ctrl-Z at a terminal do what they do without an init" {
  # The program counts quickly enough to tell two from one.
  run timeout 60 python3 - "$BERTH" run --init "$image" -- python3 -c 'import os, signal
got, told = os.pipe()
os.set_blocking(told, False)
signal.signal(signal.SIGINT, lambda number, frame: None)
signal.set_wakeup_fd(told)  # a byte for each, however many there are at a time
os.write(1, b"up\n")
while os.read(got, 1): os.write(1, b"got-int\n")' <<'END'
import os, pty, signal, sys, time
pid, tty = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
text = b""
def read_until(word, count=1):
    global text
    while text.count(word) < count:
        text += os.read(tty, 4096)
read_until(b"up")
os.write(tty, b"\x03")
read_until(b"got-int")
# Once: nobody forwards what the terminal has sent to all.
time.sleep(0.5)
os.write(tty, b"end\n")
read_until(b"end")
assert text.count(b"got-int") == 1, text
os.kill(pid, signal.SIGTERM)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
END
  echo "$output"
  [ "$output" = 15 ]
  # A shell with job control sees the job stop of what the terminal sent, and lets it go on.
  run timeout 60 python3 - "$BERTH" run --init "$image" -- sh -c 'echo up; cat; echo last; exit 9' <<'END'
import os, pty, signal, sys
def shell():
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.argv[1], sys.argv[1:])
    status = os.waitpid(job, os.WUNTRACED)[1]
    os.write(1, f"stopped by {os.WSTOPSIG(status)}\n".encode())
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
    status = os.waitpid(job, 0)[1]
    os.write(1, f"ended with {os.WEXITSTATUS(status)}\n".encode())
    os._exit(0)
pid, tty = pty.fork()
if pid == 0:
    shell()
text = b""
def read_until(word):
    global text
    while word not in text:
        text += os.read(tty, 4096)
    text = text.split(word, 1)[1]
read_until(b"up")
os.write(tty, b"first\n")
read_until(b"first\r\nfirst")  # the terminal's echo, and cat
os.write(tty, b"\x1a")
read_until(b"stopped by 20")
os.write(tty, b"second\n")
read_until(b"second\r\nsecond")
os.write(tty, b"\x04")
read_until(b"last")
read_until(b"ended with 9")
os.waitpid(pid, 0)
print("done")
END
  echo "$output"
  [ "$output" = "done" ]
}

@test "zombies are reaped by an init" {
  run inside sh -c '(sleep 0.1 & exec true); sleep 0.6
    grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | while read -r f; do grep -H ^PPid: "$f" 2>/dev/null; done | grep -c "	$PPID\$"'
  [ "$output" = 0 ]
}

@test "who has lost his parent becomes a child of the init" {
  local adopted='orphan=$(sh -c "sleep 5 >/dev/null 2>&1 & echo \$!")
    grep "^PPid:" /proc/$orphan/status; echo "init: $PPID"; kill $orphan'
  local shape=$'^PPid:\t([0-9]+)\ninit: ([0-9]+)$'
  run inside sh -c "$adopted"
  [[ "$output" =~ $shape ]]
  [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
  # Without an init it is somebody on the node.
  run berth_run "$image" -- sh -c "$adopted"
  [[ "$output" =~ $shape ]]
  [ "${BASH_REMATCH[1]}" != "${BASH_REMATCH[2]}" ]
}

@test "an init that is killed takes the program with it, and nothing is left" {
  make_own_image
  "$BERTH" run --init "$image" -- sh -c 'echo up >seen; exec sleep 60' 3>&- &
  local pid=$!
  await seen
  kill -KILL $pid
  expect_end 137 $pid
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "a reader of our output is not kept waiting by an init" {
  # timeout(1) would hold the pipe too.
  "$BERTH" run --init "$image" -- sh -c 'echo first; exec >&- 2>&- <&-; sleep 8' | {
    read -r line
    [ "$line" = first ]
    begin=$SECONDS
    ! read -r line || false
    [ $((SECONDS - begin)) -lt 6 ]
  }
}

@test "ranks that share a container have each an init of their own" {
  local one two rank=("$BERTH" run --init --share=node "$image" -- sh -c
    '{ readlink /proc/self/ns/mnt; echo $PPID; cat /proc/$PPID/comm; } >"$1"; while [ ! -e go ]; do sleep 0.05; done' sh)
  "${rank[@]}" one 3>&- &
  one=$!
  await one
  "${rank[@]}" two 3>&- &
  two=$!
  await two
  [ "$(sed -n 1p one)" = "$(sed -n 1p two)" ]
  [ "$(tail -n 2 one)" = "$one"$'\nberth-init' ]
  [ "$(tail -n 2 two)" = "$two"$'\nberth-init' ]
  touch go
  wait $one
  wait $two
}
