#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# berth run, in real namespaces, as an ordinary user.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/run.XXXXXX")
  cd "$work" || return
}

teardown() {
  rm -rf "$work"
}

inside() {
  timeout 30 "$BERTH" run "$image" -- "$@"
}

@test "the program sees the image, not the host" {
  run --separate-stderr inside cat /etc/motd
  [ "$status" = 0 ]
  [ -z "$stderr" ]
  [ "$output" != "$(cat /etc/motd 2>/dev/null)" ]
  [ -e "$(command -v bats)" ]
  run inside ls "$(command -v bats)"
  [ "$status" != 0 ]
}

@test "the caller is himself inside: user, group, home, files" {
  run inside sh -c 'id -u; id -g; id -un; echo ~; touch owned; stat -c %u owned'
  [ "$status" = 0 ]
  [ "$output" = "$(id -u; id -g; id -un; echo ~; id -u)" ]
  [ "$(stat -c %u owned)" = "$(id -u)" ]
}

@test "--root is uid 0 inside and the caller outside" {
  run timeout 30 "$BERTH" run --root "$image" -- sh -c 'id -u; id -un; touch "$1/by-root"' sh "$work"
  [ "$status" = 0 ]
  [ "$output" = $'0\nroot' ]
  [ "$(stat -c %u by-root)" = "$(id -u)" ]
}

@test "stdin, stdout and stderr are the caller's" {
  run --separate-stderr inside sh -c 'tr a-z A-Z; echo trouble >&2' <<<"through and through"
  [ "$status" = 0 ]
  [ "$output" = "THROUGH AND THROUGH" ]
  [ "$stderr" = "trouble" ]
}

@test "a reader of our output is not kept waiting by a process of ours" {
  # The server lives on while something keeps the mount; it must not hold the pipe.
  inside sh -c 'sleep 8 >/dev/null 2>&1 <&- & echo first' | {
    read -r line
    [ "$line" = first ]
    begin=$SECONDS
    ! read -r line || false
    [ $((SECONDS - begin)) -lt 6 ]
  }
}

@test "exit codes are the program's" {
  for code in 0 1 2 42 125 255; do
    run inside sh -c "exit $code"
    [ "$status" = "$code" ]
  done
}

@test "a signal ends the program as it would outside" {
  run inside sh -c 'kill -TERM $$'
  [ "$status" = 143 ]
  run inside sh -c 'kill -KILL $$'
  [ "$status" = 137 ]
}

@test "the process that was started becomes the program and gets its signals" {
  timeout 30 "$BERTH" run "$image" -- sh -c 'trap "echo caught; exit 7" USR1; echo $$; while :; do sleep 0.05; done' >out 3>&- &
  local pid=$!
  for _ in $(seq 100); do [ -s out ] && break || sleep 0.05; done
  # timeout(1) is the parent: its child is the one that was started.
  [ "$(head -n 1 out)" = "$(tr -d " " <"/proc/$pid/task/$pid/children")" ]
  kill -USR1 "$(head -n 1 out)"
  wait $pid || true
  grep -qx caught out
}

@test "an application that waits for its children meets none of ours" {
  run inside python3 -c 'import os
try: os.wait()
except ChildProcessError: print("no child")'
  [ "$status" = 0 ]
  [ "$output" = "no child" ]
}

@test "no capabilities, no new privileges, no descriptors of ours" {
  run inside sh -c 'grep -E "^(Cap|NoNewPrivs)" /proc/self/status; ls /proc/self/fd'
  [ "$status" = 0 ]
  [ "$(grep -c '^Cap.*0000000000000000$' <<<"$output")" = 5 ]
  grep -q $'^NoNewPrivs:\t1$' <<<"$output"
  # 0, 1, 2 and the folder that ls itself has open.
  [ "$(grep -cE '^[0-9]+$' <<<"$output")" = 4 ]
}

@test "a descriptor of the caller's does not leak in, the one in PMI_FD does" {
  run inside sh -c 'ls /proc/self/fd' 7</etc/hostname
  [[ "$output" != *7* ]]
  PMI_FD=7 run inside sh -c 'cat <&7' 7<<<"from the launcher"
  [ "$output" = "from the launcher" ]
}

@test "no setuid program is needed: it works where none can" {
  run setpriv --no-new-privs timeout 30 "$BERTH" run "$image" -- echo fine
  [ "$output" = fine ]
}

