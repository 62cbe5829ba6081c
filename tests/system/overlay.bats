#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# berth run --overlay: what a container changes outlives it, in one directory for one image.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/overlay.XXXXXX")
  cd "$work" || return
  mkdir -p tree/bin tree/etc tree/d/e
  cp /bin/busybox tree/bin/ 2>/dev/null || skip_unless "needs busybox-static" false
  for name in sh cat echo sleep rm mkdir ls mv chmod touch; do ln -s busybox "tree/bin/$name"; done
  echo hello >tree/etc/motd
  echo f >tree/d/f && echo g >tree/d/g && echo h >tree/d/e/h
  "$BERTH" import -q dir:tree app.sqsh
  mkdir kept
  # A container ends when all is on the disk, what others have written before it among that.
  sync -f .
}

teardown() {
  # A container that a test has ended itself is gone already.
  if kill -0 "${pid:-none}" 2>/dev/null; then kill "$pid"; fi
  wait
  chmod -R u+rwx "$work" # overlayfs closes its work directory
  rm -rf "$work"
}

inside() {
  "$BERTH" run --overlay kept app.sqsh -- sh -c "$1"
}

# start SCRIPT: as inside, in the background, until it says "begun". Sets `pid`.
start() {
  "$BERTH" run --overlay kept app.sqsh -- sh -c "$1; echo begun; exec sleep 1000" >log 3>&- &
  pid=$!
  for _ in $(seq 200); do
    ! grep -q begun log || return 0
    sleep 0.05
  done
  return 1
}

# refused DIR 'what is wrong' ['hint']
refused() {
  run --separate-stderr -125 "$BERTH" run --overlay "$1" app.sqsh -- true
  echo "$stderr"
  [ "${stderr_lines[0]}" = "berth: cannot keep changes in '$1': $2" ]
  [ -z "${3:-}" ] || [ "${stderr_lines[1]}" = "berth: hint: $3" ]
}

@test "changes and deletions survive, and what berth adds is not among them" {
  inside 'echo new >/new; echo more >>/etc/motd; rm /d/g; rm -r /d/e; mkdir /d/e; mv /d/f /d/e/moved'
  run inside 'cat /new /etc/motd; ls /d /d/e; cat /d/e/moved'
  [ "$status" = 0 ]
  [ "$output" = $'new\nhello\nmore\n/d:\ne\n\n/d/e:\nmoved\nf' ]
  # Nobody has touched these.
  [ ! -e kept/upper/etc/passwd ] && [ ! -e kept/upper/etc/hosts ] && [ ! -e kept/upper/proc ]
  run "$BERTH" run app.sqsh -- ls /new
  [ "$status" != 0 ]
}

@test "a file of berth's that the program changes is kept as it is then" {
  run inside 'cat /etc/hosts; echo mine >/etc/hosts; echo x:x:7:7::/:/bin/sh >>/etc/passwd'
  [ "$output" = "$(cat /etc/hosts)" ]
  run inside 'cat /etc/hosts; cat /etc/passwd'
  [ "${lines[0]}" = mine ]
  [[ ${lines[1]} == "$(id -un):x:$(id -u):"* ]]
  [ "${lines[-1]}" = "x:x:7:7::/:/bin/sh" ]
}

@test "a link that the container leaves leads no file of berth's out" {
  mkdir outside
  inside "rm -r /etc; busybox ln -s $work/outside /etc"
  inside true
  [ -z "$(ls -A outside)" ]
}

@test "one container at a time, until its last process has ended" {
  start 'sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >/left'
  refused kept "a container uses it, or it is being saved" \
    "wait until it has ended, or name another directory; only without --share=none do ranks share"
  kill "$pid"
  wait "$pid" || [ $? = 143 ] # ended by that signal, and by nothing else
  # What the program has left behind still writes there.
  refused kept "a container uses it, or it is being saved"
  kill "$(cat kept/upper/left)"
  run inside 'echo free'
  [ "$output" = free ]
}

@test "a launcher that is killed leaves no lock, whenever that is" {
  for _ in $(seq 15); do
    "$BERTH" run --overlay kept app.sqsh -- sleep 60 3>&- &
    local killed=$!
    sleep "0.0$((RANDOM % 10))"
    kill -KILL $killed
    wait $killed || [ $? = 137 ]
  done
  run inside 'echo free'
  [ "$output" = free ]
}

@test "another image is refused, a copy of the same is not" {
  inside 'echo new >/new'
  cp app.sqsh copy.sqsh
  run "$BERTH" run --overlay kept copy.sqsh -- cat /new
  [ "$output" = new ]
  echo other >tree/etc/motd
  "$BERTH" import -q dir:tree other.sqsh
  run --separate-stderr -125 "$BERTH" run --overlay kept other.sqsh -- true
  [ "${stderr_lines[0]}" = "berth: cannot keep changes in 'kept': it has the changes to another image, 'app.sqsh'" ]
  [ "${stderr_lines[1]}" = "berth: hint: name that image, or another directory" ]
}

