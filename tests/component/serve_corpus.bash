# SPDX-License-Identifier: Apache-2.0
# What serve_corpus.bats and serve_matrix.bats compare. By design two things are ours: all files belong
# to the user who mounts, and there are no extended attributes. Both are in the image all the same, and
# `berth image export` brings them (export_test.py).
# shellcheck shell=bash disable=SC2016,SC2034,SC2154  # inner shells expand; serve.bash has the variables
load serve.bash
# Of tens of thousands of files each is opened, by Python, with sanitizers, beside other tests.
patience=240

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

# A machine without udev, or a root directory of one's own, may have no names for loop devices. Others of
# this kernel may take the free one before mount(8) does, so the next ones get theirs, too.
name_loop_devices() {
  [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
  local free number
  free=$(losetup --find)
  free=${free#/dev/loop}
  for ((number = free; number < free + 8; number++)); do
    [ -e "/dev/loop$number" ] || mknod "/dev/loop$number" b 7 "$number"
  done
}

list_by_kernel() {
  name_loop_devices
  unshare --mount bash -c 'mount -t squashfs -o loop,ro image.sqsh kernel &&
    python3 -B serve_corpus.py list kernel > by_kernel'
}

same=(mode mtime size links device target sum)

list_by_us() {
  chmod a+r image.sqsh
  serve image.sqsh bash -c 'python3 -B serve_corpus.py list mnt > by_us'
  serve image.sqsh bash -c 'python3 -B serve_corpus.py visit mnt by_us > again'
  python3 -B serve_corpus.py equal by_us again "${same[@]}" number listing folders blocks owner
  [ "$(grep -cv "\"owner\": \[$user, $user\], \"xattrs\": null" by_us)" = 0 ]
}

compare_with_unsquashfs() {
  rm -rf unpacked
  unsquashfs -no-progress -quiet -d unpacked image.sqsh > /dev/null
  python3 -B serve_corpus.py list unpacked > by_unsquashfs
  python3 -B serve_corpus.py equal by_us by_unsquashfs "${same[@]}"
}

compare_with_kernel() {
  list_by_kernel
  python3 -B serve_corpus.py equal by_us by_kernel "${same[@]}" number listing folders blocks
}

# by_mksquashfs COMPRESSOR OPTION...
by_mksquashfs() {
  mksquashfs tree image.sqsh -noappend -quiet -no-progress -processors 2 -comp "$@"
  list_by_us
  compare_with_unsquashfs
  # Kernels have no driver for it.
  [ "$1" = lzma ] || compare_with_kernel
}

# by_tar2sqfs COMPRESSOR OPTION...
by_tar2sqfs() {
  python3 -B serve_corpus.py tar tree | tar2sqfs -q -f -c "$@" image.sqsh
  list_by_us
  # Unsquashfs refuses the tables of these.
  [ "$1" = lz4 ] || compare_with_unsquashfs
  compare_with_kernel
}
