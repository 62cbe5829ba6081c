# SPDX-License-Identifier: Apache-2.0
# What the tests of the server share. As root they change to a user without an account, because
# the server has to work for one; SERVE_MOUNT is the program that stands for the launcher.

user=54321

setup_file() {
  export LC_ALL=C.UTF-8 ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
  work=$(mktemp -d /tmp/berth-serve-XXXXXX)
  export work
  cp "$SERVE_MOUNT" "$work/serve_mount"
  cp "$BATS_TEST_DIRNAME"/serve_tree.sh "$BATS_TEST_DIRNAME"/serve_random.py "$work/"
  mkdir "$work/mnt"
  chmod -R a+rX "$work"
  [ "$(id -u)" != 0 ] || chown -R $user:$user "$work"
  as_user bash "$work/serve_tree.sh" "$work/tree"
  export -f list_tree sums_of_tree
  (cd "$work" && as_user bash -c 'list_tree tree > listed; sums_of_tree tree > summed')
}

teardown_file() {
  chmod -R u+rwX "$work"
  rm -rf "$work"
}

setup() { cd "$work" || return; }

# Runs a command as an ordinary user.
as_user() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=$user --regid=$user --clear-groups --inh-caps=-all "$@"
  else
    "$@"
  fi
}

# serve IMAGE COMMAND...: runs a command while $work/mnt shows the image; 124 after $patience seconds.
patience=60
serve() { as_user timeout --kill-after=5 "$patience" "$work/serve_mount" "$1" "$work/mnt" "${@:2}"; }

# make_image FILE OPTION...: the tree as an image of the user's.
make_image() {
  rm -f "$1"
  as_user mksquashfs "$work/tree" "$1" -quiet -no-progress -processors 2 "${@:2}" >&2
}

# Whether process $1 is gone, or only waits for a parent that does not care, within five seconds.
is_gone() {
  local left=100
  while [ $left -gt 0 ]; do
    grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status" || return 0
    sleep 0.05
    left=$((left - 1))
  done
  return 1
}

# Names, kinds, modes, links, times, targets and sizes below $1, one line each.
list_tree() {
  (cd "$1" && find . -printf '%P %y %m %T@ %l ' \
    \( -type d -printf '\n' -o -printf '%n %s\n' \) | sort)
}

sums_of_tree() { (cd "$1" && find . -type f -readable -print0 | sort -z | xargs -0 sha256sum); }

# Compares what the server shows of an image with the tree it was made from.
compare_with_tree() {
  serve "$1" bash -c 'list_tree mnt | diff - listed && sums_of_tree mnt | diff - summed &&
    python3 serve_random.py mnt tree'
}
