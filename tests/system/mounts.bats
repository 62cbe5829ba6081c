#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# File systems of the container's own, and --mount in podman's words: what was asked, what the plan says,
# and what /proc/self/mountinfo then has.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/mounts.XXXXXX")
  cd "$work" || return
}

teardown() {
  rm -rf "$work"
}

berth_run() {
  timeout 30 "$BERTH" run "$@"
}

# line_at PLACE: "FLAGS TYPE OPTIONS" of the last mount there.
line_at() {
  awk -v place="$1" '$5 == place { line = $6; sub(/.* - /, ""); line = line " " $1 " " $3 } END { print line }' <<<"$output"
}

@test "--tmpfs: empty, bounded, with its mode and flags, and nothing can be made of it but what was asked" {
  run -0 berth_run --tmpfs /scratch:size=1m,mode=0700,noexec "$image" -- sh -c '
    cat /proc/self/mountinfo; ls -A /scratch; stat -c %a /scratch
    head -c 3000000 /dev/zero >/scratch/large; stat -c %s /scratch/large'
  echo "$(line_at /scratch) | ${lines[*]: -3}"
  [[ "$(line_at /scratch)" == "rw,nosuid,nodev,noexec,relatime tmpfs rw,size=1024k,mode=700"* ]]
  [[ "$output" == *"No space left on device"* ]]
  [ "${lines[-1]}" = 1048576 ]
  run -0 berth_run --plan --tmpfs /scratch:size=1m,mode=0700,noexec "$image" -- true
  grep -A2 -E '^ +[0-9]+  make a file system .tmpfs. for this container with nosuid, nodev, noexec$' <<<"$output" | grep -x '      size=1048576'
  grep -E "^ +[0-9]+  mount a tmpfs on '/scratch'\$" <<<"$output"
  run --separate-stderr -125 berth_run --tmpfs "" "$image" -- true
  [ "${stderr_lines[1]}" = "berth: hint: write --tmpfs /PLACE or /PLACE:OPTS" ]
  run -0 berth_run --tmpfs /scratch "$image" -- sh -c 'cp /bin/true /scratch/t && /scratch/t && stat -c %a /scratch'
  [ "$output" = 1777 ]
  run berth_run --tmpfs /scratch:ro "$image" -- touch /scratch/file
  [[ "$output" == *"Read-only file system"* ]]
}

@test "--tmpfs over what the node shows hides it, for this container alone" {
  echo here >~/berth-mounts-test
  run berth_run --tmpfs "$HOME" "$image" -- sh -c 'ls -A ~; echo new >~/berth-mounts-new'
  rm ~/berth-mounts-test
  [ "$status" = 0 ]
  [ -z "$output" ]
  [ ! -e ~/berth-mounts-new ]
}

@test "places that a bind lacks are made in a tmpfs of the container's, never in the node's tree" {
  mkdir in && echo content >in/file
  run -0 berth_run --tmpfs /data -v "$work/in:/data/a/b:ro" -v "$work/in/file:/data/a/file" "$image" -- \
    cat /data/a/b/file /data/a/file
  [ "$output" = $'content\ncontent' ]
  run -125 berth_run --tmpfs /data -v "$work:/data/place" -v "$work/in:/data/place/not/there" "$image" -- true
  [[ "$output" == *"mkdir: Invalid cross-device link (EXDEV)"* ]]
  [ ! -e not ]
  run -125 berth_run --tmpfs /data:ro -v "$work/in:/data/a" "$image" -- true
  [[ "$output" == *"cannot bind '$work/in' to '/data/a': mkdir: Read-only file system (EROFS)"* ]]
  [ "${lines[1]}" = "berth: hint: no place can be made in what is read-only: leave out its ro, or bind to another place" ]
  run -125 berth_run --tmpfs /data:nr_inodes=1 -v "$work/in:/data/a" "$image" -- true
  [[ "$output" == *"cannot bind '$work/in' to '/data/a': mkdir: No space left on device (ENOSPC)"* ]]
  [ "${lines[1]}" = "berth: hint: the file system there is full: a larger --tmpfs-size, or size= and nr_inodes= of a --tmpfs" ]
}

@test "--mount type=bind is --bind, also for paths with commas, colons and quotes" {
  mkdir 'a,b:c"d' && echo odd >'a,b:c"d/file'
  run -0 berth_run --mount "type=bind,\"src=$work/a,b:c\"\"d\",\"target=/x,y:\"\"z\",readonly" "$image" -- \
    sh -c 'cat "/x,y:\"z/file"; echo >"/x,y:\"z/new"; true'
  [ "${lines[0]}" = odd ]
  [[ "$output" == *"Read-only file system"* ]]
  cd 'a,b:c"d'
  run -0 berth_run --mount type=bind,source=.,destination=/rel,bind-propagation=rprivate,noexec "$image" -- \
    sh -c 'cat /rel/file /proc/self/mountinfo'
  [ "${lines[0]}" = odd ]
  [[ "$(line_at /rel)" == *noexec* ]]
}

