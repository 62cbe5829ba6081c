#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034,SC2154
# What a root is made of: a directory in the place of an image, written or not, and images that lie on each
# other. From inside, from outside, and with what hostile trees may hold.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/roots.XXXXXX")
  cd "$work" || return
  # Only `here` is shown inside, as the current directory.
  mkdir -p tree/bin tree/etc tree/d tree/.berth secret here
  cp /bin/busybox tree/bin/ 2>/dev/null || skip_unless "needs busybox-static" false
  for name in sh cat echo ls mkdir rm mv touch readlink sleep id stat; do ln -s busybox "tree/bin/$name"; done
  echo untouched >secret/file
  echo motd >tree/etc/motd
  echo low >tree/d/both && echo low >tree/d/low
  echo 'app:x:5:5::/:/bin/sh' >tree/etc/passwd
  echo '{"config": {"Entrypoint": ["/bin/sh", "-c"], "Env": ["PATH=/bin", "A=low", "B=low"], "WorkingDir": "/d"}}' \
    >tree/.berth/config.json
  image=$work/tree # for the words of helpers
  cd here || return
}

teardown() {
  chmod -R u+rwx "$work"
  rm -rf "$work"
}

# inside [OPTIONS...] SCRIPT: by the entrypoint of the tree.
inside() {
  timeout 30 "$BERTH" run "${@:1:$#-1}" "$work/tree" -- "${*: -1}"
}

look_at() {
  find "$@" -printf '%p %y %m %s %T@ %l\n' | sort
}

# refused 'first line' 'hint' WORDS...
refused() {
  run --separate-stderr -125 timeout 30 "$BERTH" run "${@:3}"
  echo "$stderr"
  [[ "${stderr_lines[0]}" == "berth: cannot "$1 ]]
  [ "${stderr_lines[1]:-}" = "${2:+berth: hint: $2}" ]
}

@test "a directory is shown as an image is, with its configuration, and nothing is written to it" {
  local before
  before=$(look_at "$work/tree" "$work/secret")
  run -0 inside 'echo $PWD $A; cat both /etc/motd; echo new >new; rm low; echo more >>both; ls /d; cat both
    cat /etc/passwd; ls -d /proc/self; cat /proc/self/mountinfo'
  echo "$output"
  [ "$(head -n 7 <<<"$output")" = $'/d low\nlow\nmotd\nboth\nnew\nlow\nmore' ]
  [[ "${lines[7]}" == "$(id -un):x:$(id -u):"* && "${lines[8]}" == app:* ]]
  [[ "$output" == *" / / rw,nodev,relatime - overlay berth rw,lowerdir=/tmp/image,upperdir=/tmp/upper,"* ]]
  [ "$(look_at "$work/tree" "$work/secret")" = "$before" ]
  run inside --read-only 'echo new >new'
  [[ "$status" != 0 && "$output" == *"Read-only file system"* ]]
  cd .. # by each kind of name
  for name in tree ./tree tree/ "$PWD/tree"; do
    run -0 timeout 30 "$BERTH" run "$name" 'cat both'
    [ "$output" = low ]
  done
  expect_no_process_left
}

@test "no server is started for a directory, and nothing is left of it" {
  inside 'echo $$ >'"$work"'/here/n; mv '"$work"'/here/n '"$work"'/here/ready; exec sleep 100' 3>&- &
  for _ in $(seq 200); do [ ! -e ready ] || break; sleep 0.05; done
  # They keep the command line that names the directory.
  run -0 bash -c 'for process in $(pgrep -f -- " $1 -- "); do cat "/proc/$process/comm"; done | sort' - "$work/tree"
  echo "$output"
  [ "$(grep -v '^bash$' <<<"$output")" = $'berth-keeper\ntimeout' ]
  kill "$(cat ready)"
  wait
  expect_no_process_left
  expect_no_mount_left
}

