#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# berth mount and unmount, by an ordinary user.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/mount.XXXXXX")
  cd "$work" || return
  make_own_image
  mkdir dir
}

teardown() {
  # What a test has left mounted, also over one another.
  while grep -q " $work/.* fuse.berth " /proc/self/mountinfo; do
    fusermount3 -uz "$(sed -n "s|.* \($work/[^ ]*\) .* fuse.berth .*|\1|p" /proc/self/mountinfo | tail -n 1)" || break
  done
  wait
  rm -rf --one-file-system "$work"
  rm -f "$image"
}

is_mounted() {
  grep -q " $work/$1 .* fuse.berth " /proc/self/mountinfo
}

# Waits until something is so: ten seconds, as machines may be loaded.
await() {
  for _ in $(seq 200); do
    ! "$@" || return 0
    sleep 0.05
  done
  return 1
}

is_gone() {
  ! is_mounted "$1"
}

server() {
  find_own_processes | cut -d: -f1 | while read -r pid; do
    [ "$(cat "/proc/$pid/comm")" != berth-serve ] || echo "$pid"
  done
}

# refused CODE 'first line' ['hint'] WORDS...
refused() {
  local code=$1 line=$2 hint=$3
  shift 3
  run --separate-stderr -"$code" timeout 30 "$BERTH" "$@"
  echo "$stderr"
  [ "${stderr_lines[0]}" = "berth: cannot $line" ]
  [ -z "$hint" ] || [ "${stderr_lines[1]}" = "berth: hint: $hint" ]
}

@test "the image is there when mount returns, and gone when unmount does" {
  run --separate-stderr "$BERTH" mount "$image" dir
  [ "$status" = 0 ]
  [ -z "$output$stderr" ]
  "$BERTH" run "$image" -- cat /etc/os-release | cmp - dir/etc/os-release
  run --separate-stderr "$BERTH" unmount dir
  [ "$status" = 0 ]
  [ -z "$output$stderr" ]
  is_gone dir
  expect_no_process_left
}

@test "it is the user's, read-only, without devices and set-user-ids" {
  "$BERTH" mount "$image" dir
  [ "$(stat -c %u dir/etc/passwd)" = "$(id -u)" ]
  options=$(sed -n "s|.* $work/dir \([^ ]*\) .*|\1|p" /proc/self/mountinfo)
  for option in ro nosuid nodev; do [[ ,$options, == *,$option,* ]]; done
  run touch dir/new
  [[ "$output" == *"Read-only file system"* ]]
}

@test "the server is locked in, of a session of its own, and holds none of our streams" {
  output=$("$BERTH" mount "$image" dir 2>&1) # waits for who holds the pipe
  pid=$(server)
  [ -n "$pid" ]
  grep -qx $'Seccomp:\t2' "/proc/$pid/status"
  grep -qx $'NoNewPrivs:\t1' "/proc/$pid/status"
  # Fields 5 and 6 behind the name: process group and session.
  [ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f4)" = "$pid" ]
}

@test "a directory with something in it is covered and comes back" {
  echo mine >dir/file
  "$BERTH" mount "$image" dir
  [ ! -e dir/file ]
  "$BERTH" unmount dir
  [ "$(cat dir/file)" = mine ]
}

@test "names: a link to a directory, a relative one, odd letters, an image of the store" {
  export BERTH_STORE=$work/store
  mkdir store tree && echo hello >tree/file
  "$BERTH" import -q dir:tree --name app
  ln -s dir link && mkdir 'a,b:c\d e'
  for name in link ./dir/../dir 'a,b:c\d e'; do
    "$BERTH" mount app "$name"
    [ "$(cat "$name/file")" = hello ]
    "$BERTH" unmount "$name"
    [ ! -e "$name/file" ]
  done
}

@test "a directory that is missing, none, or another user's is refused" {
  local hint="make a directory of your own for it: mkdir DIR"
  refused 1 "mount on 'none': realpath: No such file or directory (ENOENT)" "$hint" mount "$image" none
  touch file
  refused 1 "mount on 'file': open: Not a directory (ENOTDIR)" "$hint" mount "$image" file
  refused 2 "mount on '/usr': it belongs to user 0" "$hint" mount "$image" /usr
  expect_no_process_left
}

@test "an image that is missing, none or damaged is refused as by run, and nothing is mounted" {
  refused 1 "use './none.sqsh' as an image: open: No such file or directory (ENOENT)" \
    "check the path; berth import makes an image" mount ./none.sqsh dir
  seq 1000 >text.sqsh
  run --separate-stderr -1 "$BERTH" mount text.sqsh dir
  [[ ${stderr_lines[0]} == "berth: cannot use 'text.sqsh' as an image: it is not a SquashFS file"* ]]
  mkdir -p tree/.berth && head -c 2000000 /dev/zero >tree/.berth/config.json
  mksquashfs tree large.sqsh -quiet -no-progress
  refused 1 "use 'large.sqsh' as an image: it is damaged: its '/.berth/config.json' is larger than 1.0 MiB" \
    "" mount large.sqsh dir
  is_gone dir
}

