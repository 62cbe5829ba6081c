# SPDX-License-Identifier: Apache-2.0
# Mounts of images with a hash tree: a changed block is an I/O error and a line in the log, and
# never other bytes.
# shellcheck disable=SC2016,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

setup() {
  cd "$work" || return
  export HOME=$work
  [ -e sealed.sqsh ] && return
  cp "$BERTH_IMAGE" berth-image
  as_user bash -c 'mkdir -p small/etc small/d
    cp tree/etc/* small/etc; cp tree/sizes/*-4097 tree/sizes/text-131073 small/d
    head -c 300000 /dev/urandom > small/noise; ln -s etc small/link
    for i in {1..50}; do echo $i > small/d/$i; done
    ./berth-image import -q dir:small sealed.sqsh'
  serve sealed.sqsh bash -c '(cd mnt && list_tree . && sums_of_tree .)' > whole
}

# flip SEED COUNT: sealed.sqsh with bytes changed, as flipped.sqsh
flip() {
  python3 -c '
import random, sys
chance = random.Random(int(sys.argv[1]))
data = bytearray(open("sealed.sqsh", "rb").read())
for _ in range(int(sys.argv[2])):
    data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
open("flipped.sqsh", "wb").write(data)' "$@"
}

# Hears what is told to the log until hush.
listen() {
  rm -f log heard
  python3 -c '
import os, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("log.new")
os.chmod("log.new", 0o666)  # the server belongs to another user when this one is root
os.rename("log.new", "log")
with open("heard", "wb", buffering=0) as out:
    while (line := log.recv(65536)) != b"hush":
        out.write(line + b"\n")' 3>&- &
  listener=$!
  until [ -S log ]; do sleep 0.02; done
}

hush() {
  python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"hush", "log")'
  wait $listener
}

@test "an image with a tree is served whole and tells nothing" {
  listen
  SERVE_LOG=$work/log serve sealed.sqsh bash -c '(cd mnt && list_tree . && sums_of_tree .)' > seen
  hush
  diff whole seen
  [ ! -s heard ]
}

@test "changed bytes are never served" {
  for seed in {1..30}; do
    flip "$seed" $((seed % 4 + 1))
    run serve flipped.sqsh bash -c '(cd mnt && list_tree . && sums_of_tree .) 2>/dev/null
      [ -d /proc/$SERVE_PID ] || echo "dead server"'
    [ "$status" != 124 ]
    [ "$status" != 137 ]
    # What cannot be read is left out of both lists.
    # shellcheck disable=SC2143  # an empty line is nothing that was served
    [ "$status" = 125 ] || [ -z "$(grep -vxFf whole <<< "$output")" ]
  done
}

@test "a changed block is an I/O error and one line in the log" {
  block=$((200000 / 4096))  # among the noise, which does not compress
  python3 -c '
data = bytearray(open("sealed.sqsh", "rb").read())
data['$block' * 4096 + 100] ^= 1
open("flipped.sqsh", "wb").write(data)'
  listen
  SERVE_LOG=$work/log run serve flipped.sqsh bash -c 'cat mnt/noise > copy; cat mnt/d/1'
  hush
  [[ $output == *"mnt/noise: Input/output error"* ]]
  [ "${lines[-1]}" = 1 ]
  cmp -n "$(stat -c %s copy)" copy small/noise
  grep -Eqx "<11>berth-serve\[[0-9]+\]: image 'flipped.sqsh': block $block at byte $((block * 4096)) is damaged" heard
  [ "$(sort -u heard | wc -l)" = 1 ]
}

@test "without verification the same block is served as it is" {
  python3 -c '
data = bytearray(open("sealed.sqsh", "rb").read())
data[200000] ^= 1
open("flipped.sqsh", "wb").write(data)'
  SERVE_VERIFY=off run serve flipped.sqsh bash -c 'cmp mnt/noise small/noise'
  [[ $output == *"mnt/noise small/noise differ"* ]]
}

@test "a tree that is cut or lies is refused" {
  size=$(stat -c %s sealed.sqsh)
  head -c $((size - 4096)) sealed.sqsh > cut.sqsh
  run serve cut.sqsh true
  [ "$status" = 125 ]
  [ "$output" = "berth: cannot use 'cut.sqsh' as an image: it is damaged: its hash tree is truncated" ]
  for change in "0 0 has no header where the image ends" "8 9 is of another version than 1" \
    "65 1 is not made with sha256 and blocks of 4096 bytes" "79 255 is made for an image of another size" \
    "81 255 says that its salt is longer than can be"; do
    read -r at value words <<< "$change"
    python3 -c '
import sys
data = bytearray(open("sealed.sqsh", "rb").read())
used = int.from_bytes(data[40:48], "little")
data[(used + 4095) // 4096 * 4096 + int(sys.argv[1])] = int(sys.argv[2])
open("lies.sqsh", "wb").write(data)' "$at" "$value"
    run serve lies.sqsh true
    [ "$status" = 125 ]
    [ "$output" = "berth: cannot use 'lies.sqsh' as an image: it is damaged: its hash tree $words" ]
  done
}

@test "the tree of another image makes everything unreadable" {
  as_user bash -c 'rm -rf other; cp -r small other; head -c 300000 /dev/urandom > other/noise
    ./berth-image import -q --force dir:other other.sqsh'
  python3 -c '
ours, theirs = open("sealed.sqsh", "rb").read(), open("other.sqsh", "rb").read()
end = (int.from_bytes(ours[40:48], "little") + 4095) // 4096 * 4096
assert len(ours) == len(theirs)
open("mixed.sqsh", "wb").write(ours[:end] + theirs[end:])'
  run serve mixed.sqsh true
  [ "$status" = 125 ]
  [[ $output == *"its hash tree does not agree with the superblock"* ]]
}

@test "many readers at once get what is there" {
  run serve sealed.sqsh bash -c '
    for i in {1..8}; do (cd mnt && sums_of_tree . | md5sum) & done; wait'
  [ "$status" = 0 ]
  [ "$(sort -u <<< "$output" | wc -l)" = 1 ]
}