@test "--writable: changes stay in the directory, and what berth adds does not" {
  cp -r "$work/tree" "$work/before"
  run -0 inside --writable 'echo new >/d/new; rm /d/low; echo x >>/etc/motd; id -un; cat /etc/passwd; cat /etc/hosts; echo mine >>/etc/hosts
    cat /proc/self/mountinfo'
  echo "$output"
  [ "${lines[0]}" = "$(id -un)" ]
  [[ "$output" == *"app:x:5:5"* ]]
  grep -E " $work/tree / rw,nodev,relatime " <<<"$output"
  [[ "$output" != *" / / "*overlay* ]]
  [ "$(cat "$work/tree/etc/passwd")" = 'app:x:5:5::/:/bin/sh' ]
  [ "$(cat "$work/tree/d/new" "$work/tree/etc/motd")" = $'new\nmotd\nx' ]
  # Places that were made are empty, and everything else is what it was.
  run diff -r --no-dereference "$work/before" "$work/tree"
  echo "$output"
  [ "$(grep -c . <<<"$output")" -ge 5 ]
  run ! grep -vE "^(Only in $work/(before/d: low|tree(/d: new|/etc: (group|hosts|resolv.conf)|: (proc|sys|dev|tmp|home|var)))|diff .*motd|1a2|> x)$" <<<"$output"
  [ -z "$(find "$work/tree"/{proc,sys,dev,tmp,home,var,etc/hosts,etc/group,etc/resolv.conf} -type f -size +0)" ]
  run -0 inside --writable --root 'id -u; cat /d/new; touch /d/of-root; ls /proc/self >/dev/null && echo proc'
  [ "$output" = $'0\nnew\nproc' ]
  [ "$(stat -c %U "$work/tree/d/of-root")" = "$(id -un)" ]
}

@test "options that do not go together say so" {
  mksquashfs "$work/tree" "$work/i.sqsh" -noappend -quiet -no-progress >/dev/null
  mkdir o
  refused "write into '$work/i.sqsh' itself: it is the file of an image" 'keep changes in a directory: --overlay DIR' --writable "$work/i.sqsh" true
  refused "write into '$work/i.sqsh+$work/tree' itself: it is more than one image" 'keep changes in a directory: --overlay DIR' --writable "$work/i.sqsh+$work/tree" true
  refused "make '$work/tree' writable and read-only at once" 'leave --writable or --read-only out' --writable --read-only "$work/tree" true
  refused "keep changes to '$work/tree' in a directory: they belong to one image's file" \
    'name one image, or write into a directory itself with --writable' --overlay o "$work/tree" true
  refused "record a launch profile of '$work/tree': it is for one image's file" 'record one of each image by itself' --record-profile p "$work/tree" true
  [ -z "$(ls -A o)" ] && [ ! -e p ]
  refused "find image 'nothing' here or in *" "make it with 'berth import', or give the path of a .sqsh file" nothing true
  refused "use './nothing' as an image: open: No such file or directory (ENOENT)" 'check the path; berth import makes an image' ./nothing true
}

@test "what a directory says of itself is read through no link, and only from files" {
  local config=$work/tree/.berth/config.json
  mv "$config" "$work/secret/config.json"
  for kind in link fifo folder; do
    case $kind in
      link) ln -s "$work/secret/config.json" "$config" ;;
      fifo) mkfifo "$config" ;;
      folder) mkdir "$config" ;;
    esac
    run -0 timeout 30 "$BERTH" run "$work/tree" -- /bin/sh -c 'echo ${A:-unset}'
    [ "$output" = unset ]
    rm -r "$config"
  done
  rmdir "$work/tree/.berth" && ln -s "$work/secret" "$work/tree/.berth"
  run -0 timeout 30 "$BERTH" run "$work/tree" -- /bin/sh -c 'echo ${A:-unset}'
  [ "$output" = unset ]
  rm "$work/tree/.berth" && mkdir "$work/tree/.berth"
  head -c 1048577 /dev/zero >"$config"
  refused "use '$work/tree' as an image: read '.berth/config.json' in it: it is larger than 1.0 MiB" '' "$work/tree" true
  echo '{' >"$config"
  refused "use '$work/tree' as an image: its configuration is damaged" 'import the image again' "$work/tree" true
  rm "$config" "$work/tree/etc/passwd" && ln -s "$work/secret/file" "$work/tree/etc/passwd"
  run -0 timeout 30 "$BERTH" run "$work/tree" -- /bin/cat /etc/passwd
  [[ "$output" != *untouched* && "$output" == "$(id -un):"* ]]
}

