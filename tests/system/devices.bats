#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# Devices by name, as the Container Device Interface describes them, and by path; and a /dev without the
# others. The vendors are made up; what they say is their devices are some that every node has.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work devices
  export XDG_CONFIG_HOME=$work/config
  mkdir -p config/cdi
  chmod 755 config/cdi
}

teardown() {
  leave_work
}

# spec NAME TEXT: a file of the user's.
spec() {
  printf '%s\n' "$2" >"config/cdi/$1"
  chmod 644 "config/cdi/$1"
}

make_specs() {
  mkdir lib
  echo library >lib/libaccel.so.1
  spec accel.json '{
    "cdiVersion": "0.8.0", "kind": "vendor.example/accel",
    "containerEdits": {
      "env": ["ACCEL=yes", "WHO=vendor"],
      "mounts": [{"hostPath": "'"$work"'/lib", "containerPath": "/opt/vendor/lib", "options": ["ro", "nosuid", "rbind", "noatime"]}]
    },
    "devices": [
      {"name": "0", "containerEdits": {"env": ["ACCEL_NUMBER=0"],
        "deviceNodes": [{"path": "/dev/accel/0", "hostPath": "/dev/zero", "type": "c", "major": 1, "minor": 5}]}},
      {"name": "1", "containerEdits": {"env": ["ACCEL_NUMBER=1"],
        "deviceNodes": [{"path": "/dev/accel/1", "hostPath": "/dev/full", "fileMode": 438}]}}
    ]}'
  spec nic.yaml 'cdiVersion: 0.4.0
kind: other.example/nic
devices:
- name: hsn0
  containerEdits:
    env: [NIC=hsn0]
    deviceNodes:
    - {path: /dev/urandom}
    mounts:
    - {hostPath: tmpfs, containerPath: /run/nic, type: tmpfs, options: [nosuid, size=64k]}'
}

device_run() {
  berth_run --dev=minimal "$@"
}

@test "what devices need is there: nodes, places and variables, of each kind once" {
  make_specs
  run device_run --device vendor.example/accel=1 --device vendor.example/accel=0 --device other.example/nic=hsn0 \
    "$image" -- sh -c 'head -c 3 /dev/accel/0 | od -An -tx1; echo 1 2>/dev/null >/dev/accel/1 || echo full
      cat /opt/vendor/lib/libaccel.so.1; touch /opt/vendor/lib/x 2>/dev/null || echo read-only
      touch /run/nic/x && echo written; stat -c %t:%T /dev/accel/0 /dev/accel/1
      echo $ACCEL $ACCEL_NUMBER $NIC'
  echo "$output"
  [ "$status" = 0 ]
  [ "$output" = $' 00 00 00\nfull\nlibrary\nread-only\nwritten\n1:5\n1:7\nyes 0 hsn0' ]
}

@test "a minimal /dev has what every program may expect, what was asked for, and nothing else" {
  make_specs
  run device_run --device vendor.example/accel=0 --device /dev/fuse "$image" -- sh -c 'cd /dev; ls; ls accel'
  echo "$output"
  [ "$status" = 0 ]
  [ "$(grep -vx 'mqueue\|shm' <<<"$output")" = \
    $'accel\nfd\nfull\nfuse\nnull\nptmx\npts\nrandom\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n0' ]
  run device_run "$image" -- sh -c '
    echo a >/dev/null && echo b >/dev/stdout && cat </dev/zero | head -c 1 | wc -c && readlink /dev/ptmx
    python3 -c "import os; print(os.ttyname(os.openpty()[1]))"
    touch /dev/new 2>/dev/null && echo made'
  echo "$output"
  [ "$output" = $'b\n1\npts/ptmx\n/dev/pts/0\nmade' ]
  # The nodes are those of this machine, with its modes.
  run device_run --device /dev/fuse:/dev/other "$image" -- stat -c '%a %t:%T' /dev/null /dev/other
  [ "$output" = "$(stat -c '%a %t:%T' /dev/null /dev/fuse)" ]
  [ ! -e /dev/other ]
}

@test "ranks share memory and queues in a minimal /dev, or have their own" {
  name=berth-$$-$RANDOM
  echo outside >"/dev/shm/$name"
  run device_run "$image" -- cat "/dev/shm/$name"
  rm -f "/dev/shm/$name"
  [ "$output" = outside ]
  run device_run --ipc "$image" -- sh -c 'ls -A /dev/shm | wc -l; grep -c " /dev/mqueue " /proc/self/mountinfo'
  [ "$output" = $'0\n1' ]
}

