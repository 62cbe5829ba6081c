#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034,SC2154
# Images and binds that are up to no good: whatever stands at a place where berth mounts or writes, the
# node's files are what they were, nothing is left, and the launch works or ends with one clear message.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/hostile.XXXXXX")
  cd "$work" || return
  # Only `here` is shown inside, as the current directory: `secret` is out of everybody's reach there.
  mkdir -p here src/sub secret/sub tree/bin
  echo untouched >secret/file
  echo source >src/sub/file
  cp /bin/busybox tree/bin/busybox 2>/dev/null || skip_unless "needs busybox-static" false
  ln -s busybox tree/bin/sh
  cd here || return
}

teardown() {
  chmod -R u+rwx "$work"
  rm -rf "$work"
}

# All that a launch must not have touched, with times. Other programs are at work in /tmp, so there only
# the names that a launch builds with are looked for.
look_at_node() {
  find "$work/secret" "$work/src" -printf '%p %y %m %s %T@ %l\n'
  cat "$work"/secret/file "$work"/src/sub/file
  ls -A / ~ "$work" "$work/here"
  local place
  for place in {/tmp,/var/tmp,/mnt,/run}/{image,upper,work,root,data,sub}; do
    [ ! -e "$place" ] || echo "$place"
  done
  cat /proc/self/mountinfo
}

# What a place may be refused for: it is of the other kind, or a link that leads to nothing, round in
# circles, through the kernel's own links or into another user's process; it would have to be made where berth makes nothing; it is
# none; or it hides what berth needs itself.
kRefusals="^berth: cannot (\
bind '[^']*' to '[^']*': (\
mkdir: (File exists \(EEXIST\)|Invalid cross-device link \(EXDEV\)|Not a directory \(ENOTDIR\))|\
mknod: (File exists \(EEXIST\)|Invalid cross-device link \(EXDEV\))|\
openat2: (Not a directory \(ENOTDIR\)|Too many levels of symbolic links \(ELOOP\)|No such file or directory \(ENOENT\)|Permission denied \(EACCES\))|\
move_mount: (Not a directory \(ENOTDIR\)|Is a directory \(EISDIR\)))|\
mount a tmpfs on '[^']*': (mkdir: (File exists \(EEXIST\)|Invalid cross-device link \(EXDEV\))|\
openat2: (Not a directory \(ENOTDIR\)|Too many levels of symbolic links \(ELOOP\))|\
move_mount: Not a directory \(ENOTDIR\))|\
show '[^']*' of this node: open_tree: No such file or directory \(ENOENT\)|\
bind '[^']*' to '[^']*')$"

# launch WORDS...: berth with the image; it works, or says in one message why not.
launch() {
  run --separate-stderr timeout 20 "$BERTH" run "$@" "$work/i.sqsh" -- /bin/sh -c 'exit 0'
  [ "$status" = 0 ] || [ "$status" = 125 ] || { echo "$*: status $status, $stderr" >&2 && return 1; }
  [ "$status" = 0 ] || [[ "${stderr_lines[0]}" =~ $kRefusals && ${#stderr_lines[@]} -le 2 ]] || {
    echo "$*: $stderr" >&2 && return 1
  }
}

# As long as the image has no trap in it, the same launch works: what is refused later is for the trap.
control() {
  make_image
  launch "$@"
  [ "$status" = 0 ] || { echo "without a trap: $*: $stderr" >&2 && return 1; }
  rm "$work/i.sqsh"
}

# put KIND PLACE: into the tree; a device goes in as mksquashfs makes it.
put() {
  pseudo=()
  case $1 in
    device) mkdir -p "$(dirname "$work/tree/$2")" && pseudo=(-p "$2 c 666 0 0 1 3") ;;
    *) put_trap "$1" "$work/tree/$2" "$work/secret" ;;
  esac
}

make_image() {
  mksquashfs "$work/tree" "$work/i.sqsh" -noappend -quiet -no-progress "${pseudo[@]}" >/dev/null
}

