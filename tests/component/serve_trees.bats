# SPDX-License-Identifier: Apache-2.0
# What the server shows is the tree that went in, for every kind of image that mksquashfs makes.
# shellcheck disable=SC2016,SC2154  # inner shells expand; serve.bash sets work
load serve.bash

@test "gzip" { make_image i.sqsh -comp gzip && compare_with_tree i.sqsh; }
@test "lzma" { make_image i.sqsh -comp lzma && compare_with_tree i.sqsh; }
@test "xz" { make_image i.sqsh -comp xz && compare_with_tree i.sqsh; }
@test "lzo" { make_image i.sqsh -comp lzo && compare_with_tree i.sqsh; }
@test "lz4" { make_image i.sqsh -comp lz4 && compare_with_tree i.sqsh; }
@test "zstd" { make_image i.sqsh -comp zstd && compare_with_tree i.sqsh; }
@test "blocks of 4 KiB" { make_image i.sqsh -comp zstd -b 4K && compare_with_tree i.sqsh; }
@test "blocks of 1 MiB" { make_image i.sqsh -comp zstd -b 1M && compare_with_tree i.sqsh; }
@test "no fragments" { make_image i.sqsh -comp gzip -no-fragments && compare_with_tree i.sqsh; }
@test "tails in fragments" { make_image i.sqsh -always-use-fragments && compare_with_tree i.sqsh; }
@test "nothing compressed" { make_image i.sqsh -noI -noD -noF && compare_with_tree i.sqsh; }
@test "no export table, no duplicates" {
  make_image i.sqsh -no-exports -no-duplicates -comp lz4
  compare_with_tree i.sqsh
}

@test "an image that tar2sqfs made" {
  as_user bash -c 'tar -C tree -cf - . | tar2sqfs -q -c zstd -f i.sqsh'
  compare_with_tree i.sqsh
}

@test "an empty image" {
  as_user mkdir nothing
  as_user mksquashfs nothing empty.sqsh -quiet -no-progress
  run serve empty.sqsh find mnt
  [ "$status" = 0 ]
  [ "$output" = mnt ]
}

@test "a directory of 20000 files, listed and looked up" {
  as_user mkdir -p large/d
  (cd large/d && seq -f '%06g-a-name-of-some-length' 1 20000 | as_user xargs touch)
  as_user mksquashfs large large.sqsh -quiet -no-progress -comp zstd
  rm -rf large
  serve large.sqsh bash -c '
    [ "$(find mnt/d | wc -l)" = 20001 ] && [ "$(ls mnt/d | sort -u | wc -l)" = 20000 ] &&
    for n in 000001 010000 019999 020000; do [ -f mnt/d/$n-a-name-of-some-length ] || exit 1; done
    ! [ -e mnt/d/000000 ] && ! [ -e mnt/d/999999 ] && ! [ -e mnt/d/010000-b ]'
}

@test "a file of more than 4 GiB" {
  as_user mkdir big
  as_user truncate -s 5G big/file
  printf end | as_user dd of=big/file bs=1 seek=5368709117 conv=notrunc status=none
  as_user mksquashfs big big.sqsh -quiet -no-progress -comp zstd
  rm -rf big
  run serve big.sqsh bash -c 'stat -c %s mnt/file; tail -c 3 mnt/file; du -k mnt/file | cut -f1'
  [ "${lines[0]}" = 5368709120 ]
  [[ ${lines[1]} == end* ]]
  [ "${lines[1]#end}" -le 128 ]
}

@test "devices keep their numbers, everything belongs to the user, the mount is read-only" {
  as_user mksquashfs nothing devices.sqsh -quiet -no-progress \
    -p '/ d 755 0 0' -p 'zero c 666 0 0 1 5' -p 'disk b 660 0 6 259 70000' \
    -p 'root-file f 600 0 0 echo secret'
  run serve devices.sqsh bash -c '
    stat -c "%F %t:%T" mnt/zero mnt/disk && cat mnt/root-file &&
    [ "$(stat -c %u mnt/root-file)" = "$(id -u)" ] && ! touch mnt/new && ! rm mnt/zero'
  [ "$status" = 0 ]
  [ "${lines[0]}" = "character special file 1:5" ]
  [ "${lines[1]}" = "block special file 103:11170" ]
  [ "${lines[2]}" = secret ]
  [[ $output == *"Read-only file system"* ]]
}
