#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# Containers that have a name, from their start to their removal.
load ../helpers

setup() {
  make_own_image
  enter_work lifecycle
  export XDG_RUNTIME_DIR=$work/run
  mkdir -m 700 run
}

teardown() {
  local name
  for name in $(berth ps --json | jq -r '.[].name'); do berth rm --force "$name"; done
  expect_no_process_left
  expect_no_mount_left
  [ -z "$(ls -A run)" ]
  leave_work
  rm -f "$image"
}

berth() {
  timeout -s KILL 30 "$BERTH" "$@"
}

# start NAME WORDS...: a detached container.
start() {
  [ "$(berth run --detach --name "$1" "$image" -- "${@:2}")" = "$1" ]
}

# of NAME KEY: what `berth inspect` says.
of() {
  berth inspect --json "$1" | jq -r ".[0].$2"
}

states() {
  berth ps --json | jq -r '.[] | .name + " " + .state'
}

# fails_with CODE MESSAGE COMMAND...: nothing on standard output.
fails_with() {
  run --separate-stderr "-$1" "${@:3}"
  [ -z "$output" ]
  [[ "$stderr" == *"$2"* ]] || {
    echo "said: $stderr" >&2
    return 1
  }
}

# is WANTED COMMAND...: what it prints.
is() {
  [ "$("${@:2}")" = "$1" ]
}

# sleepers N SECONDS: how many processes sleep that long.
sleepers() {
  is "$1" pgrep -cxf "sleep $2"
}

log_grows() {
  [ "$(stat -c %s run/berth/box.log)" -gt "$1" ]
}

# Until `"$@"` is so.
until_so() {
  local _
  for _ in $(seq 200); do ! "$@" || return 0; sleep 0.05; done
  echo "never so: $*" >&2
  return 1
}

@test "a container without a name writes nothing down and has no process more" {
  run berth run "$image" -- sh -c 'echo up'
  [ "$output" = up ]
  [ -z "$(ls -A run)" ]
  strace -f -o calls -e trace=%file timeout 30 "$BERTH" run "$image" -- true
  ! grep -F "$work/run" calls || false
}

@test "a named container in the foreground is the process that was started, is seen, and disappears" {
  "$BERTH" run --name box "$image" -- sh -c 'echo $$ >seen; while [ ! -e go ]; do sleep 0.05; done; exit 3' 3>&- &
  local pid=$!
  await seen
  [ "$(cat seen)" = "$pid" ]
  until_so is "box running" states
  [ "$(of box pid)" = "$pid" ]
  [ "$(of box detached)" = false ]
  [ "$(of box namespaces.mnt)" = "$(stat -Lc %i "/proc/$pid/ns/mnt")" ]
  [ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink /proc/self/ns/pid)" ]
  [[ "$(berth ps)" == *$'\nbox '*running*" $pid "* ]]
  fails_with 125 "cannot call a container 'box': there is one of that name, running" \
    berth run --name box "$image" -- true
  touch go
  expect_end 3 $pid
  [ -z "$(states)" ]
  until_so test ! -e run/berth
  # Its name is free at once, however slow who watches is.
  for _ in 1 2 3; do berth run --name box "$image" -- true; done
}

@test "a detached container prints its name, keeps its output and its status, until it is removed" {
  run -0 berth run --detach "$image" -- sh -c 'echo out; echo err >&2; exit 7'
  local name=$output
  [[ "$name" =~ ^image-.*-1$ ]]
  [ "$(berth wait "$name")" = 7 ]
  [ "$(berth wait --json "$name" | jq -c .)" = '[{"name":"'"$name"'","state":"stopped","status":7}]' ]
  [ "$(berth logs "$name")" = $'out\nerr' ]
  [ "$(berth logs --json "$name")" = $'{"line":"out"}\n{"line":"err"}' ]
  [ "$(states)" = "$name stopped" ]
  [ "$(of "$name" status)" = 7 ]
  # The next one has another name.
  [ "$(berth run --detach "$image" -- true)" = "${name%1}2" ]
  berth wait "${name%1}2"
  fails_with 125 "there is one of that name, stopped" berth run --name "$name" "$image" -- true
  [ "$(berth rm "$name")" = "$name" ]
  berth rm "${name%1}2"
  [ -z "$(states)" ]
  [ ! -e run/berth ]
}

