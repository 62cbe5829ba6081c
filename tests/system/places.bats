#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# --mask and --read-only-path: what the program sees and can do, what /proc/PID/mountinfo has from outside,
# and what a hostile image makes of them.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/places.XXXXXX")
  cd "$work" || return
  mkdir -p tree/bin tree/etc tree/var/lib/deep src/sub here
  cp /bin/busybox tree/bin/ 2>/dev/null || skip_unless "needs busybox-static" false
  ln -s busybox tree/bin/sh
  echo secret >tree/var/lib/file
  echo secret >tree/var/lib/deep/file
  echo motd >tree/etc/motd
  echo node >src/file
  echo below >src/sub/file
  cd here || return
}

teardown() {
  chmod -R u+rwx "$work"
  rm -rf "$work"
}

make_image() {
  image=$work/i.sqsh
  mksquashfs "$work/tree" "$image" -noappend -quiet -no-progress >/dev/null
}

# inside OPTIONS... SCRIPT: what a script says in a container, where busybox has its names.
inside() {
  local options=("${@:1:$#-1}")
  timeout 30 "$BERTH" run --env PATH=/bin "${options[@]}" "$image" -- \
    /bin/busybox sh -c "/bin/busybox --install -s /bin; ${*: -1}"
}

# line_at PLACE: "ROOT FLAGS TYPE" of the last mount there.
line_at() {
  awk -v place="$1" '$5 == place { line = $4 " " $6; sub(/.* - /, ""); line = line " " $1 } END { print line }' <<<"$output"
}

@test "a masked directory is empty and a masked file is /dev/null, also as seen from outside" {
  make_image
  run -0 inside --mask /var/lib --mask /etc/motd 'ls -A /var/lib; cat /etc/motd; stat -c "%F %a" /etc/motd /var/lib
    touch /var/lib/new 2>&1; chmod 700 /etc/motd 2>&1; cat /proc/self/mountinfo'
  echo "$output"
  [ "${lines[0]}" = "character special file 666" ]
  [ "${lines[1]}" = "directory 555" ]
  [[ "${lines[2]}" == *"Read-only file system" && "${lines[3]}" == *"Read-only file system" ]]
  [[ "$(line_at /var/lib)" == "/ ro,nosuid,nodev,noexec,relatime tmpfs" ]]
  [[ "$(line_at /etc/motd)" == "/null ro,nosuid,"*"noexec,"* ]]
  inside --mask /var/lib --mask /etc/motd 'echo $$ >number; mv number ready; exec sleep 100' 3>&- &
  for _ in $(seq 200); do [ ! -e ready ] || break; sleep 0.05; done
  output=$(cat "/proc/$(cat ready)/mountinfo")
  kill "$(cat ready)"
  wait
  [[ "$(line_at /var/lib)" == "/ ro,nosuid,nodev,noexec,relatime tmpfs" ]]
  [[ "$(line_at /etc/motd)" == "/null ro,nosuid,"*"noexec,"* ]]
  expect_no_process_left
  expect_no_mount_left
}

@test "a mask is above all binds, and stays when the program tries to take it off" {
  make_image
  run -0 inside --mask /var/lib -v "$work/src:/var/lib/deep" -v "$work/src:/data" --mask /data/sub --mask /data/file \
    'ls -A /var/lib /data/sub; wc -c </data/file; umount /var/lib 2>&1
    unshare -Ur -m sh -c "umount /var/lib; umount -l /data/sub; ls -A /var/lib /data/sub; cat /data/file" 2>&1'
  echo "$output"
  [[ "$output" != *secret* && "$output" != *node* && "$output" != *below* && "$output" != *deep* ]]
  [ "${lines[2]}" = 0 ]
  [ "$(cat "$work/src/file" "$work/src/sub/file")" = $'node\nbelow' ]
  # The same without masks: the words that were looked for are there.
  run -0 inside -v "$work/src:/data" 'ls -A /var/lib; cat /data/file /data/sub/file /var/lib/file'
  [ "$output" = $'deep\nfile\nnode\nbelow\nsecret' ]
}

@test "a read-only path is so with all that lies in it, and what is beside it is not" {
  make_image
  run -0 inside -v "$work/src:/data" --tmpfs /data/sub --read-only-path /data --read-only-path /etc/motd \
    'for f in /data/new /data/sub/new /data/file /etc/motd /etc/new; do (echo x >$f) 2>/dev/null && echo "$f written"; done
    chmod 700 /data 2>&1; cat /proc/self/mountinfo'
  echo "$output"
  [ "$(grep written <<<"$output")" = "/etc/new written" ]
  [[ "$output" == *"chmod: /data: Read-only file system"* ]]
  [[ "$(line_at /data)" == *" ro,"* && "$(line_at /data/sub)" == *" ro,"*" tmpfs" && "$(line_at /etc/motd)" == *" ro,"*" overlay" ]]
  [ "$(ls "$work/src")" = $'file\nsub' ]
  # A mask in it is there, whichever was said first.
  for options in "--mask /data/sub --read-only-path /data" "--read-only-path /data --mask /data/sub"; do
    # shellcheck disable=SC2086
    run -0 inside -v "$work/src:/data" $options 'ls -A /data/sub; ls /data; (echo x >/data/new) 2>&1; true'
    [ "$output" = $'file\nsub\nsh: can'"'"'t create /data/new: Read-only file system' ]
  done
}