@test "a directory that is missing, foreign, shared, used or a link is refused and left alone" {
  local make="make a directory of your own for the changes: mkdir DIR"
  refused nowhere "open: No such file or directory (ENOENT)" "$make"
  refused app.sqsh "open: Not a directory (ENOTDIR)" "$make"
  refused /usr "it belongs to user 0" "$make"
  mkdir shared used && chmod 770 shared && touch used/file && ln -s kept link
  refused shared "others may write to it" "let nobody else write to it: chmod go-w DIR"
  refused used "it is not empty, and berth has not filled it" "$make"
  [ "$(ls -A used)" = file ]
  for name in link link/; do refused "$name" "it is a symbolic link" "$make"; done
  [ -z "$(ls -A kept)" ]
}

@test "upper or work that is no directory, and a mark of somebody else's, are refused" {
  mkdir a b c && mkdir a/upper && touch a/upper/file && ln -s /etc b/upper && echo mine >c/image
  for name in a b; do refused $name "it is not empty, and berth has not filled it"; done
  refused c "berth has not filled it"
  inside true
  mv kept/upper away && ln -s ../away kept/upper
  run --separate-stderr -125 "$BERTH" run --overlay kept app.sqsh -- true
  [[ ${stderr_lines[0]} == "berth: cannot keep changes in 'kept': open its 'upper': "* ]]
}

@test "a first use that was cut short is begun anew" {
  mkdir kept/upper kept/work && touch kept/lock
  inside 'echo new >/new'
  run inside 'cat /new'
  [ "$output" = new ]
}

@test "no letter of a name gets into the mount's options" {
  for name in 'a,b' 'a:b' 'a\b' 'a,upperdir=b' 'sp ace' '%s' $'new\nline'; do
    mkdir "$name"
    "$BERTH" run --overlay "./$name" app.sqsh -- touch /new
    [ -e "$name/upper/new" ]
    "$BERTH" run --overlay "$work/$name" app.sqsh -- ls /new
  done
}

@test "a work directory that the kernel cannot empty is an error, not a read-only container" {
  inside true
  (cd kept/work && chmod 700 work && mkdir -p work/a/b/c/d)
  run --separate-stderr -125 inside 'touch /new'
  echo "$stderr"
  [[ ${stderr_lines[0]} == *", keeping changes in 'kept': mount: Read-only file system (EROFS)" ]]
  [ "${stderr_lines[1]}" = "berth: hint: the kernel cannot empty its work directory: cd DIR/work && chmod -R u+rwx . && rm -rf ./*" ]
  # What the hint says.
  (cd kept/work && chmod -R u+rwx . && rm -rf ./*)
  inside 'touch /new'
  [ -e kept/upper/new ]
}

@test "--read-only shows the changes and keeps no more; --plan touches nothing" {
  inside 'echo new >/new'
  run "$BERTH" run --read-only --overlay kept app.sqsh -- sh -c 'cat /new; touch /more'
  [ "$status" != 0 ]
  [ "${lines[0]}" = new ]
  [ ! -e kept/upper/more ]
  mkdir plan
  run "$BERTH" run --plan --overlay plan app.sqsh -- true
  [[ $output == *"make the image writable on '"*"', keeping changes in 'plan'"* ]]
  [ -z "$(ls -A plan)" ]
}

@test "processes of one step share the container and so the directory" {
  for n in 1 2 3; do
    "$BERTH" run --share node --overlay kept app.sqsh -- \
      sh -c 'echo $1 >/from-$1; until [ -e go ]; do sleep 0.05; done; ls /from-*' sh $n >"out.$n" 3>&- &
  done
  for _ in $(seq 200); do
    [ "$(find kept/upper -name 'from-?' 2>/dev/null | wc -l)" != 3 ] || break
    sleep 0.05
  done
  touch go # the current directory is the host's
  wait
  for n in 1 2 3; do [ "$(cat out.$n)" = $'/from-1\n/from-2\n/from-3' ]; done
}

@test "what was kept is saved, and merged it is what the container saw" {
  inside 'echo new >/new; rm /d/g; echo more >>/etc/motd; rm /etc/hosts; rm -r /d/e; mkdir /d/e'
  "$BERTH" image save --upper kept app.sqsh changes.sqsh
  "$BERTH" image save --upper kept/upper app.sqsh same.sqsh
  cmp changes.sqsh same.sqsh
  "$BERTH" image merge app.sqsh changes.sqsh whole.sqsh
  run "$BERTH" run whole.sqsh -- sh -c 'cat /new /etc/motd; ls /d /d/e'
  [ "$status" = 0 ]
  [ "$output" = $'new\nhello\nmore\n/d:\ne\nf\n\n/d/e:' ]
}

@test "save refuses while a container runs, and wants the image of the changes" {
  start 'echo new >/new'
  run "$BERTH" image save --upper kept/upper app.sqsh changes.sqsh
  [ "$status" = 1 ]
  [ "${lines[0]}" = "berth: cannot save the changes in 'kept/upper': a container uses it, or it is being saved" ]
  kill "$pid"
  wait "$pid" || [ $? = 143 ] # ended by that signal, and by nothing else
  echo other >tree/etc/motd
  "$BERTH" import -q dir:tree other.sqsh
  run "$BERTH" image save --upper kept other.sqsh changes.sqsh
  [ "$status" = 1 ]
  [ "${lines[0]}" = "berth: cannot save the changes in 'kept': it has the changes to another image, 'app.sqsh'" ]
  [ ! -e changes.sqsh ]
}
