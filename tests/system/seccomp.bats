#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# berth run --seccomp: what a program may ask of the kernel.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/seccomp.XXXXXX")
  cd "$work" || return
}

teardown() {
  rm -rf "$work"
}

# A profile that allows everything but the one rule.
write_profile() {
  echo "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [$1]}" >profile.json
}

# call NAME: the errno of a call without arguments, by its number on x86-64.
call='import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
for number in sys.argv[1:]:
    print(libc.syscall(int(number), -1, 0, 0, 0, 0, 0), ctypes.get_errno())'

@test "without the option nothing is filtered, with it one filter is, seen from inside and outside" {
  [ "$("$BERTH" run "$image" -- grep ^Seccomp /proc/self/status)" = "$(grep ^Seccomp /proc/self/status)" ]
  [ "$("$BERTH" run --seccomp=none "$image" -- grep ^Seccomp: /proc/self/status)" = "$(grep ^Seccomp: /proc/self/status)" ]
  run -0 "$BERTH" run --seccomp=default "$image" -- \
    sh -c 'grep ^Seccomp /proc/self/status; cat /proc/$PPID/comm'
  [[ "$output" == *$'Seccomp:\t2\nSeccomp_filters:\t1\n'* ]]
  "$BERTH" run --seccomp=default "$image" -- sh -c 'echo up >up; exec sleep 30' 3>&- &
  local pid=$! status=0
  for _ in $(seq 200); do [ ! -s up ] || break; sleep 0.05; done
  grep -qx $'Seccomp:\t2' "/proc/$pid/status"
  # The program's speed is that of one outside.
  diff <(grep ^Speculation "/proc/$pid/status") <(grep ^Speculation /proc/self/status)
  kill -KILL $pid
  wait $pid || status=$?
  [ $status = 137 ]
}

@test "the default profile refuses what is the node's, and programs go on" {
  # bpf, perf_event_open, open_by_handle_at: EPERM; io_uring_setup, add_key, 449: ENOSYS; close, kcmp.
  run -0 "$BERTH" run --seccomp=default "$image" -- python3 -c "$call" 321 298 304 425 248 449 3 312
  [ "$output" = $'-1 1\n-1 1\n-1 1\n-1 38\n-1 38\n-1 38\n-1 9\n-1 1' ]
  run -0 "$BERTH" run --seccomp=default "$image" -- python3 -c 'import numpy, subprocess, threading
thread = threading.Thread(target=lambda: print(subprocess.check_output(["uname"], text=True), end=""))
thread.start()
thread.join()
print(numpy.arange(4).sum())'
  [ "$output" = $'Linux\n6' ]
}

@test "a profile of one's own decides on calls, arguments and the error" {
  write_profile '{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}'
  run -1 "$BERTH" run --seccomp profile.json "$image" -- mkdir new
  [[ "$output" == *"No space left on device"* ]]
  [ ! -e new ]
  run -0 "$BERTH" run "$image" -- mkdir new
  [ -d new ]
  write_profile '{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13,
    "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}]}'
  run -0 "$BERTH" run --seccomp profile.json "$image" -- python3 -c 'import os, signal
signal.signal(signal.SIGUSR1, lambda *_: print("got it"))
os.kill(os.getpid(), signal.SIGUSR1)
try:
    os.kill(os.getpid(), 0)
except PermissionError as error:
    print(error.errno)'
  [ "$output" = $'got it\n13' ]
}

@test "podman's own profile works" {
  run -0 "$BERTH" run --seccomp /usr/share/containers/seccomp.json "$image" -- python3 -c "$call" 321 425 3
  [ "$output" = $'-1 1\n-1 38\n-1 9' ]
}

@test "a profile that kills kills the program, and what it starts, but no init" {
  write_profile '{"names": ["uname"], "action": "SCMP_ACT_KILL_PROCESS"}'
  run -159 "$BERTH" run --seccomp profile.json "$image" -- uname
  run -159 "$BERTH" run --init --seccomp profile.json "$image" -- sh -c uname
  run -0 "$BERTH" run --init --seccomp profile.json "$image" -- \
    sh -c 'grep ^Seccomp: /proc/$PPID/status; grep ^Seccomp: /proc/self/status'
  [ "$output" = $'Seccomp:\t0\nSeccomp:\t2' ]
}

@test "each rank of a shared container has its own profile" {
  write_profile '{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}'
  mkfifo hold
  "$BERTH" run --share=node "$image" -- sh -c 'echo up >up; read -r _ <hold; mkdir first' 3>&- &
  local first=$!
  for _ in $(seq 200); do [ ! -s up ] || break; sleep 0.05; done
  run -1 "$BERTH" run --share=node --seccomp profile.json "$image" -- mkdir second
  [[ "$output" == *"No space left on device"* ]]
  echo go >hold
  wait $first
  [ -d first ] && [ ! -e second ]
}

@test "a bad profile is refused before anything begins" {
  run -125 "$BERTH" run --seccomp no-such.json "$image" -- true
  [[ "$output" == *"cannot read 'no-such.json'"*"No such file"*"hint: write default, none or the file of a profile"* ]]
  echo '{"defaultAction": "SCMP_ACT_PERHAPS"}' >profile.json
  run -125 "$BERTH" run --seccomp profile.json "$image" -- true
  [[ "$output" == *"cannot use 'profile.json' as a profile of system calls: there is no action 'SCMP_ACT_PERHAPS'"* ]]
  run -125 "$BERTH" run --seccomp= "$image" -- true
  [[ "$output" == *"write default, none or the file of a profile"* ]]
  truncate -s 2M large.json
  run -125 "$BERTH" run --seccomp large.json "$image" -- true
  [[ "$output" == *"'large.json'"* ]]
  # One that refuses the program's start says so.
  write_profile '{"names": ["execve"], "action": "SCMP_ACT_ERRNO"}'
  run -126 "$BERTH" run --seccomp profile.json "$image" -- true
  [[ "$output" == *"cannot start 'true'"*"let the program's start through, execve"* ]]
  image=no-such.sqsh expect_no_process_left
}
