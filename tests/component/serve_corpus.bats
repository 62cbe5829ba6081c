# SPDX-License-Identifier: Apache-2.0
# Images of every kind, read through us, through the kernel's driver and by unsquashfs: one tree. By
# design two things are ours: all files belong to the user who mounts, and there are no extended
# attributes. Both are in the image all the same, and `berth image export` brings them (export_test.py).
# shellcheck disable=SC2016,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

setup() {
  if [ "$(id -u)" != 0 ]; then
    [ "${BERTH_MUST_WORK:-0}" != 1 ] || return 1
    skip "only root may mount by the kernel's driver"
  fi
  cd "$work" || return
  [ -d kernel ] && return
  mkdir kernel
  cp "$BATS_TEST_DIRNAME/serve_corpus.py" .
  python3 -B serve_corpus.py extend tree
}

teardown() { rm -rf image.sqsh unpacked; }

# Kernels have no driver for these; then unsquashfs alone tells. All others have to be mounted.
without_driver="lzma"

# A machine without udev, or a root directory of one's own, may have no names for loop devices.
name_loop_device() {
  [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
  local free
  free=$(losetup --find)
  [ -e "$free" ] || mknod "$free" b 7 "${free#/dev/loop}"
}

list_by_kernel() {
  name_loop_device
  unshare --mount bash -c 'mount -t squashfs -o loop,ro image.sqsh kernel &&
    python3 -B serve_corpus.py list kernel > by_kernel'
}

# compare_all COMPRESSOR: image.sqsh as all three show it.
compare_all() {
  chmod a+r image.sqsh
  serve image.sqsh bash -c 'python3 -B serve_corpus.py list mnt > by_us'
  serve image.sqsh bash -c 'python3 -B serve_corpus.py visit mnt by_us > again'
  unsquashfs -no-progress -quiet -d unpacked image.sqsh > /dev/null
  python3 -B serve_corpus.py list unpacked > by_unsquashfs
  local same=(mode mtime size links device target sum)
  python3 -B serve_corpus.py equal by_us by_unsquashfs "${same[@]}"
  python3 -B serve_corpus.py equal by_us again "${same[@]}" number listing folders blocks owner
  [ "$(grep -cv "\"owner\": \[$user, $user\], \"xattrs\": null" by_us)" = 0 ]
  if [[ " $without_driver " == *" $1 "* ]]; then return; fi
  list_by_kernel
  python3 -B serve_corpus.py equal by_us by_kernel "${same[@]}" number listing folders blocks
}

# by_mksquashfs COMPRESSOR OPTION...
by_mksquashfs() {
  mksquashfs tree image.sqsh -quiet -no-progress -processors 2 -comp "$@"
  compare_all "$1"
}

# by_tar2sqfs COMPRESSOR OPTION...
by_tar2sqfs() {
  python3 -B serve_corpus.py tar tree | tar2sqfs -q -f -c "$@" image.sqsh
  compare_all "$1"
}

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
  compare_all zstd
}

@test "tar2sqfs: 65535 owners" {
  python3 -B serve_corpus.py owners | tar2sqfs -q -f -c zstd image.sqsh
  compare_all zstd
  python3 -B serve_corpus.py equal by_unsquashfs by_kernel owner
}