@test "with the node's own /dev a device is there already, and what else it needs comes" {
  make_specs
  run berth_run --device other.example/nic=hsn0 "$image" -- sh -c 'echo $NIC; ls -d /run/nic /dev/urandom'
  echo "$output"
  [ "$output" = $'hsn0\n/dev/urandom\n/run/nic' ]
  # At another place of it nothing can be made.
  run berth_run --device vendor.example/accel=0 "$image" -- true
  [ "$status" = 125 ]
  [[ "$output" == *"cannot bind '/dev/zero' to '/dev/accel/0'"* ]]
}

@test "variables of devices come after those of settings files, and before the command line" {
  make_specs
  mkdir config/berth
  printf 'default env=WHO=settings\ndefault env=MORE=settings\n' >config/berth/run.conf
  run berth_run --dev=minimal --device vendor.example/accel=0 "$image" -- sh -c 'echo $WHO $MORE'
  [ "$output" = "vendor settings" ]
  run berth_run --dev=minimal --device vendor.example/accel=0 -e WHO=line "$image" -- sh -c 'echo $WHO'
  [ "$output" = line ]
  run "$BERTH" run --dev=minimal --device vendor.example/accel=0 -e WHO=line --explain-env WHO "$image"
  [ "$output" = "$work/config/berth/run.conf:1 sets it to 'settings'
vendor.example/accel ($work/config/cdi/accel.json) changes it to 'vendor'
--env changes it to 'line'
WHO=line" ]
}

@test "files of variables are read where they stand, however many lines they have" {
  make_specs
  mkdir config/berth
  : >empty
  printf 'WHO=file\nA=1\nB=2\n' >three
  for lines in 'default env-file=empty' 'default env-file=three' $'default env=K=v\ndefault env-file=empty\ndefault env=WHO=x'; do
    echo "$lines" >config/berth/run.conf
    run berth_run --dev=minimal --device vendor.example/accel=0 "$image" -- sh -c 'echo $WHO'
    [ "$output" = vendor ]
    run berth_run --dev=minimal --device vendor.example/accel=0 -e WHO=line "$image" -- sh -c 'echo $WHO'
    [ "$output" = line ]
  done
}

@test "the plan says what each device brings" {
  make_specs
  run "$BERTH" run --dev=minimal --device vendor.example/accel=0 --plan "$image"
  echo "$output"
  [ "${lines[0]}" = "# vendor.example/accel ($work/config/cdi/accel.json): 2 variables, 0 devices, 1 mount" ]
  [ "${lines[1]}" = "# vendor.example/accel=0 ($work/config/cdi/accel.json): 1 variable, 1 device, 0 mounts" ]
  [[ "$output" == *"bind '/dev/zero' to '/dev/accel/0'"* ]]
  [[ "$output" == *"make a link 'fd' to '/proc/self/fd' in it"* ]]
}

@test "who joins a container has the variables of its devices too" {
  make_specs
  options=(--share=node --dev=minimal --device vendor.example/accel=0)
  "$BERTH" run "${options[@]}" "$image" -- sh -c 'echo up >up; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  await up
  rm config/cdi/accel.json  # who joins asks nobody
  run berth_run "${options[@]}" "$image" -- sh -c 'echo $ACCEL $ACCEL_NUMBER; head -c 1 /dev/accel/0 | od -An -tx1'
  touch go
  wait
  echo "$output"
  [ "$status" = 0 ]
  [ "$output" = $'yes 0\n 00' ]
}

@test "what cannot be given is said before the program runs" {
  make_specs
  refuse() {
    local wanted=$1 hint=$2
    shift 2
    run --separate-stderr -125 "$BERTH" run "$@" "$image" -- true
    echo "$stderr"
    [ -z "$output" ]
    [ "${stderr_lines[0]}" = "berth: cannot $wanted" ]
    [ -z "$hint" ] || [[ "${stderr_lines[1]}" == "berth: hint: $hint"* ]]
    [ "${#stderr_lines[@]}" = $((${#hint} > 0 ? 2 : 1)) ]
  }
  refuse "find the device 'vendor.example/accel=2' on this node" "did you mean 'vendor.example/accel=0'?" \
    --device vendor.example/accel=2
  refuse "use 'accel=0' as a device" "write VENDOR/CLASS=NAME" --device accel=0
  refuse "use 'fuse' as a device" "write VENDOR/CLASS=NAME" --device fuse
  refuse "use '/a:/b:/c' as a device" "write VENDOR/CLASS=NAME" --device /a:/b:/c
  refuse "use '/dev/../etc' as a device" "write VENDOR/CLASS=NAME" --device /dev/../etc
  refuse "give the container '/dev/no-such-device': access: No such file or directory (ENOENT)" "" \
    --device /dev/no-such-device
  refuse "use 'all' as --dev" "write host or minimal" --dev=all
  chmod 664 config/cdi/accel.json
  refuse "find the device 'vendor.example/accel=0' on this node" \
    "a specification was left out: cannot believe '$work/config/cdi/accel.json': others can write it" \
    --device vendor.example/accel=0
  spec accel.json '{"cdiVersion": "0.8.0", "kind": "vendor.example/accel", "devices": [{"name": "0",
    "containerEdits": {"deviceNodes": [{"path": "/dev/zero", "major": 7, "minor": 8}]}}]}'
  refuse "give the container '/dev/zero' for vendor.example/accel=0 ($work/config/cdi/accel.json): it should be device 7:8 and is 1:5" \
    "the specification is not of this node" --device vendor.example/accel=0
}

@test "what a device or a hook needs in a directory of the user's that has no place for it is refused with both names" {
  make_specs
  mkdir mine
  run --separate-stderr -125 device_run --device vendor.example/accel=0 -v "$work/mine:/opt/vendor" "$image" -- true
  echo "$stderr"
  [ "$stderr" = "berth: cannot give the container what vendor.example/accel ($work/config/cdi/accel.json) needs: '/opt/vendor/lib' would have to be made in '$work/mine', which is bound to '/opt/vendor'
berth: hint: make '$work/mine/lib' first, or bind '$work/mine' to another place" ]
  [ -z "$(ls -A mine)" ]
  # A device's node, and an edit hook's mount.
  spec node.json '{"cdiVersion": "0.8.0", "kind": "v/c", "devices": [{"name": "d", "containerEdits": {
    "deviceNodes": [{"path": "/data/null", "hostPath": "/dev/null"}]}}]}'
  run -125 device_run --device v/c=d -v "$work/mine:/data/" "$image" -- true
  [ "${lines[0]}" = "berth: cannot give the container what v/c=d ($work/config/cdi/node.json) needs: '/data/null' would have to be made in '$work/mine', which is bound to '/data/'" ]
  [ "${lines[1]}" = "berth: hint: make '$work/mine/null' first, or bind '$work/mine' to another place" ]
  printf '#!/bin/sh\necho '\''{"cdiVersion": "0.8.0", "containerEdits": {"mounts": [{"hostPath": "%s", "containerPath": "/opt/vendor/lib/deep"}]}}'\''\n' \
    "$work/lib" >hook
  chmod 755 hook
  run -125 berth_run --hook "$work/hook" -v "$work/mine:/opt/vendor" "$image" -- true
  echo "$output"
  [[ "${lines[0]}" == "berth: cannot give the container what $work/hook needs: '/opt/vendor/lib/deep' would have to be made in '$work/mine', "* ]]
  # With the place, it works.
  mkdir -p mine/lib
  run device_run --device vendor.example/accel=0 -v "$work/mine:/opt/vendor" "$image" -- cat /opt/vendor/lib/libaccel.so.1
  [ "$output" = library ]
}

