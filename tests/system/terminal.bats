#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # helpers.bash sets `image` and `work`; some scripts are for the container
# --tty: a terminal of the program's own. terminal.py is the one who sits before the caller's, and looks at
# the end of each run whether that has its settings back.
load ../helpers

setup() {
  make_own_image
  enter_work terminal
}

teardown() {
  leave_work
  rm -f "$image"
}

# typed STEPS... -- OPTIONS... IMAGE COMMAND...: berth run at a terminal.
typed() {
  local steps=()
  while [ "$1" != -- ]; do steps+=("$1") && shift; done
  shift
  python3 -B "$BERTH_SOURCE/tests/system/terminal.py" "${steps[@]}" -- "$BERTH" run "$@"
}

# Says "go", which is not how it is typed. No shell: one that is between vfork(2) and its child's exec waits for
# ever when a terminal stops both.
loop='while 1: print("g" + "o"); __import__("time").sleep(0.1)'

last_line() {
  tail -n 1 <<<"$output"
}

@test "the program has a terminal with a name, a session, and the size of the caller's" {
  run -0 typed wait:there keys:'well\r' -- -t "$image" -- \
    sh -c 'tty; stty size; cut -d" " -f 6-8 /proc/$$/stat; echo $$ there; read line; echo "got $line"; exit 7'
  echo "$output"
  [[ "${lines[0]}" == /dev/pts/* ]]
  [ "${lines[1]}" = "24 80" ]
  # Session, terminal, and the group in the foreground (proc(5)), which is its own.
  pid=$(sed -n 's/ there$//p' <<<"$output")
  [[ "${lines[2]}" == [1-9]*" $pid" ]]
  [ "$(grep -c '^got well$' <<<"$output")" = 1 ]
  [ "$(last_line)" = "ended 7" ]
}

@test "letters can stand together, and none that needs a value is lost" {
  run -0 typed -- -itw /usr "$image" -- pwd
  [ "${lines[0]}" = /usr ]
  run -0 typed -- -itw/usr -e A=b "$image" -- pwd
  [ "${lines[0]}" = /usr ]
  run -125 berth_run -ix "$image" -- true
  [ "${lines[0]}" = "berth: cannot understand the option '-x'" ]
  run -125 berth_run -t=yes "$image" -- true
  [ "${lines[0]}" = "berth: cannot give '--tty' a value" ]
}

# What was pushed would be read by the caller's shell when the program has ended.
@test "keys that the program pushes into its terminal are not in the caller's" {
  cat >push.py <<'END_OF_PYTHON'
import fcntl, termios
try:
    for key in b"touch pushed\n": fcntl.ioctl(0, termios.TIOCSTI, bytes([key]))
    print("pushed", flush=True)
except OSError as error:
    print("refused", error.strerror, flush=True)
END_OF_PYTHON
  cat >shell.sh <<'END_OF_SHELL'
"$@"
IFS= read -r -t 0.5 line && echo "heard $line"
echo over
END_OF_SHELL
  run -0 python3 -B "$BERTH_SOURCE/tests/system/terminal.py" wait:over -- bash shell.sh "$BERTH" run -t "$image" -- python3 push.py
  echo "$output"
  [[ "$output" == *pushed* || "$output" == *refused* ]]
  [[ "$output" != *heard* ]]
  # The test itself notices keys: without a terminal of its own they arrive, where the kernel lets them.
  if [ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 1 ]; then
    run -0 python3 -B "$BERTH_SOURCE/tests/system/terminal.py" wait:over -- bash shell.sh python3 push.py
    [[ "$output" == *"heard touch pushed"* ]]
  fi
}

@test "a new size arrives" {
  run -0 typed wait:ready size:51x132 'wait:51 132' keys:'\r' -- --tty "$image" -- \
    sh -c 'trap "stty size" WINCH; echo ready; read line || read line; echo over'
  echo "$output"
  [ "$(last_line)" = "ended 0" ]
}

@test "ctrl-c is the program's, ctrl-backslash too, and a shell inside lives on" {
  run -0 typed wait:ready raw keys:'\x03' -- --tty "$image" -- sh -c 'echo ready; exec sleep 100'
  [ "$(last_line)" = "ended -2" ]
  run -0 typed wait:ready keys:'\x1c' -- --tty --ulimit core=0 "$image" -- sh -c 'echo ready; exec sleep 100'
  [ "$(last_line)" = "ended -3" ]
  run -0 typed wait:ready keys:'\x03' wait:caught keys:'exit 3\r' -- --tty "$image" -- \
    sh -c 'trap "echo caught" INT; echo ready; read line || read line; $line'
  echo "$output"
  [ "$(last_line)" = "ended 3" ]
}

@test "ctrl-z stops a job of the shell inside, which brings it back" {
  run -0 typed 'wait:$' keys:'PS1=" > "\r' 'wait: > ' keys:"python3 -uc '$loop'\r" wait:go \
    keys:'\x1a' wait:Stopped keys:'fg\r' wait:go keys:'\x03' 'wait: > ' keys:'exit 5\r' -- \
    --tty -e 'PS1=$' "$image" -- bash --norc --noprofile -i
  echo "$output"
  [ "$(last_line)" = "ended 5" ]
}

@test "in the background it waits for the caller's shell to bring it to the front" {
  # The shell that is typed at is the caller's.
  run -0 python3 -B "$BERTH_SOURCE/tests/system/terminal.py" 'wait:>>' \
    keys:"$BERTH run --tty $image -- sh -c 'stty size; read line; echo got \$line' &\r" \
    keys:'sleep 1\r' wait:Stopped keys:'fg\r' 'wait:24 80' keys:'front\r' 'wait:got front' 'wait:>>' \
    keys:'exit 4\r' -- env 'PS1=>>' bash --norc --noprofile -i
  echo "$output"
  [ "$(last_line)" = "ended 4" ]
}

@test "a program that is stopped stops the relay, and the caller's shell continues both" {
  run -0 python3 -B "$BERTH_SOURCE/tests/system/terminal.py" 'wait:>>' \
    keys:"$BERTH run --tty $image -- sh -c 'echo one; kill -STOP \$\$; echo two; read line; echo got \$line'\r" \
    wait:Stopped 'wait:>>' keys:'fg\r' wait:two keys:'line\r' 'wait:got line' 'wait:>>' \
    keys:'exit\r' -- env 'PS1=>>' bash --norc --noprofile -i
  echo "$output"
  [ "$(last_line)" = "ended 0" ]
}

@test "signals to the relay reach the program, and it ends as the program ends" {
  run -0 typed wait:ready kill:SIGUSR1 wait:heard kill:SIGTERM -- --tty "$image" -- \
    bash -c 'trap "echo heard" USR1; echo ready; while :; do read -t 0.1 line; done'
  echo "$output"
  [ "$(last_line)" = "ended -15" ]
}

@test "when the relay is killed, so is the program, whatever it ignores, and nothing is left" {
  for options in "" "--init" "--pid" "--init --pid" "--root --cap-add ALL"; do
    # shellcheck disable=SC2086  # words
    run -0 typed wait:ready kill:SIGKILL -- --tty $options "$image" -- sh -c 'trap "" HUP; echo ready; exec sleep 100'
    echo "$output"
    [ "$(last_line)" = "ended -9" ]
    expect_no_process_left
    expect_no_mount_left
  done
}

@test "ctrl-z stops the program itself, and the caller's shell brings it back" {
  for options in "" "--init" "--pid --init"; do
    run -0 python3 -B "$BERTH_SOURCE/tests/system/terminal.py" 'wait:>>' \
      keys:"$BERTH run --tty $options $image -- python3 -uc '$loop'\r" \
      wait:go keys:'\x1a' wait:Stopped 'wait:>>' keys:'fg\r' wait:go keys:'\x03' 'wait:>>' \
      keys:'exit 6\r' -- env 'PS1=>>' bash --norc --noprofile -i
    echo "$output"
    [ "$(last_line)" = "ended 6" ]
  done
}

@test "streams that are closed, and a caller who minds no children, change nothing" {
  run -5 berth_run --tty "$image" -- sh -c 'exit 5' <&-
  run -5 berth_run --tty "$image" -- sh -c 'exit 5' <&- >&- 2>&-
  run -5 timeout -s KILL 20 env --ignore-signal=CHLD "$BERTH" run --tty "$image" -- sh -c 'exit 5' </dev/null
}

@test "output that somebody else has made non-blocking is all there" {
  run -0 python3 - "$BERTH" "$image" <<'END'
import os, subprocess, sys, time
ours, theirs = os.pipe()
os.set_blocking(theirs, False)
run = subprocess.Popen([sys.argv[1], "run", "--tty", sys.argv[2], "--", "sh", "-c",
                        "stty -onlcr; seq 100000; exit 4"], stdin=subprocess.DEVNULL, stdout=theirs)
os.close(theirs)
time.sleep(0.5)
said = b""
while piece := os.read(ours, 65536): said += piece
print(run.wait(), said.endswith(b"".join(b"%d\n" % n for n in range(1, 100001))))
END
  [ "$output" = "4 True" ]
}

@test "signals arrive while nobody reads the output" {
  "$BERTH" run --tty "$image" -- sh -c 'echo $$ >pid; yes' </dev/null 3>&- > >(sleep 12) &
  await pid
  sleep 0.5
  kill -TERM $!
  SECONDS=0
  expect_end 143 $!
  [ "$SECONDS" -lt 9 ]
}

@test "the relay holds nothing of the caller's but the streams" {
  "$BERTH" run --tty "$image" -- sh -c 'echo $$ >pid; sleep 100' </dev/null >/dev/null 3>&- 4</etc/passwd 77</etc/group &
  await pid
  ls -l "/proc/$!/fd"
  [ "$(find "/proc/$!/fd" -lname '/etc/*' | wc -l)" = 0 ]
  [ "$(find "/proc/$!/fd" -type l | wc -l)" = 5 ]
  kill -TERM $!
  expect_end 143 $!
}

@test "with an init and processes of its own it is the same terminal" {
  for options in "--init" "--pid" "--pid --init" "--root --ipc --pid"; do
    # shellcheck disable=SC2086  # words
    run -0 typed wait:ready keys:'\x03' wait:caught keys:'exit 9\r' -- --tty $options "$image" -- \
      sh -c 'tty; trap "echo caught" INT; echo ready; read line || read line; $line'
    echo "$output"
    [[ "${lines[0]}" == /dev/pts/* ]]
    [ "$(last_line)" = "ended 9" ]
  done
}

@test "input that is no terminal ends with its end, and all output arrives" {
  run -0 berth_run --tty "$image" -- sh -c 'stty -echo -onlcr; echo; cat; echo; echo over' < <(printf 'one\ntwo')
  echo "$output"
  # Before stty it may have been echoed as well.
  [ "$(tail -n 3 <<<"$output")" = "$(printf 'one\ntwo\nover')" ]
  # What is typed may be seen before it: the key for the end.
  berth_run --tty "$image" -- sh -c 'stty -onlcr; seq 100000' </dev/null >out
  [ "$(tr -cd '0-9\n' <out | md5sum)" = "$(seq 100000 | md5sum)" ]
}

@test "who no longer listens ends it" {
  timeout 20 "$BERTH" run --tty "$image" -- yes </dev/null | head -n 1 >out
  grep -q '^y' out
  expect_no_process_left
}

@test "a launch that fails leaves the terminal as it was, and its error is seen" {
  run -0 typed -- --tty "$image" -- /no/such/program
  [[ "${lines[0]}" == "berth: cannot start '/no/such/program'"* ]]
  [ "$(last_line)" = "ended 127" ]
  run -0 typed -- --tty /no/such/image -- true
  [ "$(last_line)" = "ended 125" ]
}

@test "ranks with terminals share one container" {
  timeout 60 mpirun --oversubscribe -np 2 "$BERTH" run --tty "$image" -- sh -c 'tty; readlink /proc/self/ns/mnt' \
    </dev/null >out
  cat out
  [ "$(grep -c '^/dev/pts/' out)" = 2 ]
  [ "$(grep '^mnt:' out | sort -u | wc -l)" = 1 ]
}
