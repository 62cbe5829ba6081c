#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# Hooks of berth's own, by their names: what they bring of this node, by an ordinary user, and what they
# cost who does not ask for them.
load ../helpers

setup() {
  make_own_image
  enter_work own
  export XDG_CONFIG_HOME=$work/config
  mkdir -p config/berth
}

teardown() {
  leave_work
  rm -f "$image"
}

# elsewhere ZONE COMMAND...: on a node in that zone: in a mount namespace where /etc has another localtime.
elsewhere() {
  local zone=$1
  shift
  unshare --user --map-current-user --mount --keep-caps sh -euc '
    mkdir -p etc etc-work
    mount -t overlay overlay -o "userxattr,lowerdir=/etc,upperdir=$PWD/etc,workdir=$PWD/etc-work" /etc
    ln -snf "/usr/share/zoneinfo/$0" /etc/localtime
    cd "$PWD"
    exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all timeout -s KILL 30 "$@"' "$zone" "$@"
}

@test "the time zone is the node's, by its file and its name, and the image's zones are what they were" {
  script='date -d @1700000000 +%H:%M:%S%z; cat /etc/timezone; TZ=Etc/UTC date -d @1700000000 +%H%Z; stat -c %F /etc/localtime'
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime "$image" -- sh -c "$script"
  echo "$output"
  [ "$output" = $'03:43:20+0530\nAsia/Kolkata\n22UTC\nregular file' ]
  run elsewhere Asia/Kolkata "$BERTH" run "$image" -- date -d @1700000000 +%z
  [ "$output" = +0000 ]
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime --read-only "$image" -- date -d @1700000000 +%z
  [ "$output" = +0530 ]
  # What the user mounts there goes before it.
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime -v /usr/share/zoneinfo/Asia/Tokyo:/etc/localtime \
    "$image" -- date -d @1700000000 +%z
  [ "$output" = +0900 ]
}

@test "a changes' directory keeps nothing of it, and a plan says what it is" {
  mkdir kept
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime --overlay "$work/kept" "$image" -- date -d @1700000000 +%z
  [ "$output" = +0530 ]
  run find kept/upper -name localtime
  [ -z "$output" ]
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime --plan "$image"
  echo "${lines[0]}"
  [ "${lines[0]}" = "# localtime: Asia/Kolkata: 0 variables, 0 devices, 0 mounts, 2 files" ]
  grep -q "write '/tmp/upper/etc/localtime'" <<<"$output"
}

@test "ranks that share a container have the zone of who built it" {
  elsewhere Asia/Kolkata sh -c 'for rank in 1 2; do
    timeout -s KILL 20 "$@" sh -c "date -d @1700000000 +%z >zone-$rank; until [ -s zone-1 ] && [ -s zone-2 ]; do sleep 0.02; done
      readlink /proc/self/ns/mnt" >place-$rank 3>&- &
  done; wait' sh "$BERTH" run --share=node --hook=localtime "$image" --
  [ "$(cat zone-1 zone-2)" = $'+0530\n+0530' ]
  [ "$(cat place-1 place-2 | count_different)" = 1 ]
}

@test "a site has it for everybody, and who does not want it leaves it out" {
  printf 'default hook=localtime\n' >config/berth/run.conf
  run elsewhere Asia/Kolkata "$BERTH" run "$image" -- date -d @1700000000 +%z
  [ "$output" = +0530 ]
  for option in --no-hook=localtime --no-hooks; do
    run elsewhere Asia/Kolkata "$BERTH" run "$option" "$image" -- date -d @1700000000 +%z
    [ "$output" = +0000 ]
  done
}

