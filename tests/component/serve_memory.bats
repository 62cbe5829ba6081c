# SPDX-License-Identifier: Apache-2.0
# What memory the server takes at most: 16 MiB, whatever is read and however. Only for a build without
# sanitizers, whose memory is their own.
# shellcheck disable=SC2016,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

setup() {
  cd "$work" || return
  [ -d large ] || as_user bash -c 'mkdir large; cp -r tree/many large
    for i in {1..4}; do cp tree/sizes/many-blocks large/noise-$i; seq $i 400000 > large/text-$i; done'
}

teardown() { rm -f ./*.sqsh; }

# The most that the server ever had in memory, in KiB, while eight programs read all of an image.
measure() {
  run serve "$1" bash -c '
    find mnt -printf "%s\n" > /dev/null
    find mnt -type f -size +0 -print0 | xargs -0 --no-run-if-empty -P 8 -n 2 cat > /dev/null || exit
    sed -n "s/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p" /proc/$SERVE_PID/status'
  echo "$1: $output KiB"
  [ "$status" = 0 ]
  [ "$output" -gt 0 ]
  [ "$output" -le 16384 ]
}

@test "blocks of 1 MiB, by each compressor" {
  for compressor in gzip zstd lz4 lzo xz lzma; do
    as_user mksquashfs large image.sqsh -noappend -quiet -no-progress -comp $compressor -b 1M
    measure image.sqsh
  done
}

@test "blocks of 4 KiB and of 128 KiB" {
  for size in 4K 128K; do
    as_user mksquashfs large image.sqsh -noappend -quiet -no-progress -comp zstd -b $size
    measure image.sqsh
  done
}

@test "100000 files in a directory" {
  cp "$BATS_TEST_DIRNAME/serve_extremes.py" .
  python3 -B serve_extremes.py crowd 100000 crowd.sqsh
  measure crowd.sqsh
}
