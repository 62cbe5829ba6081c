#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# The program's variables: who wins, what is said about it, and where they do not go.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/environment.XXXXXX")
  cd "$work" || return
}

teardown() {
  rm -rf "$work"
}

# make_image VARIABLE...: img.sqsh has env(1) with its libraries, and a configuration with variables.
make_image() {
  mkdir -p tree/.berth tree/tmp
  cp --parents /usr/bin/env "$(ldconfig -p | sed -n 's/.*libc\.so\.6 (.*x86-64.*=> //p' | head -n 1)" \
    /lib64/ld-linux-x86-64.so.2 tree
  jq -nc '{config: {Env: $ARGS.positional}}' --args "$@" >tree/.berth/config.json
  mksquashfs tree img.sqsh -quiet -no-progress -noappend >/dev/null
}

@test "options are taken in the order of the command line" {
  printf 'A=file\nB=file\n' >vars
  run timeout 30 "$BERTH" run -e A=before -e B=before --env-file vars -e B=after --env-append A=more \
    --unset-env 'LANG*' "$image" -- sh -c 'echo $A $B ${LANG-none}'
  [ "$status" = 0 ]
  [ "$output" = "file:more after none" ]
}

@test "programs are looked for in the PATH that options have made" {
  mkdir bin
  printf '#!/bin/sh\necho mine\n' >bin/ls
  chmod +x bin/ls
  run timeout 30 "$BERTH" run --env-prepend "PATH=$work/bin" "$image" -- ls
  [ "$output" = mine ]
  run timeout 30 "$BERTH" run --env-append "PATH=$work/bin" "$image" -- ls -d /usr
  [ "$output" = /usr ]
}

@test "a variable without a name is refused" {
  for option in --env --env-prepend --env-append --unset-env --explain-env; do
    run --separate-stderr -125 "$BERTH" run "$option" =x "$image" -- true
    [ -z "$output" ]
    [ "${stderr_lines[0]}" = "berth: cannot use '=x' as a variable" ]
    [ "${#stderr_lines[@]}" = 2 ]
  done
}

@test "--explain-env says what the program then finds, of every variable that anybody speaks of" {
  make_image PATH=/opt/bin:/usr/bin HOME=/nowhere PMIX_RANK=0 LD_LIBRARY_PATH=/opt/lib 'TEXT=a b=c' EMPTY=
  printf 'A=file\nCALLER\nNOBODY\n' >vars
  options=(-e A=1 --env-file vars --env-prepend PATH=/x --env-append EMPTY=1 --unset-env 'GO*' -e GONE)
  caller=(env -i HOME="$HOME" PATH="$PATH" PMIX_RANK=3 CALLER=1 GONE=2 GOING=1 LD_PRELOAD= TMPDIR=/none
    XDG_RUNTIME_DIR=/tmp BERTH_X=1 "$BERTH" run)
  "${caller[@]}" "${options[@]}" img.sqsh -- /usr/bin/env >inside
  [ "$(wc -l <inside)" -ge 12 ]
  while IFS= read -r variable; do
    run --separate-stderr "${caller[@]}" --explain-env "${variable%%=*}" "${options[@]}" img.sqsh
    [ "$status" = 0 ]
    [ -z "$stderr" ]
    [ "${lines[-1]}" = "$variable" ]
    [ "${#lines[@]}" -ge 2 ]
  done <inside
  for variable in GOING LD_PRELOAD NOBODY NEVER TMPDIR; do
    [ "$(grep -c "^$variable=" inside)" = 0 ]
    run --separate-stderr "${caller[@]}" --explain-env "$variable" "${options[@]}" img.sqsh
    [ "$status" = 0 ]
    [ "${lines[-1]}" = "$variable is not set" ]
  done
}