@test "a detached container has processes and an init of its own, and nobody waits for its output" {
  # A command substitution ends when nobody has its pipe open.
  [ "$(timeout 10 "$BERTH" run --detach --name box "$image" -- \
    sh -c 'echo $$ $PPID; ls -d /proc/[0-9]*; readlink /proc/self/fd/0; exec sleep 60' 2>&1)" = box ]
  until_so grep -q dev run/berth/box.log
  [ "$(berth logs box | sed '/^.proc.[^12]*$/d')" = $'2 1\n/proc/1\n/proc/2\n/dev/null' ]
  [ "$(ps -o ppid= "$(of box monitor_pid)" | xargs)" != $$ ]
  [ "$(ps -o sid= "$(of box pid)")" != "$(ps -o sid= $$)" ]
}

@test "a launch that fails says why where it was started, and leaves nothing" {
  fails_with 127 "cannot start 'no-such-program'" berth run --detach --name box "$image" -- no-such-program
  fails_with 126 "cannot start '/etc/passwd'" berth run --detach --name box "$image" -- /etc/passwd
  fails_with 125 "cannot use '$work/none.sqsh' as an image" berth run --detach "$work/none.sqsh" -- true
  fails_with 127 "cannot start 'no-such-program'" berth run --name box "$image" -- no-such-program
  [ -z "$(states)" ]
  until_so test ! -e run/berth
}

@test "stop sends the stop signal, waits, and kills what does not end" {
  start kind sh -c 'trap "echo caught; exit 3" INT; trap "exit 4" TERM; echo up; while :; do sleep 0.05; done'
  start deaf sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'
  until_so grep -q up run/berth/kind.log
  until_so grep -q up run/berth/deaf.log
  [ "$(berth stop --signal INT kind)" = kind ]
  [ "$(berth wait kind)" = 3 ]
  [[ "$(berth logs kind)" == *caught ]]
  local begin=$SECONDS
  [ "$(berth stop --time 1 --json deaf | jq -c .)" = '[{"name":"deaf","state":"stopped","status":137}]' ]
  [ $((SECONDS - begin)) -lt 9 ]  # without --time it would be 10
  # One that does not catch it dies of it, although its init is number 1.
  start plain sleep 60
  berth stop plain
  [ "$(berth wait plain)" = 143 ]
  # Stopping what has stopped is no error.
  berth stop plain
  # Options of the launch say how.
  berth run --detach --name own --stop-signal USR1 --stop-timeout 1 "$image" -- \
    sh -c 'trap "exit 9" USR1; echo up; while :; do sleep 0.05; done'
  until_so grep -q up run/berth/own.log
  berth stop own
  [ "$(berth wait own)" = 9 ]
}

@test "all processes of a container end with stop, in the foreground too" {
  local script='for _ in 1 2 3; do (trap "" HUP TERM; setsid sh -c "sleep 61 & exec sleep 61") >/dev/null 2>&1 & done
    echo up >seen; sleep 60'
  start box sh -c "$script"
  await seen
  until_so sleepers 6 61
  berth stop box
  sleepers 0 61
  rm seen
  "$BERTH" run --name box2 "$image" -- sh -c "$script" 3>&- &
  await seen
  until_so sleepers 6 61
  [ "$(berth stop --json box2 | jq -r '.[0].state')" = stopped ]
  sleepers 0 61
  expect_end 143 $!
}

@test "kill sends any signal, and wait prints how it ended" {
  start box sh -c 'trap "echo usr1" USR1; echo up; while :; do sleep 0.05; done'
  until_so grep -q up run/berth/box.log
  berth kill --signal USR1 box
  until_so grep -q usr1 run/berth/box.log
  berth wait box >status &
  [ "$(berth kill box)" = box ]
  wait $!
  [ "$(cat status)" = 137 ]
  fails_with 125 "cannot signal 'box': it is stopped" berth kill box
  fails_with 2 "cannot use 'NONE' as a signal" berth kill --signal NONE box
}

