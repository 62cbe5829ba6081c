#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# How a place of the node is mounted inside: what was asked, what /proc/self/mountinfo says, and what
# comes of it.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/binds.XXXXXX")
  cd "$work" || return
  mkdir src
}

teardown() {
  rm -rf "$work"
}

# in_own_mounts 'COMMANDS' WORDS...: `berth run WORDS` where COMMANDS have mounted something before.
in_own_mounts() {
  local commands=$1
  shift
  timeout 60 unshare --user --mount --map-current-user --keep-caps sh -c "$commands"' &&
    exec setpriv --ambient-caps=-all --inh-caps=-all "$@"' sh "$BERTH" run "$@"
}

# flags_at PLACE: of the last mount there, in the order of proc(5), "rw" and access times left out.
flags_at() {
  awk -v place="$1" '$5 == place { flags = $6 } END { print flags }' <<<"$output" |
    tr ',' '\n' | grep -vx -e rw -e relatime -e noatime | paste -sd, -
}

# What the node's own mount of this folder has.
flags_of_work() {
  output=$(findmnt -n -T src -o VFS-OPTIONS | sed 's/^/1 2 3 4 here /')
  flags_at here
}

@test "each option is a flag of the mount, and the plan says it" {
  [ -z "$(flags_of_work)" ] || skip_unless "needs a folder whose mount has no flags" false
  while read -r options flags plan; do
    run -0 timeout 30 "$BERTH" run -v "$work/src:/dst:$options" "$image" -- cat /proc/self/mountinfo
    echo "$options: $(flags_at /dst)"
    [ "$(flags_at /dst)" = "${flags/none/}" ]
    run -0 timeout 30 "$BERTH" run --plan -v "$work/src:/dst:$options" "$image" -- cat
    grep -qE "^ +[0-9]+  show '$work/src' of this node ?$plan\$" <<<"$output"
  done <<'END_OF_ROWS'
ro ro read-only
rw none with rw
noexec noexec with noexec
nodev nodev with nodev
nosuid nosuid with nosuid
ro,noexec,nodev,nosuid ro,nosuid,nodev,noexec read-only with nosuid, nodev, noexec
exec,dev,suid none with suid, dev, exec
rec none
nonrec none with nothing mounted below
END_OF_ROWS
}

@test "what is forbidden is forbidden, and what was not is not" {
  printf '#!/bin/sh\necho ran\n' >src/program && chmod +x src/program
  run -126 timeout 30 "$BERTH" run -v "$work/src:/dst:noexec" "$image" -- /dst/program
  run -0 timeout 30 "$BERTH" run -v "$work/src:/dst:exec" "$image" -- /dst/program
  [ "$output" = ran ]
  run timeout 30 "$BERTH" run -v /dev:/dst:nodev "$image" -- sh -c 'echo >/dst/null'
  [ "$status" != 0 ]
  [[ "$output" == *"Permission denied"* ]]
  run -0 timeout 30 "$BERTH" run -v /dev:/dst "$image" -- sh -c 'echo >/dst/null'
}

@test "what is forbidden is forbidden in all that is mounted below as well" {
  local below='mount -t tmpfs a src && mkdir src/sub && mount -t tmpfs b src/sub && mkdir src/sub/sub &&
    mount -t tmpfs c src/sub/sub'
  run -0 in_own_mounts "$below" -v "$work/src:/dst:ro,noexec,nodev,nosuid" "$image" -- cat /proc/self/mountinfo
  for place in /dst /dst/sub /dst/sub/sub; do
    echo "$place: $(flags_at $place)"
    [ "$(flags_at $place)" = ro,nosuid,nodev,noexec ]
  done
  run -0 in_own_mounts "$below" -v "$work/src:/dst" "$image" -- cat /proc/self/mountinfo
  for place in /dst /dst/sub /dst/sub/sub; do [ -z "$(flags_at $place)" ]; done
  run in_own_mounts "$below" -v "$work/src:/dst:ro" "$image" -- sh -c 'echo >/dst/sub/sub/file'
  [[ "$output" == *"Read-only file system"* ]]
}

