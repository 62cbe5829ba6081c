#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# The program's process: its limits, its umask, its time, its end.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work process
}

teardown() {
  leave_work
}

# The line of /proc/self/limits that begins with `$1`, without its unit.
limit_line() {
  grep "^$1 " | awk -v words="$(wc -w <<<"$1")" '{ print $(words + 1), $(words + 2) }'
}

@test "limits hold for the program, and others are the caller's" {
  run berth_run --ulimit nofile=100:200 --ulimit core=0 --ulimit stack=1048576:2097152 "$image" -- cat /proc/self/limits
  [ "$status" = 0 ]
  [ "$(limit_line 'Max open files' <<<"$output")" = "100 200" ]
  [ "$(limit_line 'Max core file size' <<<"$output")" = "0 0" ]
  [ "$(limit_line 'Max stack size' <<<"$output")" = "1048576 2097152" ]
  for name in "Max processes" "Max address space" "Max locked memory"; do
    [ "$(limit_line "$name" <<<"$output")" = "$(limit_line "$name" </proc/self/limits)" ]
  done
  # A program may raise its soft limit up to the hard one, and no further.
  run berth_run --ulimit nofile=100:200 "$image" -- sh -c 'ulimit -Sn 200 && ulimit -n; ulimit -Hn 201'
  [ "${lines[0]}" = 200 ]
  [ "$status" != 0 ]
}

@test "limits bound neither an init nor a container of processes of its own" {
  for options in --init --pid "--pid --init" --share=node; do
    # shellcheck disable=SC2086  # several words
    run berth_run $options --ulimit nofile=4:4 --ulimit fsize=0 --umask 077 "$image" -- sh -c 'ulimit -n; ulimit -f; umask'
    [ "$output" = $'4\n0\n0077' ]
  done
  "$BERTH" run --init --ulimit nofile=20:20 "$image" -- sh -c 'echo $PPID >pid; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  local one=$!
  await pid
  [ "$(limit_line 'Max open files' <"/proc/$(cat pid)/limits")" = "$(limit_line 'Max open files' </proc/self/limits)" ]
  touch go
  wait $one
}

@test "each rank has its own limits and umask in one container" {
  local rank='readlink /proc/self/ns/mnt; ulimit -n; umask'
  "$BERTH" run --share=node --ulimit nofile=50 --umask 007 "$image" -- sh -c "{ $rank; } >one; while [ ! -e go ]; do sleep 0.05; done" 3>&- &
  local one=$!
  await one
  berth_run --share=node --ulimit nofile=60 --umask 070 "$image" -- sh -c "{ $rank; } >two"
  touch go
  wait $one
  [ "$(head -n 1 one)" = "$(head -n 1 two)" ]
  [ "$(tail -n 2 one)" = $'50\n0007' ]
  [ "$(tail -n 2 two)" = $'60\n0070' ]
}