@test "every place that berth mounts on in a directory, as each kind of trap" {
  local kind place before option launches=0
  rm -r "$work/tree/.berth"
  before=$(look_at "$work/secret"; cat /proc/self/mountinfo "$work/secret/file"; ls -A / ~)
  cp -r "$work/tree" "$work/sound"
  for kind in absolute escape dangling loop file fifo; do
    for place in proc dev tmp etc home etc/passwd etc/resolv.conf; do
      for option in --share=none --writable; do
        rm -rf "$work/tree"
        cp -r "$work/sound" "$work/tree"
        run -0 timeout 20 "$BERTH" run $option "$work/tree" -- /bin/sh -c true # without the trap
        rm -rf "${work:?}/tree/$place"
        put_trap $kind "$work/tree/$place" "$work/secret"
        run --separate-stderr timeout 20 "$BERTH" run $option "$work/tree" -- /bin/sh -c true
        [ "$status" = 0 ] || [ "$status" = 125 ] || { echo "$kind $place $option: $status $stderr" && return 1; }
        [ "$status" = 0 ] || [[ "${stderr_lines[0]}" =~ ^berth:\ cannot\ bind\ .*:\ (mkdir:\ File\ exists|openat2:\ (Too\ many\ levels|Not\ a\ directory)|move_mount:\ Not\ a\ directory) ]] || {
          echo "$kind $place $option: $stderr" && return 1
        }
        [ "$(look_at "$work/secret"; cat /proc/self/mountinfo "$work/secret/file"; ls -A / ~)" = "$before" ] || { echo "$kind $place $option" && return 1; }
        launches=$((launches + 1))
      done
    done
  done
  [ $launches = 84 ]
}

@test "attributes that are meant for overlayfs lead nowhere" {
  echo half >"$work/tree/d/half"
  cd "$work/tree"
  python3 - "$work/secret" <<'END_OF_PYTHON'
import os, sys
for place, name, value in (("d", "redirect", sys.argv[1]), ("d", "opaque", "y"), (".", "opaque", "y"),
                           ("etc", "redirect", "/../secret"), ("etc/motd", "redirect", sys.argv[1] + "/file"),
                           ("d/half", "metacopy", ""), ("d/half", "redirect", sys.argv[1] + "/file"), ("d/both", "origin", "x" * 40),
                           ("etc", "impure", "y"), ("d/low", "whiteout", "y"), ("d", "whiteouts", "y"),
                           ("bin", "upper", "x"), ("bin/busybox", "nlink", "U+9999"), ("etc", "protattr", "i")):
    os.setxattr(place, "user.overlay." + name, value.encode())
END_OF_PYTHON
  cd "$work/here"
  for option in --share=none --writable; do
    run -0 inside $option 'cat /d/both /d/low /etc/motd; ls /bin/busybox'
    echo "$output"
    [ "$(head -n 3 <<<"$output")" = $'low\nlow\nmotd' ]
    [[ "$output" != *untouched* ]]
  done
  # What bears the mark of a copy that has only half come is refused by the kernel.
  run inside 'cat /d/half'
  [[ "$status" != 0 && "$output" == *"Operation not permitted" ]]
  run -0 inside --writable 'cat /d/half'
  [ "$output" = half ]
  # Written to, and as the layer of a stack.
  rm "$work/tree/d/half"
  run -0 inside 'echo more >>/etc/motd; rm -r /d; mkdir /d; ls -A /d; cat /etc/motd'
  [ "$output" = $'motd\nmore' ]
  mkdir -p "$work/more/d" && echo high >"$work/more/d/high"
  run -0 timeout 30 "$BERTH" run "$work/tree+$work/more" 'ls /d; cat /etc/motd'
  [[ "$output" == *high*motd && "$output" != *untouched* ]]
  [ "$(cat "$work/tree/etc/motd" "$work/secret/file")" = $'motd\nuntouched' ]
}

