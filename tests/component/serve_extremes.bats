# SPDX-License-Identifier: Apache-2.0
# Images at the limits, and what becomes of an image while it is mounted. Signals and an image that
# shrinks are in serve_life.bats.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

setup() {
  cd "$work" || return
  cp "$BATS_TEST_DIRNAME/serve_extremes.py" .
}

teardown() { rm -f ./*.sqsh; }

@test "100000 directories in each other" {
  python3 -B serve_extremes.py deep 100000 deep.sqsh
  run serve deep.sqsh bash -c "python3 -B serve_extremes.py descend mnt"
  [ "$status" = 0 ]
  [ "$output" = "100000 bottom" ]
}

@test "1000000 files in a directory: listed, found, and missed" {
  python3 -B serve_extremes.py crowd 1000000 crowd.sqsh
  run serve crowd.sqsh bash -c '
    ls -U mnt | sort -u | wc -l
    stat -c %i mnt/name-0000000 mnt/name-0500000 mnt/name-0999999
    ls mnt/name mnt/name-05000000 mnt/name-1 2>&1 | grep -c "No such file or directory"'
  [ "$status" = 0 ]
  [ "$output" = $'1000000\n1\n500001\n1000000\n3' ]
}

@test "a name that is missed in a large directory costs no walk through it" {
  python3 -B serve_extremes.py crowd 200000 crowd.sqsh
  # A walk would pass 100000 names each time, 200 million in all: more than a minute.
  run serve crowd.sqsh bash -c 'python3 -c "
import os
print(any(os.path.exists(f\"mnt/name-{n:07d}x\") for n in range(0, 200000, 100)))"'
  [ "$status" = 0 ]
  [ "$output" = False ]
}

@test "a file of 2^40 bytes that is a hole but for its middle and its end" {
  python3 -B serve_extremes.py sparse $((1 << 40)) sparse.sqsh
  run serve sparse.sqsh bash -c 'python3 -c "
import os
size = 1 << 40
fd = os.open(\"mnt/file\", os.O_RDONLY)
assert os.fstat(fd).st_size == size and os.fstat(fd).st_blocks == 512, os.fstat(fd)
for at in [size, size // 2 + (128 << 10)]:
    assert os.pread(fd, 100, at - 7) == b\"written\" + bytes(93 if at < size else 0), at
for at in range(0, size, size // 64):
    assert os.pread(fd, 5000, at + 12345) == bytes(5000), at
assert os.pread(fd, 1, size) == b\"\"
print(\"all as it should be\")"'
  [ "$status" = 0 ]
  [ "$output" = "all as it should be" ]
}

@test "an image that is deleted while it is mounted stays readable" {
  make_image gone.sqsh
  serve gone.sqsh bash -c 'rm gone.sqsh; list_tree mnt | diff - listed && sums_of_tree mnt | diff - summed'
}

@test "an image that another takes the place of stays readable" {
  make_image replaced.sqsh
  as_user mksquashfs tree/etc other.sqsh -quiet -no-progress
  serve replaced.sqsh bash -c '
    mv -f other.sqsh replaced.sqsh; list_tree mnt | diff - listed && sums_of_tree mnt | diff - summed'
}

# read_what_is_left IMAGE COMMAND: what find and cat meet after COMMAND, and whether the server lives.
read_what_is_left() {
  run serve "$1" bash -c '
    ls mnt > /dev/null; eval "$1"
    find mnt -type f -exec cat {} + > /dev/null || echo "errors were told"
    [ -d /proc/$SERVE_PID ] && echo alive' bash "$2"
  [[ $output != *"not connected"* ]]
  [[ $output == *"errors were told"* ]]
  [ "${lines[-1]}" = alive ]
}

@test "an image that is cut to nothing is an I/O error" {
  make_image cut.sqsh
  read_what_is_left cut.sqsh 'truncate -s 0 cut.sqsh'
  [[ $output == *"Input/output error"* ]]
}

@test "an image that is written over with another, or with noise, is an I/O error" {
  make_image over.sqsh
  as_user mksquashfs tree/etc other.sqsh -quiet -no-progress
  read_what_is_left over.sqsh 'cat other.sqsh > over.sqsh'
  [[ $output == *"Input/output error"* ]]
  make_image over.sqsh
  read_what_is_left over.sqsh '
    head -c $(stat -c %s over.sqsh) /dev/urandom | dd of=over.sqsh conv=notrunc status=none'
  [[ $output == *"Input/output error"* ]]
}

# The file system below is another of our servers', with an image in the image, and it goes stale: it
# answers errors (its own image is cut), or the connection to it is no more (it is killed).
@test "a file system that goes stale below the image is an I/O error" {
  as_user mkdir outer below
  make_image outer/inner.sqsh
  as_user mksquashfs outer outer.sqsh -quiet -no-progress -noD -noF
  rm -r outer
  for stale in 'truncate -s 0 outer.sqsh' 'kill -KILL $outer'; do
    cp outer.sqsh whole.sqsh
    run as_user timeout --kill-after=5 60 "$work/serve_mount" outer.sqsh below bash -c '
      export outer=$SERVE_PID
      exec ./serve_mount below/inner.sqsh mnt bash -c "
        cat mnt/links/one; $1; find mnt -type f -exec cat {} + 2>&1 > /dev/null | tail -n 1
        [ -d /proc/\$SERVE_PID ] && echo alive"' bash "$stale"
    [ "${lines[0]}" = shared ]
    [[ $output == *"Input/output error"* ]]
    [ "${lines[-1]}" = alive ]
    cat whole.sqsh > outer.sqsh
  done
  rmdir below
}