@test "a limit that cannot be is refused, and leaves nothing" {
  make_own_image
  local hard
  hard=$(limit_line 'Max open files' </proc/self/limits | cut -d ' ' -f 2)
  run -125 berth_run --ulimit nofile=$((hard + 1)) "$image" -- true
  [ "${lines[0]}" = "berth: cannot limit nofile to $((hard + 1)), at most $((hard + 1)): setrlimit: Operation not permitted (EPERM)" ]
  [ "${lines[1]}" = "berth: hint: only an administrator raises a hard limit: see 'ulimit -Ha' for yours" ]
  run -125 berth_run --init --ulimit nofile=$((hard + 1)) "$image" -- true
  [ "${#lines[@]}" = 2 ]
  run -125 berth_run --ulimit nofile=1:x "$image" -- true
  [ "${lines[1]}" = "berth: hint: write whole numbers, or unlimited: --ulimit nofile=1024:4096" ]
  run -125 berth_run --umask 888 "$image" -- true
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "a caller who may write no file is told so, and one who may write small ones is served" {
  # What it says goes through a pipe: a file has the limit too.
  small() { (ulimit -f "$1" && "$BERTH" run "$image" -- echo here) 2>&1 | cat && return "${PIPESTATUS[0]}"; }
  run -0 small 100
  [ "$output" = here ]
  run -125 small 0
  [ "${lines[0]}" = "berth: cannot write '/tmp/upper/etc/passwd': write: File too large (EFBIG)" ]
  [ "${lines[1]}" = "berth: hint: a limit on the size of files is in force, see 'ulimit -f': raise it before the launch" ]
}

@test "a umask is the program's, and the caller's without one" {
  run berth_run --umask 27 "$image" -- sh -c 'touch made; umask'
  [ "$output" = 0027 ]
  [ "$(stat -c %a made)" = 640 ]
  umask 072
  run berth_run "$image" -- sh -c umask
  [ "$output" = 0072 ]
}

# Without an init: one dies of the same signal, without a dump of its own.
@test "a program that crashes leaves a core dump where the node's pattern says" {
  run python3 - "$BERTH" run --ulimit core=unlimited "$image" -- python3 -c 'import ctypes; ctypes.string_at(8)' <<'END'
import os, sys
pid = os.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
status = os.waitpid(pid, 0)[1]
print(os.WTERMSIG(status), os.WCOREDUMP(status))
END
  [ "${lines[-1]}" = "11 True" ]
  local pattern
  pattern=$(cat /proc/sys/kernel/core_pattern)
  # A pattern with a path or a program in it takes dumps elsewhere.
  if [[ "$pattern" != [/\|]* ]]; then
    local dumps=("$work"/core*)
    [ "$(head -c 4 "${dumps[0]}")" = $'\x7fELF' ]
  fi
}

@test "a debugger reads a core dump with the libraries of the image" {
  [[ "$(cat /proc/sys/kernel/core_pattern)" != [/\|]* ]] || skip_unless "cores go elsewhere here (kernel.core_pattern)" false
  local options
  cat >crash.c <<'END_OF_C'
#include <stdlib.h>
__attribute__((noinline)) static void fail_here(int number) { if (number) abort(); }
int main(int count, char** words) { fail_here(count); return words == 0; }
END_OF_C
  gcc -g -O1 -o crash crash.c
  ulimit -c unlimited
  mkdir shown
  "$BERTH" mount "$image" shown
  for options in "" "--user 1234" "--pid --init"; do
    rm -f core*
    # shellcheck disable=SC2086  # words
    run -134 berth_run $options "$image" -- ./crash
    run -0 timeout 60 gdb -nx -batch -iex 'set auto-load off' -ex "set sysroot $work/shown" -ex 'file crash' \
      -ex "core-file $(echo core*)" -ex backtrace -ex 'info sharedlibrary'
    echo "$output"
    [[ "$output" == *abort*fail_here*"main ("* ]]
    grep "Yes.* $work/shown/.*/libc.so.6" <<<"$output"
  done
  "$BERTH" unmount shown
  # As it was for the caller: none.
  rm -f core*
  ulimit -S -c 0
  run -134 berth_run "$image" -- ./crash
  [ -z "$(find . -name 'core*')" ]
}

@test "debuggers on the node can look into a program" {
  "$BERTH" run "$image" -- sh -c 'echo up >seen; exec sleep 30' 3>&- &
  local pid=$!
  await seen
  [ "$(stat -c %U "/proc/$pid/environ")" = "$(id -un)" ]
  # What gcore and gdb do: attach, and read its memory.
  python3 - $pid <<'END'
import ctypes, os, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17
assert libc.ptrace(PTRACE_SEIZE, pid, None, None) == 0, os.strerror(ctypes.get_errno())
start = int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16)
with open(f"/proc/{pid}/mem", "rb") as memory:
    memory.seek(start)
    assert memory.read(4) == b"\x7fELF"
END
  kill -KILL $pid
  expect_end 137 $pid
}

# Seconds are what it counts in: nobody may have waited for the program or for the grace.
expect_soon() {
  [ $((SECONDS - begin)) -lt 10 ]
}

@test "a program that has had its time is stopped, and says why in one line" {
  make_own_image
  for options in "" --init --pid "--pid --init" --share=node "--pid --share=node"; do
    local begin=$SECONDS
    # shellcheck disable=SC2086  # several words
    run -124 berth_run $options --timeout 1 "$image" -- sleep 60
    [ "$output" = "berth: stopping 'sleep' with SIGTERM: it has run for 1 s" ]
    expect_soon
    expect_no_process_left
  done
  expect_no_mount_left
  rm -f "$image"
}

@test "a program that does not mind the stop signal is killed after its grace" {
  make_own_image
  for options in "" "--pid --init" "--pid --share=node"; do
    local begin=$SECONDS
    # shellcheck disable=SC2086
    run -137 berth_run $options --timeout 1s --stop-timeout 1 "$image" -- sh -c 'trap "" TERM; sleep 60; sleep 60'
    [ "${#lines[@]}" = 1 ]
    [ $((SECONDS - begin)) -ge 2 ]
    expect_soon
    expect_no_process_left
  done
  rm -f "$image"
}

@test "a program that ends in time has its own status, and nothing is said" {
  for options in "" --pid --share=node; do
    # shellcheck disable=SC2086
    run -7 berth_run $options --timeout 1h "$image" -- sh -c 'exit 7'
    [ "$output" = "" ]
  done
  # One that ends in its grace as it likes has had its time all the same.
  run -124 berth_run --timeout 1 "$image" -- sh -c 'trap "echo saved; exit 0" TERM; while :; do sleep 0.1; done'
  [ "${lines[1]}" = saved ]
  run -3 berth_run --timeout 0 "$image" -- sh -c 'exit 3'
}

