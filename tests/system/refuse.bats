#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
# Bad input and hosts that cannot: one clear sentence, a hint that repairs it, the right exit code,
# and the host as it was.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/refuse.XXXXXX")
  cd "$work" || return
}

teardown() {
  rm -rf "$work"
}

# What a failed launch must not have touched. Other programs are at work in /tmp, so there only the
# names that a launch builds with are looked for.
look_at_host() {
  ls -A / ~ "$work"
  ls -d {/tmp,/var/tmp,/mnt,/run}/{image,upper,work,root} 2>/dev/null
  cat /proc/self/mountinfo
}

# refused WORDS...: runs berth and remembers what the host looked like before.
refused() {
  before=$(look_at_host)
  # The exit code is looked at by expect(); bats itself would warn of 127.
  run --separate-stderr -"${expected_status:-125}" timeout 20 "$@"
}

# expect CODE 'first line' ['hint']: of the last `refused`, whole.
expect() {
  echo "status $status, stderr: $stderr"
  [ "$status" = "$1" ]
  [ "${stderr_lines[0]}" = "berth: cannot $2" ]
  if [ -n "${3:-}" ]; then
    [ "${stderr_lines[1]}" = "berth: hint: $3" ]
    [ "${#stderr_lines[@]}" = 2 ]
  else
    [ "${#stderr_lines[@]}" = 1 ]
  fi
  [ "$(look_at_host)" = "$before" ]
}

@test "no such image" {
  refused "$BERTH" run ./nowhere.sqsh -- true
  expect 125 "use './nowhere.sqsh' as an image: open: No such file or directory (ENOENT)" \
    "check the path; berth import makes an image"
}

@test "not an image" {
  seq 1000 >text.sqsh
  refused "$BERTH" run text.sqsh -- true
  echo "$stderr"
  [ "$status" = 125 ]
  [[ "${stderr_lines[0]}" == "berth: cannot use 'text.sqsh' as an image: it is not a SquashFS file"* ]]
  : >empty.sqsh
  refused "$BERTH" run empty.sqsh -- true
  echo "$stderr"
  [ "$status" = 125 ]
  [[ "${stderr_lines[0]}" == "berth: cannot use 'empty.sqsh' as an image"* ]]
  [ "$(look_at_host)" = "$before" ]
}

@test "a FIFO and a device are no images" {
  mkfifo f.sqsh
  for name in f.sqsh /dev/null; do
    refused "$BERTH" run "$name" -- true
    [ "$status" = 125 ]
    [[ "${stderr_lines[0]}" == "berth: cannot use '$name' as an image: it is not a regular file" ]]
  done
}

@test "an image whose server gives it up says why, however early that was" {
  mkdir -p tree/.berth
  head -c 2000000 /dev/zero >tree/.berth/config.json
  mksquashfs tree large.sqsh -quiet -no-progress
  for _ in $(seq 30); do
    refused "$BERTH" run large.sqsh -- true
    expect 125 "use 'large.sqsh' as an image: it is damaged: its '/.berth/config.json' is larger than 1.0 MiB"
  done
}

@test "an image whose C library has changed since it was made" {
  "$BERTH" run "$image" -- sh -c 'cat /usr/lib/*/libc.so.6' >libc
  python3 - "$image" libc changed.sqsh <<'END'
import sys
image, libc = (bytearray(open(name, "rb").read()) for name in sys.argv[1:3])
at = image.find(libc[:65536])  # it lies there as it is
assert at > 0
image[at + 1000000] ^= 1
open(sys.argv[3], "wb").write(image)
END
  refused "$BERTH" run changed.sqsh -- true
  expect 125 "check what programs start with against the image's hash tree: recv: Input/output error (EIO)" \
    "the image has changed since it was made: see 'berth image verify', and import it again"
}

