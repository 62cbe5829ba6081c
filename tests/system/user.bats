#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # helpers.bash sets `image` and `work`; some scripts are for the container
# --user and --subuid: who the program is, as seen from inside and from outside. The image of these tests
# has a user pg with files of his own.
load ../helpers

setup_file() {
  export SMALL=$BERTH_TEST_DIR/users.sqsh
  python3 - "$BERTH_DEMO_IMAGE" "$BERTH" "$SMALL" <<'END_OF_PYTHON'
import io, subprocess, sys, tarfile
base, berth, out = sys.argv[1:]
passwd = "root:x:0:0:root:/root:/bin/sh\npg:x:999:998::/var/lib/pg:/bin/sh\nfar:x:3000000:998::/:/bin/sh\nbad:x:nan:0::/:/bin/sh\n"
files = [("etc/passwd", passwd, 0, 0, 0o644), ("etc/group", "root:x:0:\npg:x:998:\nstaff:x:50:\n", 0, 0, 0o644),
         ("var/lib/pg/data", "content\n", 999, 998, 0o600)]
with tarfile.open("users.tar", "w") as tar:
    folder = tarfile.TarInfo("var/lib/pg"); folder.type = tarfile.DIRTYPE
    folder.mode, folder.uid, folder.gid = 0o700, 999, 998
    tar.addfile(folder)
    for name, text, uid, gid, mode in files:
        entry = tarfile.TarInfo(name); entry.size, entry.mode, entry.uid, entry.gid = len(text), mode, uid, gid
        tar.addfile(entry, io.BytesIO(text.encode()))
subprocess.run([berth, "import", "--quiet", "tar:users.tar", out], check=True)
END_OF_PYTHON
}

setup() {
  enter_work user
  chmod 711 "$work"  # other users of a container have to come in
  # Of this test's own name, below which lies what the demo image has: its processes can be told by it.
  image=$BERTH_TEST_DIR/image-$BATS_SUITE_TEST_NUMBER-$$.sqsh
  ln "$SMALL" "$image"
  root=$BERTH_DEMO_IMAGE+$image
}

teardown() {
  # Only one test makes it.
  ! "$BERTH" inspect "box$$" >/dev/null 2>&1 || "$BERTH" rm --force "box$$" >/dev/null
  leave_work
  rm -f "$image"
}

has_ranges() {
  [ -x /usr/bin/newuidmap ] && grep -q "^$(id -un):" /etc/subuid && grep -q "^$(id -un):" /etc/subgid
}

need_ranges() {
  skip_unless "the user has no lines in /etc/subuid and /etc/subgid, or newuidmap is missing" has_ranges
}

# The number on the node of user or group $2 of a container in which the caller keeps his own: outside uid 999.
outside() {
  local own first
  own=$(id "-${1:0:1}")
  first=$(awk -F: -v user="$(id -un)" '$1 == user { print $2; exit }' "/etc/sub$1")
  echo $((first + $2 - ($2 > own ? 1 : 0)))
}

# on_node SCRIPT: on a node with other files, in mounts of this test's own, where nothing is setuid root either.
on_node() {
  unshare --user --map-current-user --keep-caps --mount bash -c "$1" - "$BERTH" "$root" 2>&1
}

# The number that the program of the container NAME has on the node.
program_of() {
  "$BERTH" inspect --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["pid"])'
}