@test "an image is mounted there already: the second mount is refused" {
  "$BERTH" mount "$image" dir
  refused 2 "mount on 'dir': an image is mounted there already" \
    "take it away first: berth unmount DIR" mount "$image" dir
  [ -e dir/etc ]
}

@test "of many mounts at once on one directory one succeeds" {
  for n in $(seq 8); do
    { "$BERTH" mount "$image" dir 2>"err.$n" && touch "good.$n"; } 3>&- &
  done
  wait
  [ "$(find . -name 'good.*' | wc -l)" = 1 ]
  [ "$(cat err.* | grep -c "an image is mounted there already$")" = 7 ]
  "$BERTH" unmount dir
  is_gone dir
  expect_no_process_left
}

@test "a mount in use is not taken away" {
  "$BERTH" mount "$image" dir
  exec 9<dir/etc/passwd
  refused 1 "unmount '$work/dir': it is in use: umount2: Device or resource busy (EBUSY)" \
    "end what uses it, or leave the directory: fuser -vm DIR" unmount dir
  exec 9<&-
  "$BERTH" unmount dir
}

@test "unmount takes away nothing but what mount has made" {
  refused 2 "unmount 'dir': no image is mounted there" \
    "see where images are mounted: findmnt -t fuse.berth" unmount dir
  refused 2 "unmount '/proc': no image is mounted there" "" unmount /proc
  refused 1 "unmount 'none': realpath: No such file or directory (ENOENT)" "" unmount none
}

@test "a server that was killed: mount says so, and unmount takes the rest away" {
  "$BERTH" mount "$image" dir
  kill -KILL "$(server)"
  await expect_no_process_left
  run ls dir
  [ "$status" != 0 ]
  refused 2 "mount on 'dir': an image is mounted there, and its server has gone" \
    "take it away first: berth unmount DIR" mount "$image" dir
  "$BERTH" unmount dir
  "$BERTH" mount "$image" dir
  [ -e dir/etc ]
}

@test "--foreground serves until it is unmounted" {
  "$BERTH" mount -f "$image" dir 3>&- &
  pid=$!
  await is_mounted dir
  await test -e dir/etc
  kill -0 "$pid"
  "$BERTH" unmount dir
  wait "$pid"
  expect_no_process_left
}

@test "--foreground is ended by SIGINT, SIGTERM and SIGHUP, also while something uses the mount" {
  for signal in INT TERM HUP; do
    # A shell has the background ignore SIGINT, and whoever runs the tests may ignore SIGHUP.
    env --default-signal=INT,TERM,HUP "$BERTH" mount --foreground "$image" dir 3>&- &
    pid=$!
    await test -e dir/etc
    exec 9<dir/etc/passwd
    kill -$signal "$pid"
    wait "$pid"
    is_gone dir
    exec 9<&-
    expect_no_process_left
  done
}

@test "a signal that is ignored stays so" {
  env --ignore-signal=HUP "$BERTH" mount -f "$image" dir 3>&- &
  pid=$!
  await test -e dir/etc
  kill -HUP "$pid"
  sleep 0.2
  kill -0 "$pid"
  [ -e dir/etc ]
  kill -TERM "$pid"
  wait "$pid"
  is_gone dir
}

@test "Ctrl-C at any moment leaves no mount without a server" {
  for n in $(seq 25); do
    env --default-signal=INT,TERM,HUP "$BERTH" mount "$image" dir 3>&- &
    pid=$!
    sleep "0.0$((n % 5))$((RANDOM % 10))"
    if kill -INT "$pid" 2>/dev/null; then
      wait "$pid" || [ $? = 130 ]
    else
      wait "$pid" # it was through before
    fi
    if is_mounted dir; then
      [ -e dir/etc ]
      "$BERTH" unmount dir
    fi
  done
  expect_no_process_left
}

@test "without fusermount3, and with words that make no sense" {
  mkdir empty
  run --separate-stderr -1 env PATH="$work/empty" "$BERTH" mount "$image" dir
  echo "$stderr"
  [ "${stderr_lines[0]}" = "berth: cannot mount on '$work/dir': start 'fusermount3': posix_spawnp: No such file or directory (ENOENT)" ]
  [ "${stderr_lines[1]}" = "berth: hint: install fusermount3, which may mount for users: package fuse3" ]
  refused 2 "understand so few words" "write berth mount [OPTIONS] IMAGE DIR" mount "$image"
  refused 2 "understand so many words" "write berth unmount DIR" unmount a b
  refused 2 "understand the option '--forground'" "did you mean --foreground?" mount --forground
  expect_no_process_left
}

@test "who ignores SIGCHLD can mount and unmount" {
  env --ignore-signal=CHLD "$BERTH" mount "$image" dir
  [ -e dir/etc ]
  env --ignore-signal=CHLD "$BERTH" unmount dir
  is_gone dir
}

@test "it works without standard streams" {
  "$BERTH" mount "$image" dir <&- >&- 2>&-
  [ -e dir/etc ]
  "$BERTH" unmount dir <&- >&- 2>&-
  is_gone dir
}