@test "a directory with a mount in it is refused, and is a root itself" {
  mkdir "$work/tree/d/mounted"
  run -0 timeout 60 unshare --user --mount --map-current-user --keep-caps sh -c '
    mount -t tmpfs none "$1/d/mounted" && echo inside >"$1/d/mounted/file"
    "$2" run "$1" -- true; echo $?
    "$2" run --writable "$1" -- "cat /d/mounted/file"' - "$work/tree" "$BERTH"
  echo "$output"
  [ "${lines[0]}" = "berth: cannot use the directory '$work/tree' as an image: open_tree: Invalid argument (EINVAL)" ]
  [ "${lines[1]}" = "berth: hint: something is mounted below it, which an image cannot show: name another directory, or use it as it is with --writable" ]
  [ "${lines[2]}" = 125 ]
  [ "${lines[3]}" = inside ]
}

# make_stack: base.sqsh, tools.sqsh and data.sqsh in `here`.
make_stack() {
  mkdir -p "$work/tools/bin" "$work/tools/d" "$work/tools/.berth" "$work/data/d" "$work/data/etc"
  echo high >"$work/tools/d/both" && echo tools >"$work/tools/d/tools"
  echo '{"config": {"Entrypoint": ["/bin/false"], "Env": ["A=tools", "C=tools"], "WorkingDir": "/etc"}}' >"$work/tools/.berth/config.json"
  echo data >"$work/data/d/data" && echo 'group-of-data:x:7:' >"$work/data/etc/group"
  for name in tree tools data; do
    mksquashfs "$work/$name" $name.sqsh -noappend -quiet -no-progress >/dev/null
  done
  mv tree.sqsh base.sqsh
  image=$work/here/base.sqsh
}

