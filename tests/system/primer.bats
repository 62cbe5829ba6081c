#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the shell in the container; helpers.bash sets `image`
# The exercises that a primer on containers has, each done with berth.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work primer
}

teardown() {
  leave_work
}

@test "pid 1 is the shell" {
  run berth_run --pid "$image" -- sh -c 'echo $$; cat /proc/1/comm'
  [ "$output" = $'1\nsh' ]
}

@test "a list of all processes has the container's only" {
  run berth_run --pid "$image" -- sh -c 'sleep 5 & sleep 0.3; list=$(cat /proc/[0-9]*/comm); echo "$list" | sort'
  [ "$output" = $'cat\nsh\nsleep' ]
}

@test "two containers have two host names, and the node keeps its own" {
  local node
  node=$(uname -n)
  for name in first second; do
    "$BERTH" run --hostname $name "$image" -- sh -c 'hostname >"$1.new"; mv "$1.new" "$1"; while [ ! -e go ]; do sleep 0.05; done; hostname >"$1"' sh $name 3>&- &
  done
  await first
  await second
  [ "$(uname -n)" = "$node" ]
  touch go
  wait
  [ "$(cat first) $(cat second)" = "first second" ]
}

@test "a container has network devices and addresses of its own" {
  run berth_run --net=none "$image" -- sh -c 'ls /sys/class/net; grep -c : /proc/net/dev; tail -n +2 /proc/net/route | wc -l'
  [ "$output" = $'lo\n1\n0' ]
  [ "$(find /sys/class/net -mindepth 1 | wc -l)" -ge 1 ]
}

@test "a container has an /etc/hosts of its own" {
  run berth_run --hostname box "$image" -- sh -c 'echo "10.9.8.7 elsewhere" >>/etc/hosts; getent hosts elsewhere box | tr -s " "'
  [ "${lines[0]}" = "10.9.8.7 elsewhere" ]
  run ! grep -q elsewhere /etc/hosts
}

@test "the mounts of a container begin with an overlay" {
  run berth_run "$image" -- awk '$5 == "/" { print $0 }' /proc/self/mountinfo
  [[ "$output" == *" - overlay "* ]]
  [[ "$(awk '$5 == "/"' /proc/self/mountinfo)" != *"$output"* ]]
}

@test "files of the node are seen only where they are bound" {
  mkdir "$work/data" && echo content >"$work/data/file"
  cd /
  run berth_run --home none -v "$work/data:/data" "$image" -- sh -c 'cat /data/file; [ -e "$1" ] || echo hidden' sh "$work/data/file"
  [ "$output" = $'content\nhidden' ]
}

@test "root inside is the user outside" {
  "$BERTH" run --root "$image" -- sh -c 'id -u >seen; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  local pid=$!
  await seen
  [ "$(cat seen)" = 0 ]
  [ "$(stat -c %u /proc/$pid)" = "$(id -u)" ]
  [ "$(stat -c %u seen)" = "$(id -u)" ]
  touch go
  wait $pid
}

@test "a change in one container is seen neither in the image nor in another" {
  local before
  before=$(sha256sum <"$image")
  "$BERTH" run "$image" -- sh -c 'echo changed >/etc/motd; echo up >seen; while [ ! -e go ]; do sleep 0.05; done; cat /etc/motd >motd' 3>&- &
  local pid=$!
  await seen
  run berth_run "$image" -- cat /etc/motd
  [[ "$output" != *changed* ]]
  touch go
  wait $pid
  [ "$(cat motd)" = changed ]
  [ "$(sha256sum <"$image")" = "$before" ]
}

@test "pid 1 without an init ignores SIGTERM, with one it does not" {
  program='echo up >seen; sleep 1; sleep 1; echo whole >end'
  "$BERTH" run --pid "$image" -- sh -c "$program" 3>&- &
  local pid=$! ended=0
  await seen
  kill -TERM $pid
  wait $pid
  [ "$(cat end)" = whole ]
  rm seen end
  "$BERTH" run --pid --init "$image" -- sh -c "$program" 3>&- &
  pid=$!
  await seen
  kill -TERM $pid
  wait $pid || ended=$?
  [ $ended = 143 ]
  [ ! -e end ]
}

@test "zombies are reaped by an init, and stay where pid 1 is a program that waits for nobody" {
  # The orphan of a child that has gone.
  program='import os, time, glob
if os.fork() == 0:
    if os.fork() == 0: time.sleep(0.2)
    os._exit(0)
os.wait()
time.sleep(0.8)
states = [open(name).read().rsplit(")", 1)[1].split()[0] for name in glob.glob("/proc/[0-9]*/stat")]
print(states.count("Z"))'
  run berth_run --pid "$image" -- python3 -c "$program"
  [ "$output" = 1 ]
  run berth_run --pid --init "$image" -- python3 -c "$program"
  [ "$output" = 0 ]
}

# In MiB: what the kernel could still give, and what is used of the disk that the image is on.
memory_left() {
  awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo
}

disk_used() {
  df --block-size=1M --output=used "$image" | tail -n 1
}

@test "a hundred containers of one image cost one image" {
  local memory disk size
  size=$(($(stat -c %s "$image") / 1048576))
  mkfifo hold
  "$BERTH" run "$image" -- true  # what they share is in memory then
  memory=$(memory_left) disk=$(disk_used)
  for _ in $(seq 100); do
    "$BERTH" run --share=none "$image" -- sh -c 'echo >>ready; read line <hold' 3>&- &
  done
  for _ in $(seq 400); do [ "$(wc -l <ready)" != 100 ] || break; sleep 0.1; done
  [ "$(wc -l <ready)" = 100 ]
  echo "# MiB: image $size, memory $((memory - $(memory_left))), disk $(($(disk_used) - disk))" >&3
  [ $((memory - $(memory_left))) -lt $((size * 100 / 10)) ]
  [ $(($(disk_used) - disk)) -lt $((size * 2)) ]
  exec 9<>hold
  printf "go\n%.0s" $(seq 100) >&9
  exec 9>&-
  wait
  expect_no_process_left
}
