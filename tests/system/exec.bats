#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# berth exec: another program in a container, and looking at one from outside.
load ../helpers

setup() {
  make_own_image
  enter_work exec
  export XDG_RUNTIME_DIR=$work/run
  mkdir -m 700 run
}

teardown() {
  local name
  for name in $(berth ps --json | jq -r '.[].name'); do berth rm --force "$name"; done
  expect_no_process_left
  expect_no_mount_left
  leave_work
  rm -f "$image"
}

berth() {
  timeout -s KILL 30 "$BERTH" "$@"
}

# start OPTIONS...: a detached container `box` that tells of itself, and sleeps.
start() {
  berth run --detach --name box "$@" "$image" -- sh -c "$looks"'; exec sleep 60'
  local _
  for _ in $(seq 200); do ! grep -q ^end run/berth/box.log || break; sleep 0.05; done
}

# All that a program can tell of what it is in.
looks='for n in user mnt pid uts ipc net cgroup time; do readlink /proc/self/ns/$n; done
  grep -E "^(Cap|NoNewPrivs|Seccomp|Uid|Gid|Groups)" /proc/self/status; pwd; umask; ulimit -n
  cat /proc/sys/kernel/hostname; stat -c "%d %i" /; echo "$MINE"; echo end'

@test "a program that joins is in all namespaces as the container's own is, with its rights" {
  local options
  for options in "" "--uts --hostname inner --ipc --net=none --cgroupns --time-offset 100" "--root" \
    "--cap-add NET_RAW,SYS_PTRACE" --disable-userns "--disable-userns --pid" \
    "--seccomp default --umask 027 --ulimit nofile=64:64 --workdir /usr -e MINE=text" "--read-only"; do
    # shellcheck disable=SC2086  # several words
    start $options
    run -0 berth exec box -- sh -c "$looks"
    [ "$output" = "$(berth logs box)" ]
    berth rm --force box
  done
}

@test "its variables and its work directory are the program's, or as the options say" {
  start -e MINE=text -e OTHER=one -w /usr
  OUTSIDE=caller run -0 berth exec box sh -c 'echo $MINE $OTHER $OUTSIDE; pwd'
  [ "$output" = $'text one\n/usr' ]
  OUTSIDE=caller run -0 berth exec -e OUTSIDE -e OTHER=two -e NEW=a=b -w /etc box sh -c \
    'echo $MINE $OTHER $OUTSIDE $NEW; pwd'
  [ "$output" = $'text two caller a=b\n/etc' ]
  # Loader variables of the caller's do not reach it.
  LD_PRELOAD=/none.so run -0 berth exec box sh -c 'echo "${LD_PRELOAD:-none}"'
  [ "$(tail -n 1 <<<"$output")" = none ]
}

@test "its streams, its exit code and its signals are the caller's" {
  start
  [ "$(echo in | berth exec box sh -c 'cat; echo err >&2' 2>err)" = in ]
  [ "$(cat err)" = err ]
  for code in 0 1 42 255; do run "-$code" berth exec box sh -c "exit $code"; done
  run -127 berth exec box no-such-program
  [[ "$output" == *"cannot start 'no-such-program'"* ]]
  run -126 berth exec box /etc/passwd
  run -125 berth exec -w /no/such/place box true
  [[ "$output" == *"cannot work in '/no/such/place'"* ]]
  run -125 berth exec box
  [[ "$output" == *"write berth exec [OPTIONS] NAME [--] COMMAND..."* ]]
  run -125 berth exec box --
  run -125 berth exec -w here box true
  "$BERTH" exec box sh -c 'trap "echo caught >>seen; exit 5" TERM; echo up >seen; while :; do sleep 0.05; done' 3>&- &
  local pid=$!
  await seen
  kill -TERM $pid
  expect_end 5 $pid
  [ "$(cat seen)" = $'up\ncaught' ]
}

@test "it changes what the container's program sees, ends with the container, and is seen by top" {
  start --tmpfs-size 64M
  berth exec box sh -c 'echo text >/opt/file'
  [ "$(berth exec box cat /opt/file)" = text ]
  [ ! -e /opt/file ]
  "$BERTH" exec box sh -c 'echo up >seen; exec sleep 67' 3>&- &
  await seen
  [ "$(berth top --json box | jq -r '.[].command' | grep -c '^sleep 67$')" = 1 ]
  berth stop box
  expect_end 137 $!
}

