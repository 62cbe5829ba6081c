#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# berth import as users type it, and what it leaves when it is interrupted.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/import.XXXXXX")
  cd "$work" || return
  export BERTH_STORE=$work/store
  make_tree
}

teardown() {
  rm -rf "$work"
}

# A small root directory that can run sh.
make_tree() {
  mkdir -p tree/bin tree/etc
  cp /bin/busybox tree/bin/ 2>/dev/null || skip_unless "needs busybox-static" false
  for name in sh cat echo; do ln -s busybox "tree/bin/$name"; done
  echo small >tree/etc/motd
}

@test "a directory and a tar become images that run" {
  run "$BERTH" import dir:tree small.sqsh
  echo "$output"
  [ "$status" = 0 ]
  run "$BERTH" run small.sqsh -- cat /etc/motd
  [ "$output" = small ]
  tar -C tree -czf tree.tar.gz .
  run "$BERTH" import tree.tar.gz -o other.sqsh
  [ "$status" = 0 ]
  run "$BERTH" run other.sqsh -- cat /etc/motd
  [ "$output" = small ]
}

@test "without a file name the image goes to the store and is run by name" {
  run "$BERTH" import -q dir:tree
  echo "$output"
  [ "$status" = 0 ]
  [ -s store/tree.sqsh ]
  run "$BERTH" run tree -- cat /etc/motd
  [ "$output" = small ]
  run --separate-stderr "$BERTH" run tere -- true
  [ "$status" = 125 ]
}

@test "an existing image is not replaced unless --force says so" {
  echo precious >small.sqsh
  run "$BERTH" import dir:tree small.sqsh
  [ "$status" != 0 ]
  [ "$(cat small.sqsh)" = precious ]
  run "$BERTH" import --force dir:tree small.sqsh
  [ "$status" = 0 ]
  run "$BERTH" run small.sqsh -- cat /etc/motd
  [ "$output" = small ]
}

@test "interrupted at any point: the whole image or none" {
  head -c 48M /dev/urandom >tree/large
  for number in $(seq 12); do
    rm -rf out && mkdir out
    "$BERTH" import -q dir:tree out/image.sqsh 3>&- &
    local pid=$!
    sleep "0.$(printf %02d $((number * 7 % 60)))"
    kill -"$([ $((number % 2)) = 0 ] && echo KILL || echo TERM)" $pid 2>/dev/null || true
    wait $pid || true
    if [ -e out/image.sqsh ]; then
      run "$BERTH" run out/image.sqsh -- cat /etc/motd
      [ "$output" = small ]
    else
      [ -z "$(ls -A out)" ]
    fi
  done
}

@test "the same source gives the same bytes" {
  "$BERTH" import -q --threads 1 dir:tree one.sqsh
  "$BERTH" import -q --threads 8 dir:tree eight.sqsh
  cmp one.sqsh eight.sqsh
}

@test "the image's configuration comes along" {
  run "$BERTH" run "$BERTH_DEMO_IMAGE" -- cat /.berth/config.json
  [ "$status" = 0 ]
  grep -q '"Cmd"' <<<"$output"
}

@test "no tree is unpacked on disk: the only file that is made is the image" {
  umoci init --layout oci
  umoci new --image oci:two
  umoci unpack --rootless --image oci:two bundle
  cp -a tree/. bundle/rootfs
  umoci repack --refresh-bundle --image oci:two bundle
  rm bundle/rootfs/etc/motd
  umoci repack --image oci:two bundle
  # Everything that can make a name or a file without one.
  run strace -f -qq -o calls -e \
    trace=open,openat,openat2,creat,mkdir,mkdirat,symlink,symlinkat,link,linkat,mknod,mknodat,rename,renameat,renameat2 \
    "$BERTH" import -q oci:oci:two image.sqsh
  echo "$output"
  [ "$status" = 0 ]
  run grep -E 'O_CREAT|O_TMPFILE|O_WRONLY|O_RDWR|(creat|mkdir|mkdirat|symlink|symlinkat|link|linkat|mknod|mknodat|rename[at2]*)\(' calls
  echo "$output"
  [ "${#lines[@]}" = 2 ]
  [[ ${lines[0]} == *'O_TMPFILE'*' = '* ]]
  [[ ${lines[1]} == *linkat*'"image.sqsh"'*' = 0' ]]
}