@test "images lie on each other: the upper one's file is seen, the lowest one's program runs" {
  make_stack
  run -0 timeout 30 "$BERTH" run base.sqsh+tools.sqsh+data.sqsh 'pwd; echo $A $B $C; ls /d; cat /d/both /etc/motd /etc/group; cat /proc/self/mountinfo'
  echo "$output"
  [ "$(head -n 8 <<<"$output")" = $'/d\ntools low tools\nboth\ndata\nlow\ntools\nhigh\nmotd' ]
  [[ "$output" == *group-of-data* && "$output" == *" - overlay berth rw,lowerdir=/tmp/image2:/tmp/image1:/tmp/image,"* ]]
  run -0 timeout 30 "$BERTH" run data.sqsh+tools.sqsh+base.sqsh /bin/cat /d/both
  [ "$output" = low ]
  # A directory is one of them, and what is written goes to none.
  local before
  before=$(look_at "$work/data"; sha256sum ./*.sqsh)
  run -0 timeout 30 "$BERTH" run "base.sqsh+$work/data" 'echo x >/d/data; rm /d/both; echo y >/d/new; ls /d'
  [ "$output" = $'data\nlow\nnew' ]
  [ "$(look_at "$work/data"; sha256sum ./*.sqsh)" = "$before" ]
  run -0 timeout 30 "$BERTH" run --read-only --pid base.sqsh+tools.sqsh 'cat /d/tools; (echo x >/d/x) 2>/dev/null || echo $$'
  [ "$output" = $'tools\n1' ]
  expect_no_process_left
  expect_no_mount_left
}

@test "a name with a plus, a comma, a colon or a backslash is a name" {
  make_stack
  for name in 'a+b' 'a,upperdir=x' 'a:b' 'a\b' 'a\,b:c' 'a b' $'a\nb' 'lowerdir+=x'; do
    cp tools.sqsh "$name.sqsh"
    cp -r "$work/data" "$name"
    run -0 timeout 30 "$BERTH" run "base.sqsh+$name.sqsh+./$name" 'cat /d/both /d/data'
    echo "$name: $output"
    [ "$output" = $'high\ndata' ]
  done
  cp data.sqsh base.sqsh+tools.sqsh
  run -125 timeout 30 "$BERTH" run base.sqsh+tools.sqsh
  [[ "$output" == "berth: cannot run 'base.sqsh+tools.sqsh': it names no program of its own"* ]]
}

@test "a stack with something wrong in it names what it is, and nothing is left" {
  make_stack
  refused "use 'none.sqsh' as an image: open: No such file or directory (ENOENT)" 'check the path; berth import makes an image' base.sqsh+none.sqsh true
  refused "find image 'none' here or in *" "make it with 'berth import', or give the path of a .sqsh file" base.sqsh+none true
  head -c 4096 /dev/urandom >broken.sqsh
  run -125 timeout 30 "$BERTH" run base.sqsh+tools.sqsh+broken.sqsh true
  [[ "$output" == "berth: cannot use 'broken.sqsh' as an image"* ]]
  cp data.sqsh torn.sqsh && printf 'x%.0s' $(seq 3000) | dd of=torn.sqsh bs=1 seek=200 conv=notrunc status=none
  run timeout 30 "$BERTH" run base.sqsh+torn.sqsh true
  [[ "$status" = 125 && "$output" == "berth: cannot "*torn.sqsh* ]]
  refused "make the image writable for this run on '/tmp/root': mount: Too many levels of symbolic links (ELOOP)" \
    'one directory of the stack is another one, or lies in it: leave one of them out' "base.sqsh+$work/data+$work/data" true
  local many=base.sqsh
  for _ in $(seq 15); do many+=+data.sqsh; done
  run -0 timeout 60 "$BERTH" run "$many" 'cat /d/both /d/data'
  [ "$output" = $'low\ndata' ]
  refused "put 17 images on each other" 'merge some of them: at most 16 can be' "$many+data.sqsh" true
  expect_no_process_left
  expect_no_mount_left
}

# What is said where the kernel refuses an overlay, after "mount: ".
goes_on() {
  echo "berth: cannot make the image writable for this run on '/tmp/root': mount: $1: continuing with a read-only root, and without places that it lacks"
}

@test "where the kernel refuses overlays, the image itself is the root, and a line says so" {
  mkdir -p "$work/tree/proc" "$work/tree/sys" "$work/tree/dev" "$work/tree/tmp"
  echo of-the-image >"$work/tree/etc/hosts"
  rm -r "$work/tree/.berth"
  mksquashfs "$work/tree" i.sqsh -noappend -quiet -no-progress >/dev/null
  image=$work/here/i.sqsh
  local before script='pwd; id -un; head -n 1 /etc/passwd; cat /etc/hosts; cat /d/low; (echo x >/d/new; echo x >/etc/hosts) 2>/dev/null; (echo x >/etc/hosts) 2>/dev/null || echo closed
    ls -d /proc/self ~ 2>/dev/null; cat /proc/self/mountinfo'
  before=$(sha256sum i.sqsh; look_at "$work/tree")
  # A current directory below /tmp is there, one that the image has no place for is not.
  for root in i.sqsh "$work/tree"; do
    run -0 --separate-stderr without_overlay timeout 30 "$BERTH" run "$root" /bin/sh -c "$script"
    echo "$output" "$stderr"
    [ "$stderr" = "$(goes_on 'Operation not permitted (EPERM)')" ]
    [ "${lines[0]}" = / ]
    [ "${lines[1]}" = "$(id -un)" ]
    [[ "${lines[2]}" == "$(id -un):x:"* ]]
    [ "${lines[3]}" = "$(head -n 1 /etc/hosts)" ]
    [[ "$output" == *$'\nlow\nclosed\n/proc/'*' / ro,'* && "$output" != *overlay* && "$output" != *of-the-image* ]]
  done
  run -0 --separate-stderr without_overlay timeout 30 "$BERTH" run --quiet --workdir /d i.sqsh /bin/cat low
  [ -z "$stderr" ]
  [ "$output" = low ]
  # Overlays that lie on each other two deep are the most that a kernel takes.
  run -0 timeout 60 unshare --user --mount --map-current-user --keep-caps sh -c '
    mount -t tmpfs none /mnt && cd /mnt && mkdir a b u v w x top && cp -a "$1/." a &&
      mount -t overlay none -o lowerdir=a,upperdir=u,workdir=w,userxattr b &&
      mount -t overlay none -o lowerdir=b,upperdir=v,workdir=x,userxattr top &&
      "$2" run top /bin/cat /d/low 2>&1; umount top && "$2" run b /bin/cat /d/low 2>&1
      "$2" run --share=node --private-overlay b /bin/true 2>&1 || echo $?' - "$work/tree" "$BERTH"
  echo "$output"
  [ "${lines[0]}" = "$(goes_on 'Invalid argument (EINVAL)')" ]
  [ "${lines[1]} ${lines[2]}" = 'low low' ]
  [ "${lines[3]}" = "berth: cannot lay changes of this rank's own over the root that it shares: mount: Invalid argument (EINVAL)" ]
  [ "${lines[4]}" = 'berth: hint: overlays lie on each other two deep: take an image, or a directory that is on no overlay' ]
  [ "$(sha256sum i.sqsh; look_at "$work/tree")" = "$before" ]
  expect_no_process_left
}

@test "what needs an overlay is refused where the kernel refuses it" {
  make_stack
  local why="mount: Operation not permitted (EPERM)" hint='overlayfs in user namespaces needs Linux 5.13 or later'
  mkdir o
  for options in "--tmpfs-size 1G base.sqsh" "--private-overlay base.sqsh" base.sqsh+tools.sqsh "--overlay o base.sqsh"; do
    # shellcheck disable=SC2086
    run --separate-stderr -125 without_overlay timeout 30 "$BERTH" run $options true
    echo "$stderr"
    [[ "${stderr_lines[0]}" == "berth: cannot make the image writable "*": $why" ]]
    [ "${stderr_lines[1]}" = "berth: hint: $hint" ]
  done
  run --separate-stderr -125 without_overlay timeout 30 "$BERTH" run -v "$work/secret:/none" "$work/tree" true
  echo "$stderr"
  [[ "${stderr_lines[0]}" == "berth: cannot make the image writable "*"read-only root"* ]]
  [[ "${stderr_lines[1]}" == "berth: cannot bind "* ]]
  run -125 without_overlay timeout 30 "$BERTH" run "$work/tree" true # it has no /proc
  expect_no_process_left
  expect_no_mount_left
}

@test "ranks go on without an overlay together, and each finds a place to begin in" {
  mkdir -p "$work/tree/proc" "$work/tree/sys" "$work/tree/dev" "$work/tree/tmp"
  for number in 1 2; do
    without_overlay timeout 60 "$BERTH" run --share=node "$work/tree" \
      'readlink /proc/self/ns/mnt; pwd; while [ ! -e /tmp/'"go.$$"' ]; do sleep 0.05; done' >"said$number" 2>"told$number" 3>&- &
    for _ in $(seq 600); do [ "$(wc -l <"said$number")" != 2 ] || break; sleep 0.05; done
  done
  touch "/tmp/go.$$"
  wait
  rm "/tmp/go.$$"
  cat said1 said2 told1
  [ "$(cat said1)" = "$(cat said2)" ]
  [ "$(cat told1)" = "$(goes_on 'Operation not permitted (EPERM)')" ]
  [ -z "$(cat told2)" ]
}

@test "--private-overlay: each rank sees what it has written alone, over all kinds of places" {
  make_stack
  echo '#!/bin/sh' >rank
  cat >>rank <<'END_OF_SCRIPT'
echo "$1" >/d/mine && echo "$1" >>/d/both && rm -f /d/low && echo "$1" >>/t/shared && echo "$1" >"$2/here/bound$1"
echo "$1" >"$2/here/ready$1"
while [ ! -e "$2/here/go" ]; do sleep 0.05; done
cat /d/mine /d/both; ls /d /t; cat /masked /locked/file; (echo x >/locked/file) 2>/dev/null || echo closed; cat /img/d/data
readlink /proc/self/ns/user; readlink /proc/self/ns/mnt; grep -c " / / " /proc/self/mountinfo
END_OF_SCRIPT
  chmod +x rank
  mkdir "$work/tree/locked" && echo locked >"$work/tree/locked/file" && echo secret >"$work/tree/masked"
  for root in base.sqsh+tools.sqsh "$work/tree" "--pid $work/tree"; do
    rm -f base.sqsh ready* go said* && mksquashfs "$work/tree" base.sqsh -noappend -quiet -no-progress >/dev/null
    for number in 1 2; do
      # shellcheck disable=SC2086
      timeout 60 "$BERTH" run --share=node --private-overlay --tmpfs /t --mask /masked --read-only-path /locked \
        --mount type=image,src=data.sqsh,dst=/img $root "$work/here/rank $number $work" >"said$number" 2>&1 3>&- &
      await "ready$number"
    done
    touch go
    wait
    cat said1
    for number in 1 2; do
      low=low && [[ "$root" != *+* ]] || low=high
      [ "$(head -n 3 "said$number")" = "$number"$'\n'"$low"$'\n'"$number" ]
      [[ "$(cat "said$number")" != *$'\nlow\nboth'* && "$(cat "said$number")" == *$'\nshared\nlocked\nclosed\ndata\nuser:'*$'\n1' ]]
    done
    [ "$(grep -h ^user: said1 said2 | count_different)" = 1 ]
    [ "$(grep -h ^mnt: said1 said2 | count_different)" = 2 ]
    [ -e bound1 ] && [ -e bound2 ]
    expect_no_process_left
    expect_no_mount_left
  done
  [ "$(cat "$work/tree/d/both" "$work/tree/d/low")" = $'low\nlow' ]
}

@test "ranks share directories and stacks, also after one has written" {
  make_stack
  local script='readlink /proc/self/ns/mnt >>'$work'/here/seen; echo $A >>/d/both; while [ ! -e '$work'/here/go ]; do sleep 0.05; done'
  for root in "$work/tree" base.sqsh+tools.sqsh "--writable $work/tree"; do
    rm -f seen go && touch seen
    for number in 1 2 3; do
      # shellcheck disable=SC2086
      timeout 60 "$BERTH" run --share=node $root "$script; echo end" >"said$number" 3>&- &
      # One after the other: a rank comes when another has written.
      for _ in $(seq 600); do [ "$(wc -l <seen)" != $number ] || break; sleep 0.05; done
    done
    touch go
    wait
    [ "$(cat said1 said2 said3)" = $'end\nend\nend' ]
    [ "$(sort -u seen | wc -l)" = 1 ]
  done
  [ "$(cat "$work/tree/d/both")" = $'low\nlow\nlow\nlow' ]
  expect_no_process_left
}