@test "a flag that the node has locked is named, and one further below is left alone" {
  # refused_flag FLAG OPTION
  refused_flag() {
    run --separate-stderr -125 in_own_mounts "mount -t tmpfs -o $1 a src" -v "$work/src:/dst:$2" "$image" -- true
    echo "$stderr"
    [ "${stderr_lines[0]}" = "berth: cannot show '$work/src' of this node with $2: the node has mounted it $1: mount_setattr: Operation not permitted (EPERM)" ]
    [ "${stderr_lines[1]}" = "berth: hint: a container cannot take that away: leave the option out, or bind what is mounted otherwise" ]
  }
  refused_flag noexec exec
  refused_flag nodev dev
  refused_flag nosuid suid
  refused_flag ro rw
  run -0 in_own_mounts 'mount -t tmpfs a src && mkdir src/sub && mount -t tmpfs -o noexec,nosuid,ro b src/sub' \
    -v "$work/src:/dst:exec,rw,nodev" "$image" -- cat /proc/self/mountinfo
  [ "$(flags_at /dst)" = nodev ]
  [ "$(flags_at /dst/sub)" = ro,nosuid,nodev,noexec ]
}

@test "nonrec uncovers nothing of the node's" {
  mkdir src/sub && echo hidden >src/sub/file
  run --separate-stderr -125 in_own_mounts 'mount -t tmpfs b src/sub' -v "$work/src:/dst:nonrec" "$image" -- true
  echo "$stderr"
  [ "${stderr_lines[0]}" = "berth: cannot show '$work/src' of this node with nothing mounted below: open_tree: Invalid argument (EINVAL)" ]
  [ "${stderr_lines[1]}" = "berth: hint: something is mounted below it, which cannot be uncovered: leave out nonrec" ]
  run -0 timeout 30 "$BERTH" run -v "$work/src:/dst:nonrec" "$image" -- cat /dst/sub/file
  [ "$output" = hidden ]
}

# later OPTIONS: whether a mount that is made outside later is seen inside; then its optional fields.
later() {
  timeout 60 unshare --user --mount --map-current-user --keep-caps sh -c '
    mount -t tmpfs a src && mkdir src/sub && mount --make-shared src || exit 9
    "$1" run -v "$2/src:/dst$3" "$4" -- sh -c "
      touch /dst/ready
      while [ ! -e /dst/go ]; do sleep 0.05; done
      ls /dst/sub; grep \" /dst \" /proc/self/mountinfo" &
    while [ ! -e src/ready ]; do sleep 0.05; done
    mount -t tmpfs b src/sub && touch src/sub/arrived src/go && wait' sh "$BERTH" "$work" "$1" "$image"
}

@test "propagation: what is mounted outside later arrives, or does not" {
  for options in "" :slave :rslave; do
    run -0 later "$options"
    echo "$options: $output"
    [ "${lines[0]}" = arrived ]
    [[ "${lines[1]}" == *" master:"* && "${lines[1]}" != *" shared:"* ]]
  done
  run -0 later :shared
  echo "shared: $output"
  [ "${lines[0]}" = arrived ]
  [[ "${lines[1]}" == *" shared:"*" master:"* ]]
  for options in :private :rprivate; do
    run -0 later "$options"
    echo "$options: $output"
    [[ "${lines[0]}" != *" master:"* && "${lines[0]}" != *" shared:"* && "$output" != *arrived* ]]
  done
}

@test "options that are unknown, contradict each other or are said twice" {
  # refused OPTIONS 'why' 'hint'
  refused() {
    run --separate-stderr -125 "$BERTH" run -v "/usr:/dst:$1" "$image" -- true
    echo "$stderr"
    [ "${stderr_lines[0]}" = "berth: cannot bind '/usr:/dst:$1': $2" ]
    [ "${stderr_lines[1]}" = "berth: hint: $3" ]
  }
  refused noexe "unknown option 'noexe'" "did you mean noexec?"
  refused ro,rw "'ro' and 'rw' do not go together" "leave one of them out"
  refused exec,exec "'exec' is said twice" "leave one of them out"
  run --separate-stderr -125 "$BERTH" run -v /usr:dst "$image" -- true
  [ "${stderr_lines[1]}" = "berth: hint: the place inside the container must begin with '/': /usr:/PLACE" ]
}