@test "an image that somebody writes into while it starts never gives a changed byte" {
  cp "$image" written.sqsh
  chmod u+w written.sqsh
  "$BERTH" run "$image" -- sh -c 'cat /usr/lib/*/libc.so.6' >libc
  python3 - "$BERTH" written.sqsh libc <<'END'
import os, random, subprocess, sys, threading, time
berth, name, libc = sys.argv[1], sys.argv[2], open(sys.argv[3], "rb").read()
at = open(name, "rb").read().find(libc[:65536]) + 1000000
good, bad = libc[1000000:1000001], bytes([libc[1000000] ^ 1])
image, over = os.open(name, os.O_WRONLY), False
def write():
    while not over:
        for byte in (bad, good):
            os.pwrite(image, byte, at)
            time.sleep(random.random() * 0.004)
writer = threading.Thread(target=write)
writer.start()
look = "dd if=$(echo /usr/lib/*/libc.so.6) bs=1 skip=1000000 count=1 2>/dev/null"
runs = [subprocess.run([berth, "run", name, "--", "sh", "-c", look], capture_output=True) for _ in range(40)]
over = True
writer.join()
assert all(run.stdout in (good, b"") for run in runs), "a changed byte was read"
refused = [run.stderr for run in runs if run.returncode == 125]
assert refused, "nothing was noticed"
assert all(b"check what programs start with against the image's hash tree" in text for text in refused), refused
END
}

@test "a truncated image, wherever it was cut" {
  local size
  size=$(stat -c %s "$image")
  for part in 1 50 95 96 4096 $((size / 2)) $((size - 8192)); do
    head -c "$part" "$image" >cut.sqsh
    refused "$BERTH" run cut.sqsh -- true
    echo "$part: $stderr"
    [ "$status" = 125 ]
    [[ "${stderr_lines[0]}" == "berth: cannot use 'cut.sqsh' as an image: it is "* ]]
  done
  [ "$(look_at_host)" = "$before" ]
}

@test "an image that one may not read" {
  cp "$image" closed.sqsh && chmod 000 closed.sqsh
  refused "$BERTH" run closed.sqsh -- true
  expect 125 "use 'closed.sqsh' as an image: open: Permission denied (EACCES)" \
    "you may not read it: ask its owner for chmod +r"
}

@test "a command that the image does not have: 127" {
  expected_status=127 refused "$BERTH" run "$image" -- no-such-program
  expect 127 "start 'no-such-program': execve: No such file or directory (ENOENT)" \
    "the image has no such program: check the name, or PATH inside the image"
}

@test "a command that is not executable: 126" {
  expected_status=126 refused "$BERTH" run "$image" -- /etc/passwd
  expect 126 "start '/etc/passwd': execve: Permission denied (EACCES)" \
    "make the file executable in the image: chmod +x"
}

@test "a script without interpreter: 127; a file of another format: 126" {
  printf '#!/no/such/interpreter\n' >script && printf 'no program\n' >data && chmod +x script data
  expected_status=127 refused "$BERTH" run "$image" -- ./script
  expect 127 "start './script': execve: No such file or directory (ENOENT)" \
    "the file is there: its interpreter or loader is missing from the image"
  expected_status=126 refused "$BERTH" run "$image" -- ./data
  expect 126 "start './data': execve: Exec format error (ENOEXEC)" \
    "it is not a program for this machine: check its architecture, or begin a script with #!"
}

@test "user namespaces forbidden by user.max_user_namespaces=0" {
  # The limit can be set in a namespace of our own; capabilities are given up before berth starts.
  refused unshare --user --map-current-user --keep-caps sh -c '
    echo 0 >/proc/sys/user/max_user_namespaces &&
    exec setpriv --ambient-caps=-all --inh-caps=-all "$@"' sh "$BERTH" run "$image" -- true
  expect 125 "create a user and mount namespace: unshare: No space left on device (ENOSPC)" \
    "raise the sysctl user.max_user_namespaces"
}

# in_own_dev 'COMMANDS': berth in a mount namespace where COMMANDS have changed /dev.
in_own_dev() {
  unshare --user --mount --map-current-user --keep-caps sh -c "$1"' &&
    exec setpriv --ambient-caps=-all --inh-caps=-all "$2" run "$3" -- true' sh "$work" "$BERTH" "$image"
}