@test "it joins a container in the foreground, with and without pids of its own" {
  local options
  for options in "" --init --pid "--pid --init"; do
    rm -f seen go
    # shellcheck disable=SC2086  # several words
    "$BERTH" run --name box $options "$image" -- sh -c '{ readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid; } >seen
      while [ ! -e go ]; do sleep 0.05; done' 3>&- &
    await seen
    local _
    for _ in $(seq 100); do [ "$(berth ps --json | jq -r '.[].state')" != running ] || break; sleep 0.05; done
    run -0 berth exec box sh -c 'readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid'
    [ "$output" = "$(cat seen)" ]
    touch go
    expect_end 0 $!
  done
}

@test "nothing of the caller's leaks into it" {
  start
  exec 7<"$BATS_TEST_FILENAME"
  run -0 berth exec box sh -c 'ls -l /proc/self/fd; cat /proc/self/fd/7 2>/dev/null | head -c 10'
  [[ "$output" != *exec.bats* ]]
  exec 7<&-
}

@test "a program in a container can be traced from outside" {
  start
  local pid
  pid=$(berth inspect --json box | jq .[0].pid)
  [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]
  strace -o calls -p "$pid" 3>&- &
  local tracer=$! _
  for _ in $(seq 100); do ! grep -q '^TracerPid:.[1-9]' "/proc/$pid/status" || break; sleep 0.05; done
  berth stop box
  wait $tracer
  grep -q 'killed by SIGTERM' calls
}

@test "a program in a container can be debugged from outside" {
  start
  local pid
  pid=$(berth inspect --json box | jq .[0].pid)
  run -0 timeout 60 gdb -nx -batch -p "$pid" -ex 'info registers rip' -ex detach
  [[ "$output" == *"rip "*0x* ]]
  [[ "$output" == *"Inferior 1 (process $pid) detached"* ]]
  [ "$(berth ps --json | jq -r '.[].state')" = running ]
}

@test "perf counts and samples a program in a container from outside, and one that joins it" {
  skip_unless "perf is missing, or may not be used here" perf stat -e task-clock -o /dev/null true
  cat >burn.c <<'END_OF_C'
__attribute__((noinline)) unsigned burn_here(volatile unsigned n) { unsigned sum = 0; while (n--) sum += n; return sum; }
int main(int count, char** words) { do burn_here(300000000); while (count > 1); return words == 0; }
END_OF_C
  gcc -g -O1 -o burn burn.c
  berth run --detach --name box "$image" -- ./burn forever
  local pid
  pid=$(berth inspect --json box | jq .[0].pid)
  # By the processor's clock: counters of the processor are not to be had in every machine.
  timeout 60 perf record -q -e cpu-clock -o samples -p "$pid" -- sleep 1
  perf script -i samples -F comm,pid,ip,sym >found 2>/dev/null
  grep -E "burn +$pid .*burn_here" found
  timeout 60 perf record -q -e cpu-clock -o samples -- "$BERTH" exec box ./burn
  perf script -i samples -F comm,ip,sym >found 2>/dev/null
  grep -E 'burn +[0-9a-f]+ burn_here' found
  run -0 perf stat -x , -e task-clock -p "$pid" -- sleep 1
  [ "$(awk -F , '/task-clock/ { print ($1 > 0) }' <<<"$output")" = 1 ]
}

# The time that berth adds is that of an exec less that of a program by itself.
@test "joining takes at most 10 ms" {
  start
  run -0 python3 - "$BERTH" <<'END'
import subprocess, sys, time
def took(*words):
    begin = time.perf_counter()
    subprocess.run(words, check=True)
    return (time.perf_counter() - begin) * 1000
# In turns, and the shortest of each: what others do on this machine only makes them longer.
times = [(took("/bin/true"), took(sys.argv[1], "exec", "box", "/bin/true")) for _ in range(41)]
plain, joined = (min(column) for column in zip(*times))
print(f"exec {joined:.2f} ms, a plain program {plain:.2f} ms")
assert joined - plain <= 10
END
  echo "# $output" >&3
}