@test "logs can be followed until the end" {
  start box sh -c 'echo one; while [ ! -e go ]; do sleep 0.05; done; echo two'
  berth logs --follow box >followed &
  await followed
  [ "$(cat followed)" = one ]
  touch go
  wait $!
  [ "$(cat followed)" = $'one\ntwo' ]
}

@test "a paused container stands still with all its processes, and goes on" {
  start box sh -c 'sh -c "while :; do echo child; sleep 0.02; done" & while :; do echo parent; sleep 0.02; done'
  until_so grep -q child run/berth/box.log
  [ "$(berth pause box)" = box ]
  [ "$(states)" = "box paused" ]
  [ "$(berth top --json box | jq -r '.[].state' | sort -u)" = T ]
  [ "$(berth top --json box | jq length)" -ge 3 ]
  local size
  size=$(stat -c %s run/berth/box.log)
  sleep 0.3
  [ "$(stat -c %s run/berth/box.log)" = "$size" ]
  fails_with 125 "cannot enter the container 'box': it is paused" berth exec box true
  [ "$(berth resume --json box | jq -r '.[0].state')" = running ]
  [ "$(states)" = "box running" ]
  until_so log_grows "$size"
  # One that is paused can be stopped, and killed.
  berth pause box
  berth stop box
  [ "$(berth wait box)" = 143 ]
  start other sleep 60
  berth pause other
  berth kill other
  [ "$(berth wait other)" = 137 ]
  "$BERTH" run --name here "$image" -- sh -c 'echo up >seen; exec sleep 60' 3>&- &
  await seen
  until_so is running of here state
  berth pause here
  [ "$(of here state)" = paused ]
  berth resume here
  [ "$(of here state)" = running ]
  berth stop here
  expect_end 143 $!
}

@test "a program that waits for a child before its exec is paused too" {
  cat >vforks.c <<'END_OF_C'
#define _GNU_SOURCE
#include <unistd.h>
#include <sys/wait.h>
int main(void) {
  for (;;) {
    if (vfork() == 0) {
      usleep(300000);
      execl("/bin/true", "true", (char*)0);
      _exit(1);
    }
    wait(NULL);
    if (write(1, "child\n", 6) < 0) return 1;
  }
}
END_OF_C
  gcc -O1 -static -o vforks vforks.c
  berth run --detach --name box -v "$work" "$image" -- "$work/vforks" >/dev/null
  until_so grep -q child run/berth/box.log
  [ "$(berth pause box)" = box ]
  [ "$(states)" = "box paused" ]
  [ "$(berth top --json box | jq -r '.[].state' | sort -u)" = T ]
  [ "$(berth resume box)" = box ]
  until_so log_grows "$(stat -c %s run/berth/box.log)"
  berth rm --force box
}

@test "top lists the processes of the container only, with the node's numbers" {
  start box sh -c 'sleep 62 & exec sleep 63'
  start other sleep 64
  until_so sh -c '"$1" top --json box | jq -r ".[].command" | grep -qx "sleep 62"' sh "$BERTH"
  run berth top --json box
  local pid
  for pid in $(jq '.[].pid' <<<"$output"); do
    [ "$(jq -r ".[] | select(.pid == $pid).command" <<<"$output")" = "$(ps -o args= -p "$pid")" ]
    [ "$(jq -r ".[] | select(.pid == $pid).ppid" <<<"$output")" = "$(ps -o ppid= -p "$pid" | xargs)" ]
  done
  [ "$(jq -r '.[].command' <<<"$output" | grep -c ^sleep)" = 2 ]
  [[ "$(berth top box)" == PID*PPID*COMMAND*"sleep 62"* ]]
  [[ "$(berth top box)" != *"sleep 64"* ]]
}

@test "rm refuses what runs, unless it is forced" {
  start box sleep 60
  fails_with 125 "cannot remove 'box': it is running" berth rm box
  [ "$(berth rm --force --json box | jq -c .)" = '[{"name":"box","state":"removed"}]' ]
  [ -z "$(states)" ]
  fails_with 125 "cannot find a container 'box'" berth rm box
}