@test "/dev/fuse missing" {
  before=$(look_at_host)
  run --separate-stderr in_own_dev 'mount -t tmpfs none /dev'
  echo "$stderr"
  [ "$status" = 125 ]
  [[ "${stderr_lines[0]}" == "berth: cannot mount the image '$image' on '/tmp/image': open: No such file or directory (ENOENT)" ]]
  [ "${stderr_lines[1]}" = "berth: hint: ask the administrator to load the kernel module: modprobe fuse" ]
  [ "$(look_at_host)" = "$before" ]
}

@test "/dev/fuse closed" {
  # Another file that belongs to root and is not ours to read stands in its place.
  before=$(look_at_host)
  run --separate-stderr in_own_dev 'mount --bind /etc/shadow /dev/fuse'
  echo "$stderr"
  [ "$status" = 125 ]
  [[ "${stderr_lines[0]}" == "berth: cannot mount the image '$image' on '/tmp/image': open: Permission denied (EACCES)" ]]
  [ "${stderr_lines[1]}" = "berth: hint: ask the administrator to open the device: chmod 666 /dev/fuse" ]
  [ "$(look_at_host)" = "$before" ]
}

@test "a bind source that does not exist, and one that may not be entered" {
  refused "$BERTH" run -v /no/such:/x "$image" -- true
  expect 125 "show '/no/such' of this node: open_tree: No such file or directory (ENOENT)" \
    "it does not exist on this node: check the path"
  mkdir -p locked/in && chmod 000 locked
  refused "$BERTH" run -v /root/.ssh:/x "$image" -- true
  [ "$status" = 125 ]
  chmod 700 locked
}

@test "a missing bind target below a host directory is not made on the host" {
  refused "$BERTH" run -v /usr:"$work/target" "$image" -- true
  echo "$stderr"
  [ "$status" = 125 ]
  [[ "${stderr_lines[0]}" == "berth: cannot bind '/usr' to '$work/target': mkdir: "*"(EXDEV)" ]]
  [ ! -e target ]
}

@test "a directory over a file" {
  refused "$BERTH" run -v /usr:/etc/motd "$image" -- true
  echo "$stderr"
  [ "$status" = 125 ]
  [ "${stderr_lines[1]}" = "berth: hint: a directory can only cover a directory, and a file a file" ]
}

@test "a work directory that the image lacks" {
  refused "$BERTH" run -w /not/there "$image" -- true
  expect 125 "work in '/not/there': openat2: No such file or directory (ENOENT)" \
    "choose a directory that the image has: --workdir DIR"
}

@test "wrong words" {
  refused "$BERTH" run --red-only "$image" -- true
  expect 125 "understand the option '--red-only'" "did you mean --read-only?"
  refused "$BERTH" run
  expect 125 "run without an image" "write berth run IMAGE [COMMAND...]"
  expected_status=2 refused "$BERTH" rum
  expect 2 "understand 'rum'" "did you mean berth run?"
  expected_status=2 refused "$BERTH" import
  [ "$status" = 2 ]
}

@test "a hostile image's links lead nowhere outside" {
  command -v mksquashfs >/dev/null || skip_unless "needs mksquashfs" false
  mkdir -p tree/bin tree/usr secret
  echo untouched >secret/file
  cp /bin/busybox tree/bin/busybox 2>/dev/null || skip_unless "needs busybox-static" false
  ln -s busybox tree/bin/sh
  # Every place that berth mounts on or writes to is a link out of the image.
  for name in proc sys dev tmp home etc data; do ln -s "../../../../..$work/secret" "tree/$name"; done
  mksquashfs tree hostile.sqsh -noappend -quiet >/dev/null
  refused "$BERTH" run -v /usr:/data/sub "$PWD/hostile.sqsh" -- /bin/sh -c 'exit 0'
  echo "$stderr"
  [ "$(ls -A secret)" = file ]
  [ "$(cat secret/file)" = untouched ]
  [ "$(look_at_host)" = "$before" ]
}