@test "devpts: terminals of the container's own" {
  run -0 berth_run --mount type=devpts,dst=/srv/pts,max=3 "$image" -- sh -c '
    cat /proc/self/mountinfo; ls /srv/pts; head -c 0 /srv/pts/ptmx && echo opened'
  [[ "$(line_at /srv/pts)" == rw,nosuid,noexec,relatime" devpts rw,mode=600,ptmxmode=666,max=3" ]]
  [ "${lines[-2]}" = ptmx ]
  [ "${lines[-1]}" = opened ]
}

@test "mqueue and sysfs belong to namespaces, and the node's are not given away" {
  for type in mqueue sysfs; do
    run --separate-stderr -125 berth_run --mount type=$type,dst=/own "$image" -- true
    echo "$stderr"
    [[ "${stderr_lines[0]}" == "berth: cannot make a file system '$type' for this container: fs"*": Operation not permitted (EPERM)" ]]
    [ "${stderr_lines[1]}" = "berth: hint: it shows a namespace, and this container has the node's: ask for its own with --ipc or --net=none" ]
  done
  run -0 berth_run --ipc --mount type=mqueue,dst=/own "$image" -- sh -c 'ls -A /own; cat /proc/self/mountinfo'
  [[ "$(line_at /own)" == rw,nosuid,nodev,noexec,relatime" mqueue "* ]]
  run -0 berth_run --net=none --mount type=sysfs,dst=/own,ro "$image" -- ls /own/class/net
  [ "$output" = lo ]
  run -0 berth_run -v /sys:/own:ro "$image" -- ls /own/class
}

@test "the last one on a place wins, whatever option it came from, and parents come first" {
  mkdir in && touch in/of-the-node
  run -0 berth_run --tmpfs /x -v "$work/in:/x" "$image" -- ls -A /x
  [ "$output" = of-the-node ]
  run -0 berth_run -v "$work/in:/x" --mount type=tmpfs,dst=/x "$image" -- ls -A /x
  [ -z "$output" ]
  run -0 berth_run -v "$work/in:/x/deep" --tmpfs /x "$image" -- ls -A /x /x/deep
  [[ "$output" == *of-the-node* ]]
  run -0 berth_run --tmpfs /tmp "$image" -- ls -A /tmp
  [ -z "$output" ]
}

@test "a work directory and TMPDIR that a tmpfs hides are not named" {
  run -0 env TMPDIR="$work" timeout 30 "$BERTH" run --tmpfs "$(dirname "$work")" -v /usr:/y "$image" -- \
    sh -c 'pwd; echo "${TMPDIR:-unset}"'
  echo "$output"
  [ "${lines[0]}" = "$work" ]
  run -0 env TMPDIR="$work" timeout 30 "$BERTH" run --tmpfs "$work" "$image" -- sh -c 'pwd; echo "${TMPDIR:-unset}"'
  [ "$output" = $'/\nunset' ]
}

@test "ranks of a step share what was asked for, and not with those who asked for something else" {
  rank() {
    timeout 60 "$BERTH" run --share=node "$@" "$image" -- \
      sh -c 'readlink /proc/self/ns/mnt; while [ ! -e '"$work"'/go ]; do sleep 0.05; done' >>seen 3>&- &
  }
  for options in /x /x /x:noexec /x:size=1M; do rank --tmpfs $options; done
  rank -v /usr:/x:noexec
  rank -v /usr:/x
  for _ in $(seq 600); do [ "$(wc -l <seen)" != 6 ] || break; sleep 0.05; done
  touch go
  wait
  [ "$(sort -u seen | wc -l)" = 5 ]
}

# make_data: data.sqsh, with a file and a program, and more.sqsh.
make_data() {
  mkdir -p data/d more
  echo content >data/d/file && cp /bin/busybox data/d/echo && chmod +s data/d/echo
  echo more >more/file
  mksquashfs data data.sqsh -noappend -quiet -no-progress >/dev/null
  mksquashfs more more.sqsh -noappend -quiet -no-progress >/dev/null
}