@test "every place that berth mounts on or writes to, as each kind of trap" {
  local kind place before
  control
  before=$(look_at_node)
  for kind in absolute escape dangling loop file fifo device; do
    for place in proc sys dev tmp etc run home etc/passwd etc/group etc/hosts etc/resolv.conf; do
      put $kind $place
      make_image
      launch
      rm -rf "$work/i.sqsh" "$work/tree/${place%%/*}"
      [ "$(look_at_node)" = "$before" ] || { echo "$kind at $place" && return 1; }
    done
  done
}

@test "every target of a bind or a tmpfs, as each kind of trap" {
  local kind before
  for place in /data /data/sub /data/sub/deep; do
    control -v "$work/src:$place"
    control -v "$work/src/sub/file:$place:ro"
    control --tmpfs "$place" --mask "$place" --read-only-path "$place"
  done
  before=$(look_at_node)
  for kind in absolute escape dangling loop file fifo device; do
    put $kind data
    make_image
    for place in /data /data/sub /data/sub/deep; do
      launch -v "$work/src:$place"
      launch -v "$work/src/sub/file:$place:ro"
      launch --tmpfs "$place"
    done
    rm -rf "$work/i.sqsh" "$work/tree/data"
    [ "$(look_at_node)" = "$before" ] || { echo "$kind" && return 1; }
  done
}

@test "a bind lands where the image's link leads inside, and the node's place of that name is not seen" {
  put escape data
  mkdir -p "$work/tree$work/secret"
  make_image
  run -0 timeout 20 "$BERTH" run -v "$work/src:/data" "$work/i.sqsh" -- \
    /bin/sh -c "/bin/busybox ls /data $work/secret"
  echo "$output"
  [ "$(grep -c '^sub$' <<<"$output")" = 2 ]
  [[ "$output" != *file* ]]
}

@test "targets over /, in /proc and over our own directories" {
  local before target
  control -v "$work/src:/data"
  make_image
  before=$(look_at_node)
  for target in / // /. /../x /data/../../x; do
    launch -v "$work/src:$target"
    [ "$status" = 125 ]
  done
  for target in /proc/new /proc/self/new /proc/self/fd/0 /proc/self/root/data /proc/self/cwd/data /proc/1/root/data \
    /sys/new /dev/shm/../../data; do
    launch -v "$work/src:$target"
    [ "$status" = 125 ] || { echo "$target" && return 1; }
  done
  for target in /tmp/root /tmp/upper /tmp/image /tmp/work /tmp/upper/etc /.berth /.berth/config.json /etc/passwd; do
    launch -v "$work/src:$target"
    launch -v "$work/src/sub/file:$target"
    launch --tmpfs "$target"
  done
  launch -v "$work/src/sub/file:/proc/version"
  [ "$status" = 0 ]
  [ "$(look_at_node)" = "$before" ]
}