@test "what is missing is passed over, links are followed inside, and what cannot be reached is an error" {
  ln -s /no/such tree_dangling && mv tree_dangling "$work/tree/dangling"
  ln -s loop "$work/tree/loop"
  ln -s /var/lib "$work/tree/link"
  ln -s "../../../../../..$work/src" "$work/tree/escape"
  ln -s "$work/src/file" "$work/tree/out"
  mkfifo "$work/tree/fifo"
  make_image
  local before
  before=$(find "$work/src" -printf '%p %y %m %s %T@ %l\n')
  for option in --mask --read-only-path; do
    run -0 inside $option /no/such $option /etc/motd/x $option /dangling $option /escape $option /out 'ls /var/lib'
    [ "$output" = $'deep\nfile' ]
    run --separate-stderr -125 inside $option /loop true
    [[ "${stderr_lines[0]}" == "berth: cannot ma"*"'/loop'"*": openat2: Too many levels of symbolic links (ELOOP)" ]]
    run --separate-stderr -125 inside $option /proc/self/root true
    [[ "${stderr_lines[0]}" == *": openat2: Too many levels of symbolic links (ELOOP)" ]]
    run --separate-stderr -125 inside $option /loop/../etc true
    [ "${stderr_lines[0]}" = "berth: cannot find the place '/loop/../etc' in a container" ]
    [ "${stderr_lines[1]}" = "berth: hint: name a place below '/' without '..'" ]
  done
  run -0 inside --mask /link 'ls -A /link /var/lib'
  [[ "$output" != *deep* && "$output" != *file* ]]
  run -0 inside --mask /fifo 'cat /fifo; echo x >/fifo; echo done'
  [ "$output" = "done" ]
  [ "$(find "$work/src" -printf '%p %y %m %s %T@ %l\n')" = "$before" ]
  expect_no_mount_left
}

@test "nothing is begun in a masked place, and no variable names one" {
  make_image
  run -0 env TMPDIR="$PWD" timeout 30 "$BERTH" run --mask "$work" "$image" -- \
    /bin/sh -c '/bin/busybox pwd; echo ${TMPDIR:-unset}'
  [ "$output" = $'/\nunset' ]
  run -0 env TMPDIR="$PWD" timeout 30 "$BERTH" run --read-only-path "$work" "$image" -- \
    /bin/sh -c '/bin/busybox pwd; echo ${TMPDIR:-unset}'
  [ "$output" = "$PWD"$'\n'"$PWD" ]
}

@test "a container's /proc that is covered is an error that says what berth needs" {
  ln -s /proc "$work/tree/link"
  make_image
  for options in "--tmpfs /proc" "--mask /proc" "--mask /link" "-v $work/src:/link"; do
    # shellcheck disable=SC2086
    run --separate-stderr -125 inside $options true
    echo "$options: $stderr"
    [ "${stderr_lines[0]}" = "berth: cannot hand the container to its keeper: open: No such file or directory (ENOENT)" ]
    [ "${stderr_lines[1]}" = "berth: hint: /proc of the container is covered, and berth itself needs it: leave that place alone" ]
  done
  run -0 inside --mask /proc/version 'wc -c </proc/version; echo $$ >/proc/self/comm'
  [ "$output" = 0 ]
  run -0 inside --read-only-path /proc '(echo x >/proc/self/comm) 2>&1; true'
  [[ "$output" == *"Read-only file system" ]]
}

@test "ranks share a container only if they mask the same" {
  make_image
  rank() {
    timeout 60 "$BERTH" run --share=node "$@" "$image" -- /bin/sh -c \
      '/bin/busybox readlink /proc/self/ns/mnt; while [ ! -e '"$work"'/here/go ]; do /bin/busybox sleep 0.05; done' >>seen 3>&- &
  }
  for options in "--mask /var/lib" "--mask /var/lib" "--read-only-path /var/lib" "--mask /etc"; do
    # shellcheck disable=SC2086
    rank $options
  done
  for _ in $(seq 600); do [ "$(wc -l <seen)" != 4 ] || break; sleep 0.05; done
  touch go
  wait
  [ "$(sort -u seen | wc -l)" = 3 ]
  expect_no_process_left
}
