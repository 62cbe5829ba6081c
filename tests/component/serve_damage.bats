# SPDX-License-Identifier: Apache-2.0
# Damaged images: a refusal or an I/O error, in time, and a server that lives.
# shellcheck disable=SC2016,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

setup() {
  cd "$work" || return
  [ -d small ] || as_user bash -c 'mkdir -p small/etc small/d
    cp tree/etc/* small/etc; cp tree/sizes/*-4097 tree/sizes/text-131073 small/d
    ln -s etc small/link; seq 3000 > small/numbers; for i in {1..50}; do echo $i > small/d/$i; done'
}

@test "an image that is truncated anywhere is refused" {
  make_image whole.sqsh -comp gzip
  size=$(stat -c %s whole.sqsh)
  for part in 0 1 2 3; do
    head -c $part whole.sqsh > cut.sqsh
    run serve cut.sqsh true
    [ "$status" = 125 ]
    [ "$output" = "berth: cannot use 'cut.sqsh' as an image: it is not a SquashFS file" ]
  done
  for part in 4 50 95 96 97 200 5000 $((size / 4)) $((size / 2)) $((size - 4097)); do
    head -c $part whole.sqsh > cut.sqsh
    run serve cut.sqsh true
    [ "$status" = 125 ]
    [[ $output == "berth: cannot use 'cut.sqsh' as an image: it is truncated: $part bytes "* ]]
  done
}

@test "what is no image is refused" {
  run serve tree/etc/passwd true
  [ "$status" = 125 ]
  [ "$output" = "berth: cannot use 'tree/etc/passwd' as an image: it is not a SquashFS file" ]
  run serve tree true
  [ "$status" = 125 ]
  [ "$output" = "berth: cannot use 'tree' as an image: it is not a regular file" ]
}

@test "flipped bytes never hang a reader and never end the server" {
  for compressor in gzip zstd xz lzo lz4; do
    rm -f small.sqsh
    as_user mksquashfs small small.sqsh -quiet -no-progress -comp $compressor -b 4096
    for seed in {1..12}; do
      python3 -c '
import random, sys
chance = random.Random(sys.argv[1])
data = bytearray(open("small.sqsh", "rb").read())
# The tables are at the end, where a flip does most.
start = 96 if chance.random() < 0.3 else len(data) * 3 // 4
for _ in range(chance.choice([1, 3, 20])):
    data[chance.randrange(start, len(data))] = chance.randrange(256)
open("flipped.sqsh", "wb").write(data)' "$compressor$seed"
      run serve flipped.sqsh bash -c '
        find mnt -printf "%s %l\n" > /dev/null
        find mnt -type f -exec cat {} + > /dev/null
        [ -d /proc/$SERVE_PID ] && echo alive || echo "dead server"'
      [ "$status" != 124 ] && [ "$status" != 137 ]
      [ "$status" = 125 ] || [ "${lines[-1]}" = alive ]
      [[ $output != *"server ended"* ]]
      [[ $output != *"not connected"* ]]
    done
  done
}