@test "what a device asks for and cannot get is said once, and the program runs" {
  spec a.yaml 'cdiVersion: 0.7.0
kind: v/c
devices:
- name: d
  containerEdits:
    env: [A=b]
    additionalGids: [3999999999]'
  run --separate-stderr timeout 30 "$BERTH" run --device v/c=d "$image" -- sh -c 'echo $A'
  [ "$output" = b ]
  [ "$stderr" = "berth: continuing without what v/c=d ($work/config/cdi/a.yaml) asks for: group 3999999999: the caller is not in it, and only root can add one" ]
  run --separate-stderr timeout 30 "$BERTH" run --quiet --device v/c=d "$image" -- sh -c 'echo $A'
  [ "$output" = b ]
  [ -z "$stderr" ]
}

@test "files' modes stay those of the node, and a file that is wrong is spoken of once" {
  make_specs
  spec b.json '{"cdiVersion": "0.8.0"}'
  spec c.json '{}'
  spec d.json '{"cdiVersion": "0.8.0", "kind": "v/c", "devices": [{"name": "d", "containerEdits": {
    "deviceNodes": [{"path": "/dev/zero", "fileMode": 384, "permissions": "r"}]}}]}'
  run --separate-stderr timeout 30 "$BERTH" run --device v/c=d "$image" -- echo yes
  echo "$stderr"
  [ "$output" = yes ]
  [ "$stderr" = "berth: a specification was left out: cannot read '$work/config/cdi/b.json:1': 'kind' of the file is missing (and 1 more)
berth: continuing without what v/c=d ($work/config/cdi/d.json) asks for: mode 0600 of '/dev/zero': it keeps 0666
berth: continuing without what v/c=d ($work/config/cdi/d.json) asks for: only 'r' of '/dev/zero': its mode decides, and only root can take more away" ]
}