@test "--explain-env names the line of a file, and starts nothing" {
  printf '# ours\nA=file\n' >vars
  run --separate-stderr env -u A "$BERTH" run --explain-env A -e A=1 --env-file vars --overlay nowhere \
    --record-profile profile "$image" -- touch "$work/started"
  [ "$status" = 0 ]
  [ "$output" = "--env sets it to '1'
vars:2 changes it to 'file'
A=file" ]
  [ "$(ls)" = vars ]
  expect_no_mount_left
}

# make_tracer: a library that writes down into `trace` which program has loaded it. Sets `tracer`.
make_tracer() {
  tracer=$work/tracer.so
  printf '%s\n' '#include <fcntl.h>' '#include <stdio.h>' '#include <unistd.h>' \
    '__attribute__((constructor)) static void trace(void) {' \
    '  char path[4096];' \
    '  int file = open(TRACE, O_WRONLY | O_CREAT | O_APPEND, 0666);' \
    '  long length = readlink("/proc/self/exe", path, sizeof path);' \
    '  dprintf(file, "%.*s\n", (int)length, path);' \
    '  close(file);' \
    '}' >tracer.c
  g++ -x c -shared -fPIC "-DTRACE=\"$work/trace\"" -o tracer.so tracer.c
  LD_PRELOAD=$tracer /usr/bin/env true
  [ "$(head -n 1 trace)" = /usr/bin/env ]
  rm trace
}

@test "a library that the caller preloads gets into nothing that berth starts on the node" {
  make_tracer
  make_image
  run timeout 30 env LD_PRELOAD="$tracer" "$BERTH" run img.sqsh -- /usr/bin/env
  [ "$status" = 0 ]
  # A user that only getent(1) could know.
  run timeout 30 unshare --user --map-user=4242 --map-group=4242 env LD_PRELOAD="$tracer" \
    "$BERTH" run --home none img.sqsh -- /usr/bin/env
  [ "$status" = 0 ]
  [[ "$output" = *USER=4242* ]]
  mkdir dir
  timeout 30 env LD_PRELOAD="$tracer" "$BERTH" mount img.sqsh dir
  timeout 30 env LD_PRELOAD="$tracer" "$BERTH" unmount dir
  timeout 30 env LD_PRELOAD="$tracer" "$BERTH" image inspect img.sqsh
  [ ! -e trace ]
}

@test "a library that an option or the image preloads gets into the program alone" {
  make_tracer
  make_image "LD_PRELOAD=$tracer" "GCONV_PATH=$work"
  for options in "" --init --pid "--pid --init" --share=node; do
    # shellcheck disable=SC2086  # words
    run timeout 30 "$BERTH" run $options img.sqsh -- /usr/bin/env
    [ "$status" = 0 ]
    [ "$(cat trace)" = /usr/bin/env ]
    rm trace
  done
  make_image
  run timeout 30 "$BERTH" run --env "LD_PRELOAD=$tracer" --env "LD_AUDIT=$tracer" img.sqsh -- /usr/bin/env
  [ "$status" = 0 ]
  [ "$(sort -u trace)" = /usr/bin/env ]
}

@test "what stands by a program has none of its variables" {
  make_own_image
  timeout 30 env -i HOME="$HOME" "$BERTH" run --init --env LD_PRELOAD= --env SECRET=1 "$image" -- \
    sh -c 'cat /proc/self/environ >&2; echo up; sleep 20' >out 2>inside 3>&- &
  local pid=$! others=0 one
  for _ in $(seq 200); do [ -s out ] && break || sleep 0.05; done
  grep -q SECRET=1 inside
  while read -r one; do
    case $(cat "/proc/$one/comm") in
      berth-serve | berth-keeper | berth-init)
        # Of what is not dumpable the caller may see nothing, and nothing is there to be seen.
        [ "$(tr '\0' '\n' 2>/dev/null <"/proc/$one/environ" | grep -cE 'LD_|SECRET')" = 0 ]
        others=$((others + 1))
        ;;
    esac
  done < <(find_own_processes | cut -d: -f1)
  kill "$pid"
  expect_end 143 "$pid"
  [ "$others" -ge 3 ]
  rm -f "$image"
}

@test "berth-image gets the caller's variables without the loader's" {
  mkdir -p own/bin own/libexec/berth
  cp "$BERTH" own/bin/berth
  printf '#!/bin/sh\nexec /usr/bin/env\n' >own/libexec/berth/berth-image
  chmod +x own/libexec/berth/berth-image
  loader=(LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_OTHER GCONV_PATH GETCONF_DIR LOCPATH NLSPATH GLIBC_TUNABLES MALLOC_TRACE)
  run env "${loader[@]/%/=/none}" LDFLAGS=kept TZDIR=/kept own/bin/berth import x
  [ "$status" = 0 ]
  [[ $'\n'$output$'\n' = *$'\nLDFLAGS=kept\n'* ]]
  [[ $'\n'$output$'\n' = *$'\nTZDIR=/kept\n'* ]]
  for name in "${loader[@]}"; do
    [[ $'\n'$output != *$'\n'$name=* ]]
  done
}

@test "fusermount3 gets no variable of the caller's" {
  make_own_image
  mkdir dir bin
  printf '#!/bin/sh\n/usr/bin/env >>%s/seen\nexec %s "$@"\n' "$work" "$(command -v fusermount3)" >bin/fusermount3
  chmod +x bin/fusermount3
  env PATH="$work/bin:$PATH" LD_OTHER=1 SECRET=1 "$BERTH" mount "$image" dir
  "$BERTH" unmount dir
  grep -q ^_FUSE_COMMFD= seen
  [ "$(grep -cvE '^(_FUSE_COMMFD|LC_ALL|PWD|OLDPWD|SHLVL|_)=' seen)" = 0 ]
  rm -f "$image"
}