@test "no letter of a name or of an option gets into a mount's options" {
  local before name
  make_image
  for name in 'a,upperdir=b' 'a:b' 'a\b' 'a\,b:c' 'a"b' $'a\nb' 'a b' 'a\040b'; do
    mkdir -p "$work/src/$name" && echo "$name" >"$work/src/$name/file"
    cp "$work/i.sqsh" "$work/$name.sqsh"
    before=$(look_at_node)
    local quoted=${name//\"/\"\"}
    run -0 timeout 20 "$BERTH" run --mount "type=bind,\"src=$work/src/$quoted\",\"dst=/x/$quoted\"" \
      "$work/$name.sqsh" -- /bin/busybox cat "/x/$name/file"
    [ "$(look_at_node)" = "$before" ]
    [ "$output" = "$name" ]
  done
  for options in 'size=1,mode=0' 'mode=0777\,size=1' 'size=1:mode=2' 'nr_inodes=1,huge=always' 'size=1=2'; do
    run timeout 20 "$BERTH" run --tmpfs "/t:$options" "$work/i.sqsh" -- /bin/busybox true
    echo "$options: $output"
    [ "$options" = size=1,mode=0 ] || [ "$status" = 125 ]
  done
}

# A descriptor that berth, or who starts it, has open may be a directory of the node's.
@test "a work directory that is a link of the kernel's or above the root leads nowhere outside" {
  local number before
  mkdir -m 700 kept
  make_image
  run -0 timeout 20 "$BERTH" run --overlay kept "$work/i.sqsh" -- /bin/busybox true
  before=$(look_at_node)
  exec 20<"$work/secret"
  for number in {3..24}; do
    for options in "--overlay kept" "--share=none"; do
      # shellcheck disable=SC2086  # words
      run timeout 20 "$BERTH" run $options --workdir "/proc/self/fd/$number" "$work/i.sqsh" -- /bin/busybox true
      [ "$status" = 125 ]
      [[ "${lines[0]}" =~ ^"berth: cannot work in '/proc/self/fd/$number': openat2: "(No such|Too many|Not a) ]]
    done
  done
  exec 20<&-
  run -125 timeout 20 "$BERTH" run --workdir /proc/self/cwd "$work/i.sqsh" -- /bin/busybox true
  for place in /.. /../../.. /bin/../..; do
    run -0 timeout 20 "$BERTH" run --workdir "$place" "$work/i.sqsh" -- /bin/busybox readlink /proc/self/cwd
    [ "$output" = / ]
  done
  [ "$(look_at_node)" = "$before" ]
}

@test "devices of the image that lead elsewhere are not the container's" {
  local kind name before
  before=$(look_at_node)
  for kind in absolute escape dangling loop; do
    for name in null console ptmx shm fuse; do put $kind dev/$name; done
    make_image
    for options in "" --ipc "--pid --ipc --net=none" "--mask /etc -v $work/src:/data --mask /data/sub/file" "--mount type=devpts,dst=/dev/pts"; do
      # shellcheck disable=SC2086  # words
      run -0 timeout 20 "$BERTH" run $options "$work/i.sqsh" -- /bin/busybox stat -c %F /dev/null /dev/shm
      [ "$output" = $'character special file\ndirectory' ]
    done
    rm -rf "$work/i.sqsh" "$work/tree/dev"
    [ "$(look_at_node)" = "$before" ]
  done
}

# swap A B COUNT: exchanges two names so often, then ends.
swap() {
  python3 - "$@" <<'END_OF_PYTHON'
import ctypes, sys
renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
one, two = (name.encode() for name in sys.argv[1:3])
for _ in range(int(sys.argv[3])):
    assert renameat2(-100, one, -100, two, 2) == 0, ctypes.get_errno()
END_OF_PYTHON
}

@test "parts of a bind that are exchanged all the while" {
  local swapper launches=0 before
  control -v "$work/src/sub:/dst"
  make_image
  # One name is a directory, then a link out, and back: as a source's part, and as a target's.
  mkdir -p "$work/src/part/deep"
  ln -s "$work/secret" "$work/src/other"
  echo of-the-source >"$work/src/part/deep/file"
  stable() { find "$work/secret" -printf '%p %y %m %s %T@ %l\n'; cat "$work/secret/file" /proc/self/mountinfo; }
  before=$(stable)
  swap "$work/src/part" "$work/src/other" 100000 3>&- &
  swapper=$!
  while kill -0 $swapper 2>/dev/null; do
    launch -v "$work/src/part/deep:/dst"
    launch -v "$work/src:/data" -v "$work/src/sub:/data/part/deep"
    launch -v "$work/src:/data" -v "$work/src/sub:/data/part/new"
    launch -v "$work/src:/data:ro,nodev" --tmpfs /data/part/new/deeper
    launches=$((launches + 4))
  done
  wait $swapper
  echo "$launches launches"
  [ $launches -ge 8 ]
  [ "$(stable)" = "$before" ]
  [ "$(find "$work/src" "$work/secret" | grep -c new)" = 0 ]
  image=$work/i.sqsh  # for the two below
  expect_no_process_left
  expect_no_mount_left
}