@test "what is written stays in this run" {
  run inside sh -c 'echo new >/etc/motd; rm /etc/os-release; mkdir /data; cat /etc/motd; ls /etc/os-release'
  [ "${lines[0]}" = new ]
  [ "$status" != 0 ]
  run inside sh -c 'cat /etc/motd; [ -e /data ] || echo gone; grep -q debian /etc/os-release && echo whole'
  [ "${lines[0]}" != new ]
  [ "${lines[1]}" = gone ]
  [ "${lines[2]}" = whole ]
}

# What every name below the given ones is, of which bytes and times.
attributes='cd "$1" && shift && find "$@" -printf "%p %y %m %s %T@ %l\n" | grep -v " d " | sort && sha256sum "$5"'

@test "what programs start with is as in the image: types, modes, sizes, times, bytes" {
  unsquashfs -quiet -no-progress -no-xattrs -user-xattrs -d tree "$image" >/dev/null 2>&1 ||
    unsquashfs -quiet -no-progress -d tree "$image" >/dev/null
  local libc
  libc=$(cd tree && find usr/lib -name libc.so.6)
  "$BERTH" run --plan "$image" -- true | grep -qx "      $libc"
  run inside sh -c "$attributes" sh / bin lib lib64 usr/lib64 "$libc" etc/ld.so.cache
  [ "$status" = 0 ]
  [ "$output" = "$(sh -c "$attributes" sh tree bin lib lib64 usr/lib64 "$libc" etc/ld.so.cache)" ]
  run inside stat -c '%n %a %Y' /usr /usr/lib64 /usr/lib "/${libc%/*}"
  [ "$output" = "$(cd tree && stat -c '/%n %a %Y' usr usr/lib64 usr/lib "${libc%/*}")" ]
}

@test "a library can be replaced in a container, and others do not see it" {
  libc=$(inside sh -c 'echo /usr/lib/*/libc.so.6')
  run inside sh -c "cp $libc $libc.new && echo more >>$libc.new && mv $libc.new $libc && tail -c 5 $libc"
  [ "$status" = 0 ]
  [ "$output" = more ]
  run inside tail -c 5 "$libc"
  [ "$output" != more ]
}

@test "who bounds the scratch file system narrowly has all of it for himself" {
  run timeout 30 "$BERTH" run --plan --tmpfs-size 63M "$image" -- true
  [ "$status" = 0 ]
  [[ "$output" != *"copy what programs start with"* ]]
  run timeout 30 "$BERTH" run --tmpfs-size 4M "$image" -- sh -c 'head -c 3800000 /dev/zero >/big'
  [ "$status" = 0 ]
}

@test "a program runs where files may not be as large as the C library" {
  run bash -c "ulimit -f 1000 && exec timeout 30 '$BERTH' run '$image' -- sh -c 'ulimit -f; ls /usr >/dev/null'"
  [ "$status" = 0 ]
  [ "$output" = 2000 ] # of 512 bytes, as sh counts
}

@test "--tmpfs-size bounds what can be written" {
  run timeout 30 "$BERTH" run --tmpfs-size 4M "$image" -- sh -c 'head -c 16M /dev/zero >/big'
  [ "$status" != 0 ]
  grep -q "No space left" <<<"$output"
}

@test "--read-only refuses writes outside binds" {
  run timeout 30 "$BERTH" run --read-only --bind "$work:/data" "$image" -- \
    sh -c 'echo yes >/data/file; echo no >/etc/motd'
  [ "$status" != 0 ]
  grep -q "Read-only file system" <<<"$output"
  [ "$(cat file)" = yes ]
}

@test "binds: directory, file, read-only, at a place that the image lacks" {
  echo content >file
  run timeout 30 "$BERTH" run -v "$work:/new/deep/place" -v "$work/file:/etc/of-the-host:ro" "$image" -- \
    sh -c 'cat /new/deep/place/file /etc/of-the-host; echo more >/new/deep/place/more; echo x >/etc/of-the-host'
  [ "$status" != 0 ]
  [ "${lines[0]}" = content ]
  [ "${lines[1]}" = content ]
  grep -q "Read-only file system" <<<"$output"
  [ "$(cat more)" = more ]
  [ "$(cat file)" = content ]
}

@test "a relative bind source is the current directory's" {
  mkdir data && echo here >data/file
  run timeout 30 "$BERTH" run -v ./data:/data "$image" -- cat /data/file
  [ "$output" = here ]
}

@test "home and the current directory are shown, --home=none hides the home" {
  run inside pwd
  [ "$output" = "$work" ]
  touch ~/berth-was-here
  run inside ls -l ~/berth-was-here
  [ "$status" = 0 ]
  run timeout 30 "$BERTH" run --home=none "$image" -- ls -l ~/berth-was-here
  [ "$status" != 0 ]
  rm ~/berth-was-here
}

@test "--workdir chooses where the program begins" {
  run timeout 30 "$BERTH" run -w /usr/share "$image" -- pwd
  [ "$output" = /usr/share ]
}

@test "the environment: image over caller, --env over image, host paths stay outside" {
  echo 'FROM_FILE=file value' >vars
  run env MINE=kept LD_LIBRARY_PATH=/host/lib PATH="/host/only:$PATH" timeout 30 \
    "$BERTH" run --env-file vars -e GIVEN=1 -e MINE "$image" -- env
  [ "$status" = 0 ]
  grep -qx MINE=kept <<<"$output"
  grep -qx GIVEN=1 <<<"$output"
  grep -qx 'FROM_FILE=file value' <<<"$output"
  [[ "$output" != */host* ]]
  run env MINE=dropped timeout 30 "$BERTH" run --clean-env "$image" -- env
  [[ "$output" != *MINE* ]]
  grep -q ^PATH= <<<"$output"
}

@test "/etc/passwd, group, hosts and resolv.conf know the caller and the host" {
  run inside sh -c 'getent passwd $(id -u) | cut -d: -f1,6; getent group $(id -g) | cut -d: -f1; getent passwd root | cut -d: -f3'
  [ "$output" = "$(echo "$(id -un):$HOME"; id -gn; echo 0)" ]
  run inside cat /etc/hosts
  [ "$output" = "$(cat /etc/hosts)" ]
  run inside cat /etc/resolv.conf
  [ "$output" = "$(cat /etc/resolv.conf)" ]
}

@test "/proc, /sys and /dev are there" {
  run inside sh -c 'cat /proc/self/comm; ls -d /sys/class /dev/null /dev/shm; echo x >/dev/null'
  [ "$status" = 0 ]
  [ "${lines[0]}" = cat ]
}

@test "CPU affinity is what it was outside" {
  run inside taskset -cp 0 || skip_unless "needs taskset in the image" false
  local outside inside
  outside=$(grep Cpus_allowed_list /proc/self/status)
  inside=$(inside grep Cpus_allowed_list /proc/self/status)
  [ "$inside" = "$outside" ]
  inside=$(taskset -c 0 "$BERTH" run "$image" -- grep Cpus_allowed_list /proc/self/status)
  [ "$inside" = $'Cpus_allowed_list:\t0' ]
}

@test "the image's own command runs when none is given" {
  run timeout 30 "$BERTH" run --plan "$image"
  [ "$status" = 0 ]
  run timeout 30 "$BERTH" run --entrypoint /bin/echo "$image" a "b c"
  [ "$output" = "a b c" ]
}

@test "--plan prints the steps and does nothing" {
  run timeout 30 "$BERTH" run --plan -v "$work:/nowhere" "$image" -- touch "$work/ran"
  [ "$status" = 0 ]
  [[ "${lines[0]}" == *"create a user and mount namespace" ]]
  grep -q "bind '$work' to '/nowhere'" <<<"$output"
  grep -q "start 'touch'" <<<"$output"
  [ ! -e ran ]
}

@test "fifty at a time, each with its own writable root" {
  for n in $(seq 50); do
    inside sh -c "echo $n >/etc/motd; sleep 0.1; cat /etc/motd" >"out.$n" 3>&- &
  done
  wait
  for n in $(seq 50); do [ "$(cat "out.$n")" = "$n" ]; done
}

@test "nothing is left: processes, mounts, files" {
  make_own_image
  before=$(find_files_of_berth)
  run timeout 30 "$BERTH" run "$image" -- sh -c 'echo $$'
  [ "$status" = 0 ]
  expect_no_process_left
  expect_no_mount_left
  [ "$(find_files_of_berth)" = "$before" ]
  rm -f "$image"
}

@test "nothing is left after the program is killed" {
  make_own_image
  before=$(find_files_of_berth)
  for _ in $(seq 10); do
    "$BERTH" run "$image" -- sleep 60 3>&- &
    local pid=$!
    sleep "0.0$((RANDOM % 10))"
    kill -KILL $pid
    wait $pid || true
  done
  expect_no_process_left
  expect_no_mount_left
  [ "$(find_files_of_berth)" = "$before" ]
  rm -f "$image"
}

@test "the server killed: the program gets an error, nobody hangs" {
  make_own_image
  mkfifo go
  "$BERTH" run "$image" -- sh -c 'echo started; read -r line <go; cat /etc/os-release; echo "cat said $?"' \
    >out 2>&1 3>&- &
  local pid=$! server
  for _ in $(seq 100); do grep -q started out && break || sleep 0.05; done
  server=$(find_own_processes | cut -d: -f1 | grep -vx "$pid" | head -n 1)
  [ -n "$server" ]
  kill -KILL "$server"
  echo now >go
  timeout 10 tail --pid=$pid -f /dev/null
  local ended=0
  wait $pid || ended=$?
  cat out
  # Pages of the shell itself may be among those that nobody can bring any more: SIGBUS.
  grep -qE "cat said [1-9]" out || [ $ended = 135 ]
  expect_no_process_left
  rm -f "$image"
}

@test "who ignores SIGCHLD gets a container all the same, and the program ignores it too" {
  run --separate-stderr env --ignore-signal=CHLD "$BERTH" run "$image" -- grep SigIgn /proc/self/status
  echo "$stderr"
  [ "$status" = 0 ]
  # SIGCHLD is 17.
  [ "$((0x$(cut -f 2 <<<"$output") >> 16 & 1))" = 1 ]
  run inside grep SigIgn /proc/self/status
  [ "$((0x$(cut -f 2 <<<"$output") >> 16 & 1))" = 0 ]
}

@test "--root-hash runs that image and no other, also where several lie on each other" {
  for name in one other; do
    mkdir -p "$name/bin" && cp /bin/busybox "$name/bin/busybox"
    echo "$name" >"$name/name"
    "$BERTH" import -q "dir:$name" "$name.sqsh"
  done
  local one other
  one=$("$BERTH" image verify --json one.sqsh | jq -r .root_hash)
  other=$("$BERTH" image verify --json other.sqsh | jq -r .root_hash)
  run -0 "$BERTH" run --home none --root-hash="$one" one.sqsh -- /bin/busybox cat /name
  [ "$output" = one ]
  run -0 "$BERTH" run --home none --root-hash="$one+$other" one.sqsh+other.sqsh -- /bin/busybox cat /name
  [ "$output" = other ]
  run -0 "$BERTH" run --home none --root-hash="$one+-" one.sqsh+other.sqsh -- /bin/busybox cat /name
  mv other.sqsh one.sqsh
  run -125 "$BERTH" run --home none --root-hash="$one" one.sqsh -- /bin/busybox cat /name
  [ "$output" = "berth: cannot use 'one.sqsh' as an image: it is not the one that was asked for
berth: hint: it has been changed or replaced: look at its root hash with 'berth image verify', and ask for that one" ]
  # One without a tree cannot be the one that was asked for.
  mksquashfs one bare.sqsh -quiet -no-progress >/dev/null
  run -125 "$BERTH" run --home none --root-hash="$one" bare.sqsh -- /bin/busybox cat /name
  [ "${lines[0]}" = "berth: cannot use 'bare.sqsh' as an image: it is not the one that was asked for" ]
  run -125 "$BERTH" run --root-hash="${one^^}" one.sqsh -- true
  [ "${lines[1]}" = "berth: hint: write its 64 digits in lower case, as 'berth image verify' does" ]
}

@test "--no-verify reads what is there, where else a damaged block is an error" {
  mkdir -p tree/bin && cp /bin/busybox tree/bin/busybox
  head -c 300000 /dev/urandom >tree/data
  "$BERTH" import -q dir:tree whole.sqsh
  python3 - tree/data whole.sqsh damaged.sqsh <<'END'
import sys
data, image = (bytearray(open(name, "rb").read()) for name in sys.argv[1:3])
at = image.find(data[:65536])  # what cannot be compressed lies there as it is
assert at > 0
image[at + 5000] ^= 1
open(sys.argv[3], "wb").write(image)
END
  run -1 "$BERTH" run --home none damaged.sqsh -- /bin/busybox md5sum /data
  [[ "$output" == *"/data: I/O error" || "$output" == *"Input/output error" ]]
  run "$BERTH" run --home none --no-verify damaged.sqsh -- /bin/busybox md5sum /data
  [ "$status" = 0 ]
  [[ "$output" == *"  /data" ]]
  [ "$output" != "$(cd tree && md5sum data)" ]
}