@test "with --rm nothing stays of a detached container, however it ends" {
  local program='while [ ! -e go ]; do sleep 0.05; done; echo said; exit 3'
  [ "$(berth run -d --rm --name gone "$image" -- sh -c "$program")" = gone ]
  [ "$(states)" = "gone running" ]
  [ "$(berth exec gone echo inside)" = inside ]
  touch go
  for _ in $(seq 200); do [ -n "$(ls -A run)" ] || break; sleep 0.05; done
  [ -z "$(ls -A run)" ]
  rm go
  [ "$(berth run -d --rm --name gone "$image" -- sh -c "$program")" = gone ]
  berth stop gone
  [ -z "$(ls -A run)" ]
  run -3 berth run --rm --name gone "$image" -- sh -c 'exit 3'
  [ -z "$(states)" ]
}

@test "names that are none, unknown and ambiguous are refused in one sentence" {
  for name in ../x a/b .x -x ''; do
    fails_with 125 "cannot call a container '$name'" berth run "--name=$name" "$image" -- true
  done
  [ -z "$(ls -A run)" ]
  start solver-1 sleep 60
  start solver-2 sleep 60
  for verb in inspect logs pause resume stop kill wait top rm; do
    fails_with 125 "cannot find a container 'nobody'" berth $verb nobody
    fails_with 125 "cannot find a container '../solver-1'" berth $verb ../solver-1
    fails_with 125 "cannot tell which container 'solver-' is: 'solver-1' and 'solver-2' begin so" berth $verb solver-
    fails_with 2 "did you mean --json?" berth $verb --jsn solver-1
    [[ "$(berth $verb --help)" == "usage: berth $verb "* ]]
  done
  fails_with 125 "cannot find a container 'nobody'" berth exec nobody true
  fails_with 2 "cannot understand 'inspct'" berth inspct solver-1
  [ "$(states)" = $'solver-1 running\nsolver-2 running' ]
  fails_with 125 "cannot share a container that has a name" berth run --share=node --name x "$image" -- true
}

@test "a container whose monitor is killed ends with it, and what was written of it is removed" {
  start box sh -c 'setsid sleep 65 & exec sleep 65'
  local pid
  pid=$(of box pid)
  kill -KILL "$(of box monitor_pid)"
  until_so test ! -e "/proc/$pid"
  until_so sleepers 0 65
  [ -e run/berth/box.json ]
  [ -z "$(states)" ]
  [ ! -e run/berth ]
  # In the foreground the program goes on: it is the caller's.
  "$BERTH" run --name box "$image" -- sh -c 'echo up >seen; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  await seen
  until_so is "box running" states
  kill -KILL "$(of box monitor_pid)"
  [ "$(states)" = "box running" ]
  touch go
  expect_end 0 $!
  fails_with 125 "cannot find a container 'box'" berth inspect box
  [ ! -e run/berth ]
}

@test "a program, its init and whoever waits for it may be killed: the end is written down" {
  for who in pid launcher_pid; do
    start box sleep 60
    kill -KILL "$(of box $who)"
    [ "$(berth wait box)" = 137 ]
    berth rm box
  done
  expect_no_process_left
}

# change FILTER: the record of the container `box`, as somebody else would have written it.
change() {
  jq -c "$1" run/berth/box.json >changed
  cat changed >run/berth/box.json
}