@test "--user alone is another number of the caller's: his files are the program's own" {
  touch mine
  run -0 berth_run --user pg "$root" -- sh -c 'id -u; id -g; id -un; id -gn; echo $USER $HOME; stat -c %u:%g mine /var/lib/pg/data /; touch made; cat /var/lib/pg/data'
  [ "$output" = "999
998
pg
pg
pg $HOME
999:998
999:998
999:998
content" ]
  [ "$(stat -c %u:%g made)" = "$(id -u):$(id -g)" ]
  run -0 berth_run --user 1234 "$root" -- sh -c 'id -u; id -un; id -g; cat /proc/self/uid_map | tr -s " "'
  [ "$output" = "1234
1234
$(id -g)
 1234 $(id -u) 1" ]
  run -0 berth_run -u pg:staff --home none "$root" -- sh -c 'id -gn; echo $HOME'
  [ "$output" = $'staff\n/var/lib/pg' ]
  run -0 berth_run --user 4294967294:7 "$root" -- sh -c 'id -u; id -g; cat /proc/self/setgroups'
  [ "$output" = $'4294967294\n7\ndeny' ]
}

@test "--user: who is not in the image or in the container is an error, and nothing begins" {
  local words
  for words in ada pg:wheel bad; do
    run -125 berth_run --user $words "$root" -- touch begun
    [[ "$output" == "berth: cannot run as '$words': the image has no "*$'\nberth: hint: name one of the image\'s /etc/'* ]]
    [ "${#lines[@]}" = 2 ]
  done
  run -125 berth_run --user 4294967295 "$root" -- touch begun
  [[ "$output" == *"a number below 4294967295"* ]]
  run -125 berth_run --root --user pg "$root" -- touch begun
  [ "${lines[0]}" = "berth: cannot be root and user 'pg' at once: one number is mapped" ]
  [ ! -e begun ]
  expect_no_process_left
}

@test "--user: an /etc/passwd of a hostile image names nobody of the node's, and no line is believed" {
  local kind
  for kind in absolute escape dangling loop fifo; do
    mkdir -p "$kind/etc"
    put_trap $kind "$kind/etc/passwd" /etc/passwd
    run -125 berth_run --user "$(id -un)" "$BERTH_DEMO_IMAGE+./$kind" -- true
    [ "${lines[0]}" = "berth: cannot run as '$(id -un)': the image has no user '$(id -un)'" ]
  done
  mkdir -p large/etc
  head -c 300000 /dev/zero | tr '\0' 'a' >large/etc/passwd
  run -125 berth_run --user aaa ./large -- true
  [[ "${lines[0]}" == "berth: cannot use './large' as an image: "* ]]
}

@test "--subuid: the caller keeps his number, the others lie around it, and files belong to whom the image says" {
  need_ranges
  touch mine
  run -0 berth_run --subuid "$image+$BERTH_DEMO_IMAGE" -- sh -c 'id -u; id -g; stat -c %u:%g mine /usr/bin/env; stat -c %u:%g:%a /var/lib/pg; cat /proc/self/setgroups'
  [ "$output" = "$(id -u)
$(id -g)
$(id -u):$(id -g)
0:0
999:998:700
allow" ]
  run -0 berth_run --subuid "$root" -- python3 -c '
for line in open("/proc/self/uid_map"):
    inside, outside, count = map(int, line.split())
    if inside <= 999 < inside + count: print(outside + 999 - inside)'
  [ "$output" = "$(outside uid 999)" ]
  run -0 berth_run --subuid --root "$root" -- sh -c 'id -u; stat -c %u mine; head -n 1 /proc/self/uid_map | tr -s " "'
  [ "$output" = $'0\n0\n'" 0 $(id -u) 1" ]
}

@test "--subuid --user: the program is another user, inside and outside, with no right of the caller's but his groups'" {
  need_ranges
  mkdir -m 755 closed
  "$BERTH" run -d --name "box$$" --subuid --user pg "$root" -- sh -c 'cat /var/lib/pg/data; touch closed/file; touch /var/lib/pg/new && echo made; exec sleep 1000' >/dev/null
  local pid
  pid=$(program_of "box$$")
  [ "$(stat -c %u:%g "/proc/$pid")" = "$(outside uid 999):$(outside gid 998)" ]
  [ "$(awk '/^Cap/ { print $2 }' "/proc/$pid/status" | sort -u)" = 0000000000000000 ]
  grep -q $'^NoNewPrivs:\t1$' "/proc/$pid/status"
  # The caller's groups are still there.
  grep -qw "$(id -g)" <(grep ^Groups "/proc/$pid/status")
  for _ in $(seq 200); do ! "$BERTH" logs "box$$" | grep -q made || break; sleep 0.05; done
  [ "$("$BERTH" logs "box$$" 2>&1)" = $'content\ntouch: cannot touch \'closed/file\': Permission denied\nmade' ]
  # Who comes in is the same user, and may signal the program.
  [ "$("$BERTH" exec "box$$" sh -c 'id -u; id -g; cat /var/lib/pg/data; kill -0 1 && echo may')" = $'999\n998\ncontent\nmay' ]
  [ "$("$BERTH" exec "box$$" awk '/^Cap/ { print $2 }' /proc/self/status | sort -u)" = 0000000000000000 ]
  "$BERTH" pause "box$$"
  "$BERTH" resume "box$$"
  "$BERTH" stop "box$$"
  [ "$("$BERTH" wait "box$$")" = 143 ]
  "$BERTH" rm "box$$"
  expect_no_process_left
}

@test "exec --user: another user that the container has, by its own files, and nobody else" {
  need_ranges
  "$BERTH" run -d --name "box$$" --subuid "$root" -- sh -c 'echo "late:x:77:50::/srv:/bin/sh" >>/etc/passwd; echo up; exec sleep 1000' >/dev/null
  for _ in $(seq 200); do ! "$BERTH" logs "box$$" | grep -q up || break; sleep 0.05; done
  in_box() { timeout 30 "$BERTH" exec "$@"; }
  tell='echo $(id -u) $(id -g) $USER $LOGNAME $HOME; awk "/^CapEff/ { print \$2 }" /proc/self/status; cat /var/lib/pg/data 2>&1'
  [ "$(in_box -u pg "box$$" sh -c "$tell")" = $'999 998 pg pg /var/lib/pg\n0000000000000000\ncontent' ]
  [ "$(in_box --user pg:staff -e HOME=/here "box$$" sh -c "$tell" | head -n 1)" = "999 50 pg pg /here" ]
  [ "$(in_box --user late "box$$" sh -c "$tell" | head -n 1)" = "77 50 late late /srv" ]
  [ "$(in_box --user root "box$$" sh -c "$tell" | head -n 2)" = $'0 0 root root /root\n0000000000000000' ]
  [ "$(in_box --user 4321 "box$$" sh -c "$tell" | head -n 1)" = "4321 $(id -g) 4321 4321 /" ]
  [ "$(in_box --user "$(id -u)" "box$$" id -u)" = "$(id -u)" ]
  run -125 in_box --user ada "box$$" true
  [ "$output" = "berth: cannot run as 'ada': the container has no user 'ada'
berth: hint: name one of the container's /etc/passwd, or give numbers: --user UID[:GID]" ]
  for words in "" : :staff /x 4294967295; do
    run -125 in_box --user "$words" "box$$" true
    [ "${lines[0]}" = "berth: cannot run as user '$words'" ]
  done
  run -125 in_box --user far "box$$" true
  [ "${lines[0]}" = "berth: cannot run as 'far': the container does not have the number 3000000 of a user" ]
  # What the program makes of these files leads nowhere, and nobody waits for it.
  in_box "box$$" sh -c 'cd /etc; rm passwd group; mkfifo passwd; ln -s ../../../../etc/group group'
  run -125 in_box --user pg "box$$" true
  [[ "${lines[0]}" == "berth: cannot read '/etc/passwd' of the container"* ]]
  [ "$(in_box --user 999:998 "box$$" cat /var/lib/pg/data)" = content ]
  "$BERTH" rm --force "box$$"
}

@test "exec --user: without --subuid a container has one number" {
  "$BERTH" run -d --name "box$$" --user pg "$root" -- sleep 1000 >/dev/null
  [ "$("$BERTH" exec --user pg "box$$" id -u)" = 999 ]
  run -125 timeout 30 "$BERTH" exec --user root "box$$" true
  [ "$output" = "berth: cannot run as 'root': the container does not have the number 0 of a user
berth: hint: start it with --subuid, which gives it more than the caller's" ]
  "$BERTH" rm --force "box$$"
}

@test "--subuid --user: ranks share one container and are one user in it, also with changes of their own" {
  need_ranges
  local options rank
  for options in "" --pid --private-overlay; do
    mkdir -m 777 seen
    for rank in 0 1; do
      # shellcheck disable=SC2086  # an empty one is no word
      "$BERTH" run --share=node $options --subuid --user pg "$root" -- sh -c '
        echo "$(id -u):$(id -g) $USER $HOME $(readlink /proc/self/ns/user) $(cat /var/lib/pg/data)" >"seen/new$1"
        mv "seen/new$1" "seen/$1"; while [ ! -e go ]; do sleep 0.05; done' sh $rank 3>&- &
    done
    await seen/0
    await seen/1
    [ "$(cat seen/0)" = "$(cat seen/1)" ]
    [[ "$(cat seen/0)" == "999:998 pg /var/lib/pg user:"*" content" ]]
    touch go
    wait
    rm -rf seen go
  done
  expect_no_process_left
}

@test "--subuid --user: signals come through, and a time ends it" {
  need_ranges
  mkdir -m 777 seen
  "$BERTH" run --subuid --user pg --pid "$root" -- sh -c 'trap "echo heard; exit 7" TERM; echo up >seen/up; while :; do sleep 0.1; done' >said 3>&- &
  local pid=$!
  await seen/up
  kill -TERM $pid
  expect_end 7 $pid
  [ "$(cat said)" = heard ]
  run -124 berth_run --subuid --user pg --timeout 1 "$root" -- sleep 100
  expect_no_process_left
}

@test "--subuid --root: with capabilities files can be given away and users changed, and what is kept can be deleted" {
  need_ranges
  mkdir -m 700 kept
  run -0 berth_run --subuid --root --cap-add CHOWN,SETUID,SETGID "$BERTH_DEMO_IMAGE" -- python3 -c '
import os
open("/f", "w").close(); os.chown("/f", 33, 44)
print(os.stat("/f").st_uid, os.stat("/f").st_gid)
os.setgid(44); os.setuid(33); print(os.getuid(), os.getgid())'
  [ "$output" = $'33 44\n33 44' ]
  run -0 berth_run --overlay kept --subuid --user 33 --tmp private "$BERTH_DEMO_IMAGE" -- sh -c 'cd /var/tmp && mkdir -m 700 d && echo kept >d/file'
  run -0 berth_run --overlay kept --subuid --user 33 "$BERTH_DEMO_IMAGE" -- cat /var/tmp/d/file
  [ "$output" = kept ]
  [ "$(stat -c %u kept/upper/var/tmp/d)" = "$(outside uid 33)" ]
  run ! rm -rf kept
  run -0 berth_run --root --subuid --cap-add DAC_OVERRIDE,FOWNER -v "$PWD/kept:/c" "$BERTH_DEMO_IMAGE" -- rm -rf /c/upper /c/work
  rm -rf kept
  [ ! -e kept ]
}

@test "--subuid: each lack of the node's is one error, and nothing is left" {
  need_ranges
  run -125 berth_run --subuid --user far "$root" -- true
  [[ "${lines[0]}" == "berth: cannot run as user 3000000: what /etc/subuid gives you is used up at "* ]]
  [ "${#lines[@]}" = 2 ]
  run -125 on_node 'mount --bind /dev/null /etc/subuid && "$1" run --subuid "$2" -- true'
  [ "${lines[0]}" = "berth: cannot map subordinate users and groups into the container: '/etc/subuid' has no line for '$(id -un)'" ]
  run -125 on_node 'mount --bind /dev/null /usr/bin/newgidmap && "$1" run --subuid "$2" -- true'
  [ "${lines[0]}" = "berth: cannot map subordinate users and groups into the container: this node has no '/usr/bin/newgidmap'" ]
  run -125 on_node '"$1" run --subuid "$2" -- true'
  [ "${lines[0]}" = "berth: cannot map your own and your subordinate users and groups into the container: recv: Operation not permitted (EPERM)" ]
  [[ "${lines[1]}" == "berth: hint: newuidmap and newgidmap have to be setuid root"* ]]
  expect_no_process_left
}

@test "--subuid: what loads libraries into newuidmap does not come from the job" {
  need_ranges
  # The loader of a program that is setuid ignores the variable: a program in its place says what it gets.
  cat >told <<END_OF_SHELL
#!/bin/bash
{ env; readlink /proc/self/fd/*; } >$PWD/environment
exit 1
END_OF_SHELL
  chmod 755 told
  export LD_PRELOAD="" LD_LIBRARY_PATH=/nowhere SECRET=1
  run -125 on_node 'mount --bind told /usr/bin/newuidmap && "$1" run --env LD_PRELOAD=/x --subuid "$2" -- true'
  unset LD_PRELOAD LD_LIBRARY_PATH SECRET
  cat environment
  run ! grep -E '^LD_|^SECRET|^HOME' environment
  grep -x PATH=/usr/bin:/bin environment
  run ! grep -E 'socket|sqsh|fuse' environment
}
