# SPDX-License-Identifier: Apache-2.0
# Images of every kind, read through us, through the kernel's driver and by unsquashfs: one tree. All
# makers, compressors and block sizes with each other: serve_matrix.bats, which takes longer.
load serve_corpus.bash

@test "mksquashfs: gzip, 128 KiB" { by_mksquashfs gzip; }
@test "mksquashfs: xz for x86, 256 KiB" { by_mksquashfs xz -b 256K -Xbcj x86; }
@test "mksquashfs: lzo, 64 KiB, no fragments" { by_mksquashfs lzo -b 64K -no-fragments; }
@test "mksquashfs: lz4, 1 MiB, no export table" { by_mksquashfs lz4 -b 1M -Xhc -no-exports; }
@test "mksquashfs: zstd, 4 KiB, all tails in fragments" {
  by_mksquashfs zstd -b 4K -Xcompression-level 1 -always-use-fragments
}
@test "mksquashfs: lzma, 8 KiB" { by_mksquashfs lzma -b 8K; }
@test "mksquashfs: nothing compressed, no duplicates, 32 KiB" {
  by_mksquashfs gzip -noI -noD -noF -noX -no-duplicates -b 32K
}
@test "mksquashfs: no holes, no attributes, 512 KiB" {
  by_mksquashfs lz4 -b 512K -no-sparse -no-xattrs
}
@test "tar2sqfs: gzip, 16 KiB, no tails in fragments, export table" { by_tar2sqfs gzip -b 16384 -T -e; }
@test "tar2sqfs: zstd, 128 KiB" { by_tar2sqfs zstd -X level=1; }
@test "tar2sqfs: xz, 64 KiB, no attributes" { by_tar2sqfs xz -b 65536 -X level=1 -x; }
@test "tar2sqfs: lzo, 4 KiB" { by_tar2sqfs lzo -b 4096; }

@test "tar2sqfs: a file of 3 GiB with data on both sides of 2 GiB" {
  mkdir wide
  truncate -s 3G wide/file
  head -c 3000000 /dev/urandom | dd of=wide/file bs=1M seek=2047 conv=notrunc iflag=fullblock status=none
  echo end >> wide/file
  tar -c --sparse -C wide . | tar2sqfs -q -f -c zstd image.sqsh
  rm -r wide
  list_by_us
  compare_with_unsquashfs
  compare_with_kernel
}

@test "tar2sqfs: 65535 owners" {
  python3 -B serve_corpus.py owners | tar2sqfs -q -f -c zstd image.sqsh
  list_by_us
  compare_with_unsquashfs
  compare_with_kernel
  python3 -B serve_corpus.py equal by_unsquashfs by_kernel owner
}