@test "what the program has left ends with its time, wherever it has gone" {
  make_own_image
  local begin=$SECONDS
  for options in "" --pid; do
    # A daemon, and one that minds no signal.
    # shellcheck disable=SC2086
    run -124 berth_run $options --timeout 1 --stop-timeout 1 "$image" -- sh -c '
      setsid sh -c "echo \$\$ >daemon; exec sleep 60" >/dev/null 2>&1 &
      sh -c "trap \"\" TERM; sleep 60; sleep 61" >/dev/null 2>&1 &
      sleep 60'
    expect_no_process_left
  done
  expect_soon
  rm -f "$image"
}

@test "the stop signal is the one that is asked for, or the image's" {
  local caught='for s in HUP INT USR1 TERM; do trap "echo $s; exit" $s; done; while :; do sleep 0.1; done'
  run -124 berth_run --timeout 1 --stop-signal usr1 "$image" -- sh -c "$caught"
  [ "${lines[0]}" = "berth: stopping 'sh' with SIGUSR1: it has run for 1 s" ]
  [ "${lines[1]}" = USR1 ]
  local signal
  for signal in SIGHUP SIGNONE; do
    mkdir -p root/.berth
    cp --parents /usr/bin/dash /usr/bin/sleep "$(ldconfig -p | sed -n 's/.*libc\.so\.6 (.*x86-64.*=> //p' | head -n 1)" \
      /lib64/ld-linux-x86-64.so.2 root
    echo "{\"config\": {\"StopSignal\": \"$signal\", \"User\": \"nobody\"}}" >root/.berth/config.json
    mksquashfs root "$signal.sqsh" -quiet -no-progress -noappend
  done
  run -124 berth_run --timeout 1 SIGHUP.sqsh -- dash -c "$caught"
  [ "${lines[1]}" = HUP ]
  run -125 berth_run --timeout 1 SIGNONE.sqsh -- dash -c "$caught"
  [ "${lines[0]}" = "berth: cannot stop 'SIGNONE.sqsh' with its stop signal 'SIGNONE'" ]
  [ "${lines[1]}" = "berth: hint: name another: --stop-signal SIGTERM" ]
  # It is nobody's matter without a timeout; and the image's user is not who runs it.
  run -0 berth_run SIGNONE.sqsh -- dash -c 'while read -r key value rest; do [ "$key" != Uid: ] || echo "$value"; done </proc/self/status'
  [ "$output" = "$(id -u)" ]
}

@test "one rank's time is not another's, also where they share processes" {
  make_own_image
  for options in "" --pid; do
    rm -f ./one ./two ./go
    # shellcheck disable=SC2086
    "$BERTH" run $options --share=node --timeout 1 --stop-timeout 0 "$image" -- sh -c 'trap "" TERM; echo up >one; sleep 60' 3>&- 2>/dev/null &
    local one=$!
    await one
    # shellcheck disable=SC2086
    "$BERTH" run $options --share=node "$image" -- sh -c 'echo up >two; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
    local two=$!
    await two
    expect_end 137 $one
    # And who joins has a time, too.
    # shellcheck disable=SC2086
    run -124 berth_run $options --share=node --timeout 1 "$image" -- sleep 60
    touch go
    wait $two
    expect_no_process_left
  done
  rm -f "$image"
}

@test "a reader of errors who does not read keeps nobody alive" {
  make_own_image
  local begin=$SECONDS
  run -124 timeout -s KILL 30 python3 - "$BERTH" run --timeout 1 "$image" -- sleep 60 <<'END'
import fcntl, os, subprocess, sys
read, write = os.pipe()
os.set_blocking(write, False)
try:
    while True: os.write(write, b"x" * 4096)
except BlockingIOError: pass
os.set_blocking(write, True)
sys.exit(subprocess.call(sys.argv[1:], stderr=write))
END
  expect_soon
  expect_no_process_left
  rm -f "$image"
}

@test "who has started berth may die: the program goes on, and ends as without berth" {
  make_own_image
  for options in "" --init --pid "--timeout 60"; do
    rm -f ./up ./go ./end
    # shellcheck disable=SC2086
    setsid sh -c '"$@" & echo $! >started; wait' sh "$BERTH" run $options "$image" -- \
      sh -c 'echo up >up; while [ ! -e go ]; do sleep 0.05; done; echo whole >end' 3>&- &
    local starter=$!
    await up
    kill -KILL $starter
    expect_end 137 $starter
    [ -d "/proc/$(cat started)" ]
    touch go
    await end
    expect_no_process_left
  done
  rm -f "$image"
}