@test "a hook that nobody knows is refused with those that there are" {
  run --separate-stderr "$BERTH" run --hook=localtim "$image" -- true
  [ "$status" = 125 ]
  [ "$stderr" = "berth: cannot use 'localtim' as a hook
berth: hint: did you mean 'localtime'?" ]
  run --separate-stderr "$BERTH" run --hook=fabrc:/x "$image" -- true
  [ "$stderr" = "berth: cannot use 'fabrc:/x' as a hook
berth: hint: did you mean 'fabric:/x'?" ]
  run --separate-stderr "$BERTH" run --hook=ssh:/x "$image" -- true
  [ "$stderr" = "berth: cannot use 'ssh:/x' as a hook
berth: hint: 'ssh' takes no path" ]
  run --separate-stderr "$BERTH" run --hook=rules.sh "$image" -- true
  [ "${stderr_lines[0]}" = "berth: cannot use 'rules.sh' as a hook" ]
  [[ "${stderr_lines[1]}" == "berth: hint: write fabric, ldcache, "*"or the path of a program, which begins with '/'" ]]
}

@test "a hook that is left out starts nobody" {
  strace -f -o trace -e trace=execve,openat "$BERTH" run --hook=localtime --no-hook=localtime "$image" -- true
  grep -q 'execve(' trace
  run -1 grep -E 'execve.*berth-hooks|openat.*localtime' trace
}

# asks OPTION...: a launch with all of them that look into an image; how often somebody was asked.
asks() {
  timeout -s KILL 90 strace -f -o trace -e trace=execve "$BERTH" run "${all[@]}" "$@" "$BERTH_DEMO_IMAGE" -- true >&2 ||
    echo "the launch failed: $?"
  grep -c 'execve(.*berth-hooks"' trace || [ $? = 1 ]
}

# What a plan says of hooks.
said() {
  "$BERTH" run "${all[@]}" "$@" --plan "$BERTH_DEMO_IMAGE" | grep '^#'
}

prepare_all() {
  unset FLUX_URI PALS_SPOOL_DIR "${!PMIX_@}" "${!OMPI_@}" LD_LIBRARY_PATH OPAL_PREFIX
  export XDG_CACHE_HOME=$work/cache
  all=(--hook=localtime --mpi-hook=auto --hook=fabric --hook=pmi --hook=ssh --hook=ldcache)
}

@test "all that look into an image are asked together once, and again where something that decides is another" {
  prepare_all
  new=$(said)
  [ "$(asks)" = 1 ]
  [ "$(asks)" = 0 ]
  [ "$(said)" = "$new" ]
  # Fewer are another question.
  [ "$(asks --no-hook=ldcache)" = 1 ]
  [ "$(asks --no-hook=ldcache)" = 0 ]
  # What is not about the image is looked at each time.
  mkdir flux
  export FLUX_URI=local://$work/flux/local-0
  [ "$(asks --home=none --cwd=none)" = 0 ]
  [[ "$(said --home=none --cwd=none)" == *"'$work/flux'"* ]]
  FLUX_URI='' asks
  [ "$(FLUX_URI='' asks)" = 0 ]
  # A program may bring other libraries each time, of which the loader's cache has to know.
  printf '%s\n' '#!/bin/sh' "echo '{\"cdiVersion\": \"0.8.0\", \"containerEdits\": {\"env\": [\"SSH_AUTH_SOCK=/site\"]}}'" >rules
  chmod 755 . rules
  [ "$(asks --hook="$work/rules")" = 1 ]
  [ "$(asks --hook="$work/rules")" = 1 ]
  # Whose word is the last, known or not.
  for leave in ldcache mpi,ldcache; do
    run "$BERTH" run "${all[@]}" --no-hook=ldcache ${leave:+--no-hook=${leave%,*}} --hook="$work/rules" "$BERTH_DEMO_IMAGE" -- \
      sh -c 'echo "$SSH_AUTH_SOCK"'
    [ "${lines[-1]}" = /site ]
  done
}

@test "what is bound is part of the question, and a bind that comes or goes is looked at" {
  prepare_all
  all=(--mpi-hook=auto --hook=pmi)
  plain=$(said)
  mkdir empty with
  cp -L /usr/lib/x86_64-linux-gnu/libmpi.so.40 with/
  [ "$(asks --bind="$work/empty:/etc/alternatives")" = 1 ]
  [ "$(said)" = "$plain" ]
  [ "$(asks)" = 1 ]
  # Where people's files are nobody looks,
  [ "$(asks --bind="$work/empty:/mnt")" = 0 ]
  # but where a variable leads there.
  leading=(-e LD_LIBRARY_PATH=/srv/lib)
  [ "$(asks "${leading[@]}" --bind="$work/empty:/srv/lib")" = 1 ]
  [ "$(asks "${leading[@]}" --bind="$work/empty:/srv/lib")" = 0 ]
  [ "$(asks "${leading[@]}" --bind="$work/with:/srv/lib")" = 1 ]
  [ "$(asks "${leading[@]}")" = 1 ]
  cp with/* empty/
  [ "$(asks "${leading[@]}" --bind="$work/empty:/srv/lib")" = 1 ]
}

@test "a name that no hook has is said where it was to be left out" {
  run --separate-stderr "$BERTH" run --no-hook=localtme "$image" -- echo runs
  [ "$output" = runs ]
  [ "$stderr" = "berth: there is no hook 'localtme' that --no-hook could leave out" ]
  mkdir hooks.d
  chmod 755 . hooks.d
  printf '{"version": "1.0.0", "hook": {"path": "/bin/true"}, "when": {"always": true}, "stages": ["poststop"]}' >hooks.d/mine.json
  chmod 644 hooks.d/mine.json
  run --separate-stderr "$BERTH" run --hooks-dir "$PWD/hooks.d" --no-hook=mine --no-hook=mpi --no-hook=min "$image" -- echo runs
  [ "$output" = runs ]
  [ "$stderr" = "berth: there is no hook 'min' that --no-hook could leave out" ]
}

@test "a program that is no hook because it is not there is refused with what to try" {
  run --separate-stderr "$BERTH" run --hook "$work/nowhere/rules" "$image" -- true
  [ "$status" = 125 ]
  [ "${stderr_lines[0]}" = "berth: cannot run '$work/nowhere/rules': lstat: No such file or directory (ENOENT)" ]
  [ "${stderr_lines[1]}" = "berth: hint: check the path, or leave it out: --no-hook=rules" ]
}

@test "with --writable the time zone leaves no files in the user's directory" {
  mkdir -p tree/etc
  cp "$(command -v busybox)" tree/busybox
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime --writable tree -- /busybox echo runs
  echo "$output"
  [ "$output" = runs ]
  [ ! -e tree/etc/localtime ]
  [ ! -e tree/etc/timezone ]
  echo old >tree/etc/timezone
  run elsewhere Asia/Kolkata "$BERTH" run --hook=localtime --writable tree -- /busybox cat /etc/timezone
  [ "$output" = Asia/Kolkata ]
  [ "$(cat tree/etc/timezone)" = old ]
}
