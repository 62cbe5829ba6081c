#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# squashfs_seeds.sh DIR: makes a small image for each compressor, as a beginning for the fuzzer.
set -eu
mkdir -p "$1"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/etc" "$tree/.berth"
echo 'root:x:0:0:root:/root:/bin/sh' > "$tree/etc/passwd"
echo '{}' > "$tree/.berth/config.json"
seq 2000 > "$tree/numbers"
head -c 5000 /dev/urandom > "$tree/noise"
truncate -s 20000 "$tree/hole"
ln -s etc/passwd "$tree/link"
ln "$tree/numbers" "$tree/etc/same"
for compressor in gzip zstd xz lzo lz4; do
  mksquashfs "$tree" "$1/$compressor.sqsh" -comp "$compressor" -b 4096 -nopad -quiet -no-progress \
    -noappend
done
mksquashfs "$tree" "$1/plain.sqsh" -noI -noD -noF -b 4096 -nopad -quiet -no-progress -noappend