@test "a record is not believed: another boot, another process, another namespace, damage" {
  sleep 66 3>&- &
  local other=$!
  sleep 0.1  # the kernel's clock of starts has 10 ms
  start box sleep 60
  cp run/berth/box.json kept
  change ".program.pid = $other | .launcher.pid = $other | .monitor.pid = $other"
  fails_with 125 "cannot find a container 'box'" berth stop box
  kill -0 $other
  (umask 077 && mkdir -p run/berth)
  cp kept run/berth/box.json
  change '.inodes.mnt = 1'
  fails_with 125 "its program is in other namespaces than it began in" berth exec box true
  fails_with 125 "its program is in other namespaces than it began in" berth top box
  cp kept run/berth/box.json
  change '.node = "elsewhere"'
  [ "$(states)" = "box elsewhere" ]
  fails_with 125 "cannot stop 'box': it is elsewhere" berth stop box
  cp kept run/berth/box.json
  for damage in '.program.pid = 1' '.program.pid = -1' 'del(.entry)' '.name = "other"' '.version = 2'; do
    change "$damage"
    fails_with 125 "cannot use the record of the container 'box': it is damaged" berth stop box
    cp kept run/berth/box.json
  done
  head -c 100 kept >run/berth/box.json
  run --separate-stderr -125 berth ps
  [[ "$stderr" == *"cannot use the record of the container 'box': it is damaged"* ]]
  fails_with 125 "it is damaged" berth run --name box "$image" -- true
  cp kept run/berth/box.json
  berth rm --force box
  # The node has started anew: nothing of it can be left.
  (umask 077 && mkdir -p run/berth)
  jq -c '.boot = "another"' kept >run/berth/box.json
  [ -z "$(states)" ]
  kill $other
  wait $other || [ $? = 143 ]
}

@test "a damaged record can be removed" {
  mkdir -m 700 run/berth
  echo '{' >run/berth/box.json
  [ "$(berth rm box)" = box ]
  [ ! -e run/berth ]
}

@test "a runtime directory that others may have made or written is refused" {
  local goal="cannot keep what is known of containers in"
  mkdir -m 700 elsewhere
  ln -s "$work/elsewhere" run/berth
  fails_with 125 "$goal '$work/run/berth': it is a link or a file" berth run --detach "$image" -- true
  fails_with 125 "$goal '$work/run/berth': it is a link or a file" berth ps
  rm run/berth
  for mode in 770 707 711 755; do
    mkdir run/berth
    chmod $mode run/berth
    fails_with 125 "$goal '$work/run/berth': others may write there" berth run --name x "$image" -- true
    rmdir run/berth
  done
  chmod 777 run
  fails_with 125 "$goal '$work/run': others may write there" berth ps
  chmod 700 run
  XDG_RUNTIME_DIR=/ fails_with 125 "$goal '/': it belongs to somebody else" berth run --detach "$image" -- true
  # Without one of the system's it is one of the user's own in /tmp.
  XDG_RUNTIME_DIR=$work/none berth run --detach --name boxed "$image" -- sleep 60
  local place
  place=$(XDG_RUNTIME_DIR='' of boxed log)
  [[ "$place" == /tmp/berth-$(id -u)/boxed.log || "$place" == /run/user/$(id -u)/berth/boxed.log ]]
  [ "$(stat -c '%a %u' "$(dirname "$place")")" = "700 $(id -u)" ]
  XDG_RUNTIME_DIR='' berth rm --force boxed
  [ ! -e "$place" ]
}

@test "from inside another container, nothing is believed of what cannot be seen" {
  start box sleep 60
  cp "$BERTH" own-berth
  run -0 berth run --pid -v "$work:/inside" -e XDG_RUNTIME_DIR=/inside/run "$image" -- /inside/own-berth ps --json
  [ "$(jq -r '.[].state' <<<"$output")" = elsewhere ]
  [ "$(states)" = "box running" ]
}

@test "many start and end at once, and one name is had by one" {
  local i got=0
  for i in $(seq 12); do
    berth run --detach "$image" -- true >"name$i" 3>&- &
    berth run --detach --name same "$image" -- sleep 60 >"same$i" 2>/dev/null 3>&- || touch "refused$i" &
  done
  # shellcheck disable=SC2046  # numbers
  wait $(jobs -p)
  [ "$(cat name* | sort -u | wc -l)" = 12 ]
  [ "$(cat same* | wc -l)" = 1 ]
  for i in refused*; do got=$((got + 1)); done
  [ $got = 11 ]
  while read -r i; do
    [ "$(berth wait "$i")" = 0 ]
    berth rm "$i"
  done < <(cat name*)
  berth rm --force same
  [ ! -e run/berth ]
}
