# SPDX-License-Identifier: Apache-2.0
# Every compressor with every block size, by both makers, with and without fragments: too much for each
# change, so `./check long` runs it. What is compared is serve_corpus.bash's.
load serve_corpus.bash

sizes=(4096 8192 16384 32768 65536 131072 262144 524288 1048576)

each_size() {
  local size
  for size in "${sizes[@]}"; do
    echo "blocks of $size bytes"
    "$@" -b "$size"
  done
}

@test "mksquashfs, gzip" { each_size by_mksquashfs gzip; }
@test "mksquashfs, zstd" { each_size by_mksquashfs zstd; }
@test "mksquashfs, xz" { each_size by_mksquashfs xz; }
@test "mksquashfs, lzma" { each_size by_mksquashfs lzma; }
@test "mksquashfs, lz4" { each_size by_mksquashfs lz4; }
@test "mksquashfs, lzo" { each_size by_mksquashfs lzo; }
@test "mksquashfs, stored" { each_size by_mksquashfs gzip -noI -noD -noF -noX; }
@test "mksquashfs, no fragments" { each_size by_mksquashfs zstd -no-fragments; }
@test "mksquashfs, all tails in fragments" { each_size by_mksquashfs zstd -always-use-fragments; }
@test "mksquashfs, no export table and no duplicates" { each_size by_mksquashfs zstd -no-exports -no-duplicates; }
@test "tar2sqfs, gzip" { each_size by_tar2sqfs gzip; }
@test "tar2sqfs, zstd" { each_size by_tar2sqfs zstd; }
@test "tar2sqfs, xz" { each_size by_tar2sqfs xz; }
@test "tar2sqfs, lz4" { each_size by_tar2sqfs lz4; }
@test "tar2sqfs, lzo" { each_size by_tar2sqfs lzo; }
@test "tar2sqfs, no tails in fragments" { each_size by_tar2sqfs zstd -T; }
@test "tar2sqfs, export table" { each_size by_tar2sqfs zstd -e; }
