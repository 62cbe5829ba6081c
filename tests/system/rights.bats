#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # helpers.bash sets `image` and `work`; some scripts are for the container
# --cap-add, --cap-drop and --disable-userns: rights that end at the container's own namespaces.
load ../helpers

setup() {
  make_own_image
  enter_work rights
}

teardown() {
  leave_work
  rm -f "$image"
}

# The five sets of capabilities(7), as /proc/PID/status has them: "Inh Prm Eff Bnd Amb".
sets_of() {
  awk '/^Cap/ { printf "%s%s", between, $2; between = " " } END { print "" }' "$1"
}

same() {
  echo "$1 $1 $1 $1 $1"
}

none=0000000000000000
raw_and_trace=0000000000082000  # 1 << 13 and 1 << 19

@test "without being asked for, there is none, and a root inside has none either" {
  for options in "" "--root" "--pid --net=none"; do
    # shellcheck disable=SC2086  # words
    berth_run $options "$image" -- cat /proc/self/status >status
    [ "$(sets_of status)" = "$(same $none)" ]
  done
}

@test "what is added is in all five sets and no other is, as seen from inside and outside" {
  for options in "" "--root" "--pid --init"; do
    # shellcheck disable=SC2086  # words
    berth_run $options --cap-add net_raw,CAP_SYS_PTRACE "$image" -- cat /proc/self/status >status
    [ "$(sets_of status)" = "$(same $raw_and_trace)" ]
    grep -q $'^NoNewPrivs:\t1$' status
  done
  berth_run --cap-add NET_RAW --cap-add SYS_PTRACE "$image" -- sh -c 'echo $$ >pid; exec sleep 100' 3>&- &
  await pid
  [ "$(sets_of "/proc/$(cat pid)/status")" = "$(same $raw_and_trace)" ]
  kill "$(cat pid)"
  wait
  expect_no_process_left
}

@test "all but some are what this kernel knows" {
  berth_run --cap-add ALL --cap-drop SYS_ADMIN,net_raw "$image" -- cat /proc/self/status >status
  cat status
  wanted=$(printf '%016x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1 - (1 << 21) - (1 << 13))))
  [ "$(sets_of status)" = "$(same "$wanted")" ]
}

@test "a right counts in the container's namespaces and nowhere else" {
  berth_run --net=none --cap-add NET_ADMIN "$image" -- python3 -c '
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0))  # SIOCSIFFLAGS: down
print("down")' >out
  [ "$(cat out)" = down ]
  run -1 berth_run --cap-add ALL "$image" -- python3 -c '
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0))'
  echo "$output"
  [[ "$output" == *"Operation not permitted"* ]]
  run -1 berth_run --uts --cap-add ALL "$image" -- sh -c 'cat /proc/1/root/etc/shadow || exit 1'
  run -2 berth_run --root --cap-add ALL "$image" -- sh -c 'echo 1 >/proc/sys/kernel/panic'
}

@test "with all rights inside, nothing of the launcher can be had" {
  cp "$image" with-rights.sqsh
  berth_run --cap-add ALL --pid --init "$work/with-rights.sqsh" -- sh -c '
    readlink /proc/1/exe; cat /proc/1/environ; head -c 1 /proc/1/mem; ls /proc/1/fd; nsenter -t 1 -m true
    echo end' >out 2>&1
  cat out
  [ "$(grep -vc 'Permission denied\|Operation not permitted\|cannot read\|^end$' out)" = 0 ]
  [ "$(grep -c . out)" -ge 5 ]
}

@test "the launcher cannot be written from inside, neither as an init nor as who stands by on the node" {
  local options before
  cp "$BERTH" own
  before=$(sha256sum <own)
  cat >overwrite.py <<'END_OF_PYTHON'
import glob, os
tried = 0
for name in glob.glob("/proc/[0-9]*/comm"):
    folder = os.path.dirname(name)
    try: is_berths = open(name).read().startswith(("own", "berth"))
    except OSError: continue
    if not is_berths: continue
    tried += 1
    for flags in os.O_WRONLY, os.O_RDWR | os.O_TRUNC, os.O_RDONLY:
        try: print(folder, "opened", os.open(folder + "/exe", flags))
        except OSError: pass
print("tried" if tried else "none to try")
END_OF_PYTHON
  for options in "--pid --init" "--pid --init --root --cap-add ALL" "--share=none --init"; do
    # shellcheck disable=SC2086  # words
    run -0 timeout 30 ./own run $options "$image" -- python3 overwrite.py
    [ "$output" = tried ]
  done
  [ "$(sha256sum <own)" = "$before" ]
}

@test "without user namespaces nobody inside makes one, and berth does not run inside" {
  berth_run "$image" -- unshare --user true
  run -1 berth_run --disable-userns "$image" -- unshare --user true
  echo "$output"
  [[ "$output" == *"No space left on device"* ]]
  run -1 berth_run --disable-userns --cap-add ALL "$image" -- \
    sh -c 'echo 9 >/proc/sys/user/max_user_namespaces; unshare --user true'
  berth_run --disable-userns "$image" -- true
  # The node's own number, and that of containers beside it, stay.
  berth_run "$image" -- unshare --user true
}

@test "ranks that share a container share its rights" {
  timeout 60 mpirun --oversubscribe -np 2 "$BERTH" run --cap-add SYS_PTRACE --disable-userns "$image" -- \
    sh -c 'grep CapEff /proc/self/status; unshare --user true 2>/dev/null || echo none' >out
  cat out
  [ "$(grep -c $'CapEff:\t0000000000080000' out)" = 2 ]
  [ "$(grep -c '^none$' out)" = 2 ]
  run timeout 60 mpirun --oversubscribe -np 2 --mca btl_vader_single_copy_mechanism cma \
    "$BERTH" run --cap-add SYS_PTRACE "$image" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  expect_ranks 2
}

@test "a capability that nobody knows is refused with the nearest one" {
  run -125 "$BERTH" run --cap-add NET_ROW "$image" -- true
  [ "$output" = "berth: cannot understand the capability 'NET_ROW'
berth: hint: did you mean NET_RAW?" ]
  run -125 "$BERTH" run --cap-add '' "$image" -- true
  run -125 "$BERTH" run --cap-drop NET_RAW,nonsense "$image" -- true
  [[ "$output" == *"capability 'nonsense'"* ]]
}
