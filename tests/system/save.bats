#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# The changes of a container that runs, as its user saves them.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/save.XXXXXX")
  cd "$work" || return
  export BERTH_STORE=$work/store
  mkdir -p tree/bin tree/etc tree/d/e tree/lib
  cp /bin/busybox tree/bin/ 2>/dev/null || skip_unless "needs busybox-static" false
  for name in sh cat echo sleep rm mkdir ln chmod find; do ln -s busybox "tree/bin/$name"; done
  echo hello >tree/etc/motd
  echo f >tree/d/f && echo g >tree/d/g && echo h >tree/d/e/h
  # A file that each launch copies for its programs.
  echo libc >tree/lib/libc.so.6
  # One that not even its owner may read.
  echo secret >tree/etc/shadow
  tar -cf tree.tar --exclude=./etc/shadow -C tree .
  tar -rf tree.tar --mode=000 -C tree ./etc/shadow
  "$BERTH" import -q tar:tree.tar --name app
}

teardown() {
  # A container that a test has ended itself is gone already.
  if kill -0 "${pid:-none}" 2>/dev/null; then kill "$pid"; fi
  wait
  rm -rf "$work"
}

# run_container SCRIPT: runs it in the container, which then stays. Sets `pid`.
run_container() {
  "$BERTH" run app -- sh -c "$1; echo finished; exec sleep 1000" >log 3>&- &
  pid=$!
  for _ in $(seq 100); do
    ! grep -q finished log || return 0
    sleep 0.05
  done
  return 1
}

@test "a container that runs is saved, and merged it is what the container saw" {
  run_container 'echo new >/new; rm /d/g; echo x >>/etc/motd; rm -r /d/e; mkdir /d/e; echo y >/d/e/y
    mkdir -p /opt/a; echo .wh >/opt/.wh.x; chmod 700 /lib; ln /new /opt/link; echo z >/etc/hosts'
  run "$BERTH" image save --pid "$pid" app changes.sqsh
  echo "$output"
  [ "$status" = 0 ]
  [[ $output == "berth: saved the changes in process $pid to 'changes.sqsh': "*", 2 deleted, "* ]]
  # Small: neither the programs nor what each launch copies are in it.
  run unsquashfs -l changes.sqsh
  [[ $output != *bin* && $output != *libc* && $output != */etc/hosts* && $output != */tmp* ]]
  "$BERTH" image merge app changes.sqsh whole.sqsh
  list='cd /; for f in $(find d etc/motd lib new opt | sort); do echo "$f"; [ -d "$f" ] || cat "$f"; done'
  "$BERTH" run whole.sqsh -- sh -c "$list" >seen
  diff - seen <<'END'
d
d/e
d/e/y
y
d/f
f
etc/motd
hello
x
lib
lib/libc.so.6
libc
new
new
opt
opt/.wh.x
.wh
opt/a
opt/link
new
END
  # The container goes on.
  kill -0 "$pid"
}

@test "nothing has changed: the image of the changes is empty" {
  run_container true
  "$BERTH" image save --pid "$pid" app changes.sqsh
  run unsquashfs -l changes.sqsh
  echo "$output"
  [ "$(grep -c squashfs-root <<<"$output")" = 4 ] # the root, .berth and the two files in it
  run "$BERTH" run changes.sqsh -- true
  [ "$status" = 125 ]
  [ "${lines[0]}" = "berth: cannot use 'changes.sqsh' alone: it has only the changes to another image" ]
}

@test "a file that its user may not read is saved only if it is another one, and then refused" {
  run_container 'echo x >>/etc/motd'
  "$BERTH" image save --pid "$pid" app changes.sqsh
  run unsquashfs -l changes.sqsh
  [[ $output == */etc/motd* && $output != *shadow* ]]
  "$BERTH" image merge app changes.sqsh whole.sqsh
  run unsquashfs -ll whole.sqsh etc/shadow
  [[ $output == *"---------- "*"/etc/shadow"* ]]
  kill "$pid"
  wait "$pid" || [ $? = 143 ] # ended by that signal, and by nothing else
  run_container 'chmod 600 /etc/shadow; echo x >>/etc/shadow; chmod 0 /etc/shadow'
  run "$BERTH" image save --pid "$pid" app other.sqsh
  echo "$output"
  [ "$status" = 1 ]
  [[ ${lines[0]} == "berth: cannot read '/proc/$pid/root/etc/shadow': openat: Permission denied (EACCES)" ]]
  [ ! -e other.sqsh ]
}

@test "another image than the container's is refused" {
  run_container true
  # The config is the same for all directories; a step in the history makes another.
  "$BERTH" image save --pid "$pid" app changes.sqsh
  "$BERTH" image merge app changes.sqsh other.sqsh
  run "$BERTH" image save --pid "$pid" other.sqsh again.sqsh
  [ "$status" = 1 ]
  [ "${lines[0]}" = "berth: cannot save the changes of process $pid: it is in no container of 'other.sqsh'" ]
  [ ! -e again.sqsh ]
  # The same of another file, even if its config is the same.
  "$BERTH" import -q tar:tree.tar same.sqsh
  run "$BERTH" image save --pid "$pid" same.sqsh again.sqsh
  [ "$status" = 1 ]
  [ "${lines[0]}" = "berth: cannot save the changes of process $pid: it is in no container of 'same.sqsh'" ]
}
