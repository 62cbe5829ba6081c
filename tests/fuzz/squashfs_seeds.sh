#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# squashfs_seeds.sh DIR [FILE]: makes small images, as a beginning for the fuzzer: one for each compressor,
# with blocks, a tail and a hole, and all kinds of files; one with attributes; one with a directory that
# has an index; one with nothing compressed; one with what programs start with. FILE is in each of them.
set -eu
mkdir -p "$1"
out=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/etc" "$tree/.berth"
echo 'root:x:0:0:root:/root:/bin/sh' > "$tree/etc/passwd"
echo '{}' > "$tree/.berth/config.json"
yes 'a line' | head -c 9000 > "$tree/lines"
truncate -s 20000 "$tree/hole"
ln -s etc/passwd "$tree/link"
ln "$tree/lines" "$tree/etc/same"
[ $# = 1 ] || cp "$2" "$tree/more"

# make_image NAME OPTION...: what is in the tree, the same bytes each time.
make_image() {
  name=$1
  shift
  mksquashfs "$tree" "$out/$name.sqsh" -b 4096 -nopad -quiet -no-progress -noappend -processors 1 \
    -all-root -all-time 0 -mkfs-time 0 "$@"
}

for compressor in gzip lzma lzo xz lz4 zstd; do
  make_image "$compressor" -comp "$compressor" -p 'null c 666 0 0 1 3' -p 'disk b 660 0 0 8 1' \
    -p 'fifo i 644 0 0 f' -p 'socket i 755 0 0 s'
done
tar --format=pax --pax-option='SCHILY.xattr.user.color:=green,SCHILY.xattr.trusted.t:=' \
  -C "$tree" -c . |
  tar2sqfs --quiet --force --block-size 4096 --compressor zstd "$out/xattrs.sqsh"
# Without what fills its last 4 KiB.
truncate -s "$(od -A n -t u8 -j 40 -N 8 "$out/xattrs.sqsh" | tr -d ' ')" "$out/xattrs.sqsh"
mkdir "$tree/many"
for number in $(seq 100 160); do
  ln "$tree/link" "$tree/many/$(printf 'n%.0s' $(seq 150))$number"
done
make_image index -comp zstd
rm -r "$tree/many"
truncate -s 4200 "$tree/lines"
make_image plain -noI -noD -noF -noX
truncate -s 10 "$tree/lines"
# What programs start with, which lies in the image as it is. Names of both kinds of machines.
mkdir -p "$tree/usr/lib/x"
ln -s usr/bin "$tree/bin"
ln -s usr/lib "$tree/lib"
ln -s /usr/lib "$tree/lib64"
for name in ld-linux-x86-64.so.2 ld-linux-aarch64.so.1; do
  ln -s x/loader "$tree/usr/lib/$name"
done
echo loader > "$tree/usr/lib/x/loader"
echo library > "$tree/usr/lib/x/libc.so.6"
make_image start -noI -noD -noX -no-fragments
