#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# serve_tree.sh DIR: makes a tree with everything that a SquashFS image can get wrong: sizes around
# the block sizes, holes, links, odd names and modes, depth, a large directory.
set -euo pipefail
mkdir -p "$1"
cd "$1"

mkdir sizes
for size in 0 1 4095 4096 4097 131071 131072 131073 1048576 1048593; do
  head -c "$size" /dev/urandom > "sizes/random-$size"
  yes "a line that compresses well, $size" | head -c "$size" > "sizes/text-$size" || true
done
head -c 3000000 /dev/urandom > sizes/many-blocks # more 4 KiB blocks than one mark covers
truncate -s 5000000 sizes/hole
printf middle | dd of=sizes/hole bs=1 seek=2500000 conv=notrunc status=none
truncate -s 1000000 sizes/nothing-but-hole

mkdir links
echo shared > links/one
ln links/one links/two
ln links/one sizes/three
ln -s one links/symbolic
ln -s ../no/such/thing links/dangling
ln -s "$(printf 'x%.0s' {1..3000})" links/long

mkdir names
touch "names/with space" $'names/with\nnewline' names/ümläut "names/$(printf 'n%.0s' {1..255})"
touch names/-dash names/.hidden 'names/back\slash'

mkdir modes empty
install -m 4755 /dev/null modes/setuid
install -m 0600 /dev/null modes/private
mkdir -m 1777 modes/sticky
mkfifo modes/fifo
touch -d @0 modes/epoch
touch -d @4000000000 modes/far

deep=deep
for level in {1..60}; do deep=$deep/$level; done
mkdir -p "$deep"
echo bottom > "$deep/file"

mkdir many
(cd many && seq -f "file-%05g" 1 2000 | xargs touch)
(cd many && for i in 1 1000 2000; do echo "$i" > "file-$(printf %05d $i)"; done)

mkdir etc .berth
echo 'root:x:0:0:root:/root:/bin/sh' > etc/passwd
echo 'root:x:0:' > etc/group
echo '{"architecture":"amd64"}' > .berth/config.json

# Images keep whole seconds.
find . ! -name epoch ! -name far -exec touch -h -d @1700000000 {} +
