#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# Launch profiles: recorded with a program, used for an image that it starts from sooner.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/profile.XXXXXX")
  cd "$work" || return
  export BERTH_STORE=$work/store
}

teardown() {
  rm -rf "$work"
}

# The bytes of a file that are in the page cache.
resident() { fincore --bytes --noheadings --output RES "$1" | tr -d ' '; }

# Nobody has the file open any more, so that its pages can go.
evict() {
  for _ in $(seq 50); do
    dd if="$1" iflag=nocache count=0 status=none
    [ "$(resident "$1")" != 0 ] || return 0
    sleep 0.1
  done
  echo "pages of $1 stay" >&2
  return 1
}

start_python() { "$BERTH" run "$@" -- python3 -c 'import numpy; print(numpy.arange(4).sum())'; }

@test "what a start reads lies first, is read ahead, and is what it was" {
  [ "$(start_python --record-profile start.txt "$BERTH_DEMO_IMAGE")" = 6 ]
  # More than the program itself, and far less than the image.
  [ "$(wc -l <start.txt)" -gt 100 ]
  run "$BERTH" image optimize "$BERTH_DEMO_IMAGE" start.txt fast.sqsh
  echo "$output"
  [ "$status" = 0 ]
  [[ $output == "berth: optimized '$BERTH_DEMO_IMAGE' as 'fast.sqsh': "*" files first, "*" are read ahead, "* ]]
  "$BERTH" image verify fast.sqsh
  [ "$(start_python fast.sqsh)" = 6 ]

  # The same files, but for the list.
  unsquashfs -quiet -no-progress -no-xattrs -dest before "$BERTH_DEMO_IMAGE"
  unsquashfs -quiet -no-progress -no-xattrs -dest after fast.sqsh
  mv after/.berth/profile list
  diff -r --no-dereference before after
  (cd before && find . -printf '%p %y %m %T@ %n %s %l\n' | grep -v ' d ' | sort) >listed
  (cd after && find . -printf '%p %y %m %T@ %n %s %l\n' | grep -v ' d ' | sort) | diff listed -

  # One piece at the front, nearly: the last range ends before a quarter of the image.
  local end bytes
  end=$(awk 'NF == 2 && $1 + $2 > end { end = $1 + $2 } END { print end }' list)
  bytes=$(awk 'NF == 2 { sum += $2 } END { print sum }' list)
  [ "$end" -lt $(($(stat -c %s fast.sqsh) / 4)) ]

  # A program that reads next to nothing has all of it in memory.
  evict fast.sqsh
  "$BERTH" run fast.sqsh -- /bin/true
  for _ in $(seq 100); do
    [ "$(resident fast.sqsh)" -lt "$bytes" ] || break
    sleep 0.1
  done
  echo "listed: $bytes, in memory: $(resident fast.sqsh)"
  [ "$(resident fast.sqsh)" -ge "$bytes" ]

  # Without a list it has not.
  cp "$BERTH_DEMO_IMAGE" plain.sqsh && sync plain.sqsh
  evict plain.sqsh
  "$BERTH" run plain.sqsh -- /bin/true
  sleep 0.5
  echo "without a list: $(resident plain.sqsh)"
  [ "$(resident plain.sqsh)" -lt "$bytes" ]
}

@test "the same profile gives the same bytes, and a profile of an optimized image is one too" {
  start_python --record-profile start.txt "$BERTH_DEMO_IMAGE"
  "$BERTH" image optimize "$BERTH_DEMO_IMAGE" start.txt one.sqsh
  "$BERTH" image optimize "$BERTH_DEMO_IMAGE" start.txt two.sqsh
  cmp one.sqsh two.sqsh
  start_python --record-profile again.txt one.sqsh
  "$BERTH" image optimize one.sqsh again.txt three.sqsh
  [ "$(start_python three.sqsh)" = 6 ]
  "$BERTH" image verify three.sqsh
}

@test "no file of the host's is replaced, and a launch that comes to nothing leaves none" {
  echo precious >there
  run "$BERTH" run --record-profile there "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 125 ]
  [ "$output" = "berth: cannot record a launch profile in 'there': open: File exists (EEXIST)
berth: hint: name a new file, or remove that one first" ]
  [ "$(cat there)" = precious ]
  ln -s there link
  run "$BERTH" run --record-profile link "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 125 ]
  [ "$(cat there)" = precious ]
  run "$BERTH" run --record-profile no/where "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 125 ]
  [ "$output" = "berth: cannot record a launch profile in 'no/where': open: No such file or directory (ENOENT)" ]
  run "$BERTH" run --record-profile '' "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 125 ]
  run -127 "$BERTH" run --record-profile new "$BERTH_DEMO_IMAGE" -- no-such-program
  run "$BERTH" run --record-profile new --workdir /no/such "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 125 ]
  run "$BERTH" run --record-profile new --plan "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 0 ]
  [ "$(ls)" = "link
there" ]
}

@test "ranks that share a container write one profile" {
  run mpirun -np 2 "$BERTH" run --record-profile ranks.txt "$BERTH_DEMO_IMAGE" -- mpi-hello
  echo "$output"
  [ "$status" = 0 ]
  "$BERTH" image optimize "$BERTH_DEMO_IMAGE" ranks.txt fast.sqsh
  run mpirun -np 2 "$BERTH" run fast.sqsh -- mpi-hello
  [ "$status" = 0 ]
}

@test "a profile of another image, and what is none, are refused and leave nothing" {
  mkdir tree && echo other >tree/file
  "$BERTH" import -q dir:tree other.sqsh
  "$BERTH" run --record-profile start.txt "$BERTH_DEMO_IMAGE" -- true
  run "$BERTH" image optimize other.sqsh start.txt out.sqsh
  [ "$status" = 2 ]
  [ "$output" = "berth: cannot use 'start.txt' as a launch profile: it was recorded with another image
berth: hint: record one with: berth run --record-profile FILE IMAGE -- PROGRAM" ]
  run "$BERTH" image optimize other.sqsh other.sqsh out.sqsh
  [ "$status" = 2 ]
  [[ $output == "berth: cannot use 'other.sqsh' as a launch profile: it does not begin like one"* ]]
  run "$BERTH" image optimize other.sqsh none out.sqsh
  [ "$status" = 1 ]
  run "$BERTH" image optimize other.sqsh start.txt
  [ "$status" = 2 ]
  [ ! -e out.sqsh ]
  sed -n 1p start.txt | cat - <(echo '99999999999 5'; echo '18446744073709551615 18446744073709551615') >odd.txt
  "$BERTH" image optimize "$BERTH_DEMO_IMAGE" odd.txt out.sqsh
  "$BERTH" image verify out.sqsh
  run "$BERTH" image optimize "$BERTH_DEMO_IMAGE" odd.txt out.sqsh
  [ "$status" != 0 ]
}