@test "a file system that does not answer ends a launch with its name" {
  make_own_image  # its server can be told from others
  mkdir dead
  "$BERTH" mount "$image" dead
  server=$(find_own_processes | sed -n '1s/:.*//p')
  [ -n "$server" ]
  kill -STOP "$server"
  start=$SECONDS
  : >run.conf  # which the launcher would look for there, too
  run --separate-stderr env BERTH_RUN_CONFIG="$work/run.conf" XDG_CONFIG_HOME="$work/dead/usr" timeout 60 "$BERTH" run --device v/c=d "$BERTH_DEMO_IMAGE" -- true
  kill -CONT "$server"
  "$BERTH" unmount dead
  echo "$stderr"
  [ "$status" = 125 ]
  [ "${stderr_lines[0]}" = "berth: cannot find out what devices and hooks need: '$work/dead/usr/cdi' was not to be had in 15 seconds" ]
  [ "${stderr_lines[1]}" = "berth: hint: see whether the file system that it is on answers" ]
  ((SECONDS - start < 40))
  expect_no_process_left
}

@test "a site can forbid devices, and give everybody one" {
  make_specs
  export BERTH_SITE_RUN_CONFIG=$work/site.conf
  [ ! -e /etc/berth/run.conf ]
  printf 'default device=other.example/nic=hsn0\nforbid device=/dev/fuse\n' >site.conf
  run berth_run "$image" -- sh -c 'echo $NIC'
  [ "$output" = hsn0 ]
  run berth_run --device /dev/fuse "$image" -- true
  [ "$status" = 125 ]
}

@test "variables of the job do not reach the program that looks for devices" {
  make_specs
  cat >spy.c <<'END'
#include <stdio.h>
__attribute__((constructor)) static void begin(void) { fputs("loaded\n", stderr); }
END
  cc -shared -fPIC -o spy.so spy.c
  run --separate-stderr env LD_PRELOAD="$work/spy.so" timeout 30 "$BERTH" run --device other.example/nic=hsn0 --plan "$image"
  [ "$status" = 0 ]
  # timeout(1) itself has it; berth is static, and berth-hooks does not get it.
  [ "$(grep -c loaded <<<"$stderr")" = "$(env LD_PRELOAD="$work/spy.so" timeout 30 "$BERTH" run --plan "$image" 2>&1 >/dev/null | grep -c loaded)" ]
}

@test "GPUs are those of a specification, and where there are none it is said" {
  if [ ! -e /proc/driver/nvidia/gpus ] && [ ! -e /sys/class/kfd ]; then
    run --separate-stderr -125 "$BERTH" run --gpus all "$image" -- true
    [ "$stderr" = "berth: cannot find a GPU on this node
berth: hint: neither the specifications in /etc/cdi nor the drivers of NVIDIA and AMD know one" ]
  fi
  spec gpu.yaml 'cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
- name: "0"
  containerEdits: {env: [GPU=zero], deviceNodes: [{path: /dev/nvidia0, hostPath: /dev/zero}]}
- name: GPU-1a
  containerEdits: {env: [GPU=one], deviceNodes: [{path: /dev/nvidia1, hostPath: /dev/zero}]}
- name: all
  containerEdits: {env: [GPU=all]}'
  run device_run --gpus 0 "$image" -- sh -c 'echo $GPU; ls /dev/nvidia*'
  [ "$output" = $'zero\n/dev/nvidia0' ]
  run device_run --gpus 0,GPU-1a "$image" -- sh -c 'ls /dev/nvidia*'
  [ "$output" = $'/dev/nvidia0\n/dev/nvidia1' ]
  run device_run --gpus all "$image" -- sh -c 'echo $GPU'
  [ "$output" = all ]
  run -125 "$BERTH" run --gpus 7 "$image" -- true
  [ "${lines[0]}" = "berth: cannot find the device 'nvidia.com/gpu=7' on this node" ]
  run -125 "$BERTH" run --gpus /dev/dri "$image" -- true
  [ "${lines[0]}" = "berth: cannot use '/dev/dri' as --gpus" ]
}

@test "an image's /dev that leads into a bound directory puts nothing there" {
  mkdir -p root/usr/bin root/mnt/b root/lib root/lib64 bound
  cp --parents /bin/busybox root 2>/dev/null || cp "$(command -v busybox)" root/usr/bin/busybox
  ln -s /mnt/b root/dev
  for options in --writable "--share=none"; do
    # shellcheck disable=SC2086  # several words
    run timeout 30 "$BERTH" run $options --dev=minimal -v "$work/bound:/mnt/b" ./root -- /bin/busybox true
    echo "$output"
    [ -z "$(ls -A bound)" ]
  done
}
