# SPDX-License-Identifier: Apache-2.0
# The server process: how it is confined, what ends it and what does not.
# shellcheck disable=SC2016,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

setup() {
  cd "$work" || return
  [ -f i.sqsh ] || make_image i.sqsh -comp zstd
}

@test "it is nobody's child, without privilege, behind a filter" {
  run serve i.sqsh bash -c 'cat /proc/$SERVE_PID/status; echo Us: $$; wait -n; echo waited $?'
  [ "$status" = 0 ]
  [[ $output == *"waited 127"* ]]
  us=$(sed -n 's/^Us: //p' <<< "$output")
  for expected in 'Seccomp:[[:space:]]*2' 'NoNewPrivs:[[:space:]]*1' 'CapEff:[[:space:]]*0*$' \
    'CapBnd:[[:space:]]*[0-9a-f]*$' 'Name:[[:space:]]*berth-serve'; do
    grep -q "^$expected" <<< "$output"
  done
  run grep -q "^PPid:[[:space:]]*$us$" <<< "$output"
  [ "$status" != 0 ]
}

@test "it holds the image and the device, nothing else (as_root)" {
  if [ "$(id -u)" != 0 ]; then
    [ "${BERTH_MUST_WORK:-0}" != 1 ] || return 1
    skip "only root may look at the descriptors of a process that is not dumpable"
  fi
  mkfifo pipe
  serve i.sqsh bash -c 'ls mnt > /dev/null; echo $SERVE_PID > pid; cat pipe' 3< /dev/null &
  until [ -s pid ]; do sleep 0.05; done
  run ls -l "/proc/$(cat pid)/fd"
  echo go > pipe
  wait
  rm -f pid pipe
  grep -q 'i.sqsh$' <<< "$output"
  grep -q '/dev/fuse$' <<< "$output"
  # A build with sanitizers keeps its stderr.
  [ "$(grep -v -e '-> .*/dev/fuse$' -e '-> .*i.sqsh$' -e ' 2 -> ' <<< "$output" | grep -c -e '->')" = 0 ]
}

@test "it goes with the last mount" {
  run serve i.sqsh bash -c 'echo $SERVE_PID; ls mnt > /dev/null'
  [ "$status" = 0 ]
  is_gone "$output"
}

@test "it stays while another namespace has the mount" {
  run serve i.sqsh bash -c '
    unshare --mount sleep 1 &
    sleep 0.3; umount -l mnt; kill -0 $SERVE_PID && echo $SERVE_PID; wait'
  is_gone "${lines[-1]}"
}

@test "a launcher that goes away before it mounts takes the server along" {
  run serve i.sqsh true
  run as_user "$work/serve_mount" --no-mount i.sqsh mnt sh -c 'echo $SERVE_PID'
  [ "$status" = 0 ]
  is_gone "$output"
}

@test "a launcher that goes away before it hands the device over takes the server along" {
  run as_user "$work/serve_mount" --preview i.sqsh mnt -
  [ "$status" = 0 ]
  is_gone "$(sed -n 's/^pid //p' <<< "$output")"
}

@test "it does not matter whether the device is handed over before the mount" {
  run as_user timeout 20 "$work/serve_mount" --hand-over-first i.sqsh mnt cat mnt/links/one
  [ "$status" = 0 ]
  [ "$output" = shared ]
}

@test "one reader is served by one thread, and by no other that nobody needs" {
  run serve i.sqsh bash -c '
    python3 -c "import os; [os.path.exists(f\"mnt/none{i}\") for i in range(20000)]"
    sed -n "s/^Threads:[[:space:]]*//p" /proc/$SERVE_PID/status'
  [ "$status" = 0 ]
  [ "$output" = 1 ]
}

@test "a server that nobody asks takes no time" {
  run serve i.sqsh bash -c '
    taken() { cat /proc/$SERVE_PID/task/*/schedstat | awk "{ s += \$1 } END { print int(s / 1000) }"; }
    find mnt > /dev/null; sleep 0.2
    before=$(taken); sleep 1; echo $(($(taken) - before))'
  [ "$status" = 0 ]
  # Microseconds, of a second.
  [ "$output" -lt 2000 ]
}

@test "signals that are meant for a job do not reach it" {
  run serve i.sqsh bash -c '
    for signal in TERM INT HUP QUIT USR1 USR2 PIPE ALRM TSTP CONT 32 33 34 64; do
      kill -$signal $SERVE_PID || exit 1
    done
    sleep 0.2; cat mnt/links/one'
  [ "$status" = 0 ]
  [ "$output" = shared ]
}

@test "when it is killed, readers get an error and do not hang" {
  run serve i.sqsh bash -c 'ls mnt > /dev/null; kill -KILL $SERVE_PID; sleep 0.2; ls -l mnt/sizes'
  [ "$status" = 2 ]
  [[ $output == *"Transport endpoint is not connected"* ]]
}

@test "when the image shrinks, readers get an error and do not hang" {
  as_user cp i.sqsh shrinks.sqsh
  run serve shrinks.sqsh bash -c '
    ls mnt > /dev/null; truncate -s 20000 shrinks.sqsh
    cat mnt/sizes/random-1048593 > /dev/null; cat mnt/sizes/random-131073 > /dev/null
    kill -0 $SERVE_PID && echo alive'
  [[ $output == *"Input/output error"* ]]
  [ "${lines[-1]}" = alive ]
}

@test "the preview has the files that a launch needs" {
  run as_user "$work/serve_mount" --preview i.sqsh mnt -
  [ "$status" = 0 ]
  grep -qx 'config 25' <<< "$output"
  grep -qx 'passwd 30' <<< "$output"
  grep -qx 'group 10' <<< "$output"
  grep -qx 'root:x:0:0:root:/root:/bin/sh' <<< "$output"
}

@test "the preview follows no symbolic link and has limits" {
  as_user bash -c 'mkdir -p odd/etc odd/.berth; ln -s /etc/group odd/etc/group; mkdir odd/etc/passwd
    mksquashfs odd odd.sqsh -quiet -no-progress -noappend
    truncate -s 1048577 odd/.berth/config.json
    mksquashfs odd large.sqsh -quiet -no-progress -noappend'
  run as_user "$work/serve_mount" --preview odd.sqsh mnt -
  [ "$status" = 0 ]
  grep -qx 'passwd 0' <<< "$output"
  grep -qx 'group 0' <<< "$output"
  run as_user "$work/serve_mount" --preview large.sqsh mnt -
  [ "$status" = 125 ]
  [ "$output" = "berth: cannot use 'large.sqsh' as an image: it is damaged: its '/.berth/config.json' is larger than 1.0 MiB" ]
}
