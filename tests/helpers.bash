# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # bats sets `output`, tests/run-bats the variables in capitals
# Words that the bats files share.
bats_require_minimum_version 1.5.0

# A skip is loud, and a failure where everything has to work.
skip_unless() {
  local reason=$1
  shift
  if "$@"; then return 0; fi
  if [ "${BERTH_MUST_WORK:-}" = 1 ]; then
    echo "cannot be skipped here: $reason" >&2
    return 1
  fi
  skip "$reason"
}

# enter_work NAME: a directory of the test's own, to work in. Sets `work`.
enter_work() {
  work=$(mktemp -d "$BERTH_TEST_DIR/$1.XXXXXX")
  cd "$work" || return
}

# What a failed test has left must not keep the others waiting.
leave_work() {
  local left
  for left in $(jobs -p); do kill -KILL "$left" 2>/dev/null || continue; done
  rm -rf "$work"
}

# Ends in any case: a pid 1 minds no SIGTERM.
berth_run() {
  timeout -s KILL 30 "$BERTH" run "$@"
}

# fetch_package RELEASE PACKAGE DIR: a package of Debian's, unpacked in DIR and not installed. It needs no right, and no
# daemon of it is started.
fetch_package() {
  local apt
  apt=$(realpath -m "$3").apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$3"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $1 main" >"$apt/sources.list"
  local options=(-qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o Acquire::Languages=none)
  apt-get "${options[@]}" update
  (cd "$apt" && apt-get "${options[@]}" download "$2/$1")
  dpkg -x "$apt/$2"_*.deb "$3"
}

# Until a background process has written the file.
await() {
  for _ in $(seq 200); do [ ! -s "$1" ] || return 0; sleep 0.05; done
  echo "nothing in $1" >&2
  return 1
}

# expect_end STATUS PID: how a background process of this shell's ends.
expect_end() {
  local ended=0
  wait "$2" || ended=$?
  [ "$ended" = "$1" ] || {
    echo "ended with $ended, not with $1" >&2
    return 1
  }
}

# An image of this test's own name: its processes can be told from other tests' by it.
# Sets `image`.
make_own_image() {
  image=$BERTH_TEST_DIR/image-$BATS_SUITE_TEST_NUMBER-$$.sqsh
  cp "$BERTH_DEMO_IMAGE" "$image"
  chmod 644 "$image"
}

# Processes of this test's: those started with its image or with the `berth` in its folder (servers and
# keepers are among them, they keep the command line), and those in a step of its cluster. A zombie that
# waits for a slow init has no command line any more. The words come by a descriptor, so that grep does
# not find itself.
find_own_processes() {
  local file
  {
    grep -lFa -f <(printf '%s\n' ${image:+"$image"} "$BERTH_TEST_DIR"/{image-,berth}) /proc/[0-9]*/cmdline
    grep -lFa -f <(echo "SLURM_CONF=${cluster:-/none}/") /proc/[0-9]*/environ |
      xargs --no-run-if-empty grep -la '^SLURM_STEP_ID=\|.SLURM_STEP_ID='
  } 2>/dev/null | while read -r file; do
    echo "${file//[^0-9]/}: $(tr '\0' ' ' 2>/dev/null <"${file%/*}/cmdline")"
  done | sort -u
}

# What a program leaves may take a moment to go, on a busy machine a few seconds.
expect_no_process_left() {
  for _ in $(seq 100); do
    [ -n "$(find_own_processes)" ] || return 0
    sleep 0.05
  done
  echo "left behind:" >&2
  find_own_processes >&2
  return 1
}

# Mounts that the machine (or one of its nodes) sees and that a container should have kept to itself.
expect_no_mount_left() {
  local mounts
  mounts=$(grep -E " - fuse\.berth |$image" /proc/self/mountinfo || true)
  [ -z "$mounts" ] || { echo "left mounted: $mounts" >&2 && return 1; }
}

# Files of the user's that bear berth's name where programs leave such things.
find_files_of_berth() {
  find /tmp /dev/shm /run/user -xdev -maxdepth 2 -user "$(id -u "$BERTH_TEST_USER")" -iname '*berth*' \
    2>/dev/null | grep -v '/bats-' | sort
}

# put_trap KIND FILE SECRET: what a hostile image or directory has where berth wants to mount, or read; some
# lead to SECRET, an absolute path of the host's.
put_trap() {
  mkdir -p "$(dirname "$2")"
  case $1 in
    absolute) ln -s "$3" "$2" ;;
    escape) ln -s "../../../../../../../..$3" "$2" ;;
    dangling) ln -s /no/such/place "$2" ;;
    loop) ln -s "$(basename "$2")" "$2" ;;
    file) echo text >"$2" ;;
    fifo) mkfifo "$2" ;;
  esac
}

# without_overlay COMMAND...: the kernel refuses each mount(2) whose flags are MS_NODEV alone, as an
# overlay's are and no other one's of a launch.
without_overlay() {
  python3 - "$@" <<'END_OF_PYTHON'
import ctypes, os, struct, sys
load, equal, end, mount, flags = 0x20, 0x15, 6, 165, 16 + 3 * 8
refuse, allow = 0x50000 | 1, 0x7fff0000
rules = [(load, 0, 0, 0), (equal, 0, 3, mount), (load, 0, 0, flags), (equal, 0, 1, 4), (end, 0, 0, refuse), (end, 0, 0, allow)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
os.execvp(sys.argv[1], sys.argv[1:])
END_OF_PYTHON
}

# Every rank reports once that sums and large messages were right, and nothing else was printed.
expect_ranks() {
  local ranks=$1 rank
  for ((rank = 0; rank < ranks; rank++)); do
    [ "$(grep -c "^rank $rank of $ranks on .*: sum ok, 1 MiB ok\$" <<<"$output")" = 1 ] || {
      printf 'rank %s of %s is not there once:\n%s\n' "$rank" "$ranks" "$output" >&2
      return 1
    }
  done
  [ "$(wc -l <<<"$output")" = "$ranks" ] || {
    printf 'there are other lines:\n%s\n' "$output" >&2
    return 1
  }
}

# How many different lines there are.
count_different() {
  sort -u | grep -c .
}