@test "type=image: what is in another image, read-only, at a place that is made for it" {
  make_data
  sha256sum ./*.sqsh >before
  run -0 berth_run --mount "type=image,src=data.sqsh,dst=/srv/deep/data" --mount "type=image,source=$work/more.sqsh,target=/srv/more,noexec" \
    --pid "$image" -- sh -c 'cat /srv/deep/data/d/file /srv/more/file; cat /proc/self/mountinfo; /srv/deep/data/d/echo runs
      for place in /srv/deep/data/d /srv/more; do (echo x >$place/new) 2>/dev/null || echo closed; done; stat -c %u /srv/more/file'
  echo "$output"
  [ "${lines[0]} ${lines[1]}" = "content more" ]
  [[ "$(line_at /srv/deep/data)" == "ro,nosuid,nodev,noatime fuse.berth ro,"* ]]
  [[ "$(line_at /srv/more)" == "ro,nosuid,nodev,noexec,noatime fuse.berth ro,"* ]]
  [ "$(tail -n 4 <<<"$output")" = "$(printf 'runs\nclosed\nclosed\n%s' "$(id -u)")" ]
  sha256sum --quiet --check before
  # Below it are binds, and it lies below a tmpfs; of two on one place the last one counts.
  run -0 berth_run --tmpfs /t --mount type=image,src=data.sqsh,dst=/t/data -v "$work/more:/t/data/d" --mount type=image,src=data.sqsh,dst=/z \
    --mount type=image,src=more.sqsh,dst=/z "$image" -- cat /t/data/d/file /z/file
  [ "$output" = $'more\nmore' ]
  run -125 berth_run --mount type=image,src=data.sqsh,dst=/z -v "$work:/z/none" "$image" -- true
  [ "${lines[0]}" = "berth: cannot bind '$work' to '/z/none': mkdir: Read-only file system (EROFS)" ]
}

@test "type=image by the name of a stored image, for the user root, and where ranks share a container" {
  make_data
  mkdir store && mv data.sqsh store/
  export BERTH_STORE=$work/store
  run -0 berth_run --root --mount type=image,src=data,dst=/z "$image" -- stat -c %u:%g /z/d/file
  [ "$output" = 0:0 ]
  for one in data data "$work/more.sqsh"; do
    timeout 60 "$BERTH" run --share=node --mount "type=image,src=$one,dst=/z" "$image" -- \
      sh -c 'echo "$(readlink /proc/self/ns/mnt) $(ls /z)"; while [ ! -e '"$work"'/go ]; do sleep 0.05; done' >>seen 3>&- &
  done
  for _ in $(seq 600); do [ "$(wc -l <seen)" != 3 ] || break; sleep 0.05; done
  touch go
  wait
  cat seen
  [ "$(sort -u seen | wc -l)" = 2 ]
  [ "$(grep -c ' d$' seen)" = 2 ]
}

@test "type=image of something that is none says so, and leaves nothing" {
  make_own_image
  make_data
  refuse() {
    run --separate-stderr -125 berth_run "${@:3}" "$image" -- true
    echo "$stderr"
    [ "${stderr_lines[0]}" = "berth: cannot $1" ]
    [ "${stderr_lines[1]:-}" = "${2:+berth: hint: $2}" ]
  }
  local mount=type=image,dst=/z
  refuse "use './none.sqsh' as an image: open: No such file or directory (ENOENT)" \
    'check the path; berth import makes an image' --mount $mount,src=./none.sqsh
  refuse "mount '$work/data' as an image: it is a directory" 'show a directory with --bind' --mount "$mount,src=$work/data"
  refuse "mount 'data.sqsh+more.sqsh': it is more than one image" 'mount each at a place of its own' --mount $mount,src=data.sqsh+more.sqsh
  refuse "mount '$mount,src=data.sqsh,rw': an image is only read" 'leave out rw, suid and dev' --mount $mount,src=data.sqsh,rw
  refuse "mount '$mount'" 'name the image: src=IMAGE' --mount $mount
  head -c 8192 /dev/urandom >broken.sqsh
  run -125 berth_run --mount $mount,src=broken.sqsh "$image" -- true
  [[ "$output" == "berth: cannot use 'broken.sqsh' as an image"* ]]
  # Sound at first sight: its server finds the damage.
  cp more.sqsh torn.sqsh && printf 'x%.0s' $(seq 3000) | dd of=torn.sqsh bs=1 seek=100 conv=notrunc status=none
  for option in --share=none --share=node --plan; do
    run timeout 30 "$BERTH" run $option --mount $mount,src=torn.sqsh "$image" -- true
    [[ "$status" = 125 && "$output" == "berth: cannot "*torn.sqsh* ]] || { echo "$option: $status $output" && return 1; }
  done
  run timeout 30 "$BERTH" run --mount type=image,dst=/etc/motd,src=data.sqsh "$image" -- true
  [[ "$status" = 125 && "$output" == "berth: cannot mount the image 'data.sqsh' on '/etc/motd': "* ]]
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}

@test "nothing is left: mounts, processes, files" {
  make_own_image
  berth_run --tmpfs /x --mount type=devpts,dst=/srv/pts "$image" -- true
  run -125 berth_run --tmpfs /x -v /no/such:/y "$image" -- true
  run -125 berth_run --tmpfs /x/y --tmpfs /etc/motd "$image" -- true
  [[ "$output" == *"cannot mount a tmpfs on '/etc/motd': move_mount: Not a directory (ENOTDIR)"* ]]
  expect_no_process_left
  expect_no_mount_left
  rm -f "$image"
}
