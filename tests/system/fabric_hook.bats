#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# --hook=fabric on a node with adapters that are made up: files in /dev and in sysfs, with the real libibverbs,
# its drivers and libfabric, and images that have some of them.
load ../helpers

libraries=usr/lib/x86_64-linux-gnu

# Files of packages in DIR/root: those that ibv_devices needs, and more as told.
put_verbs() {
  mkdir -p "$1/$libraries" "$1/bin" "$1/lib64" "$1/etc"
  cp -L /lib64/ld-linux-x86-64.so.2 "$1/lib64"
  cp -L /"$libraries"/lib{c.so.6,nl-3.so.200,nl-route-3.so.200,m.so.6,pthread.so.0} "$1/$libraries"
  cp "$(command -v busybox)" "$1/bin/busybox"
  cp "$(command -v ibv_devices)" "$1/bin"
}

setup_file() {
  export stock=$BERTH_TEST_DIR/fabric-stock
  mkdir -p "$stock"
  cd "$stock" || return
  # What has nothing; what has libibverbs and no driver; and what has both.
  put_verbs bare
  put_verbs drivers-missing
  cp -L /$libraries/libibverbs.so.1 "drivers-missing/$libraries"
  cp -r drivers-missing complete
  cp -r /etc/libibverbs.d complete/etc
  cp -rL /$libraries/libibverbs "complete/$libraries"
  # As from another release: the interface between libibverbs and its drivers has another number.
  cp -r drivers-missing other-release
  sed 's/IBVERBS_PRIVATE_34/IBVERBS_PRIVATE_22/g' drivers-missing/$libraries/libibverbs.so.1 \
    >other-release/$libraries/libibverbs.so.1
  local one
  for one in bare drivers-missing complete other-release; do "$BERTH" import dir:$one $one.sqsh; done
}

setup() {
  enter_work fabric
}

teardown() {
  leave_work
}

# with_adapter COMMAND...: on a node that has an adapter of Mellanox', by its files in /dev and /sys.
with_adapter() {
  unshare --user --map-current-user --mount --keep-caps sh -euc '
    adapters=/sys/class/infiniband
    mkdir -p dev
    mount -t tmpfs tmpfs dev
    mkdir dev/pts dev/shm dev/infiniband
    for name in null zero full random urandom tty fuse; do
      touch dev/$name
      mount --bind /dev/$name dev/$name
    done
    for name in infiniband/uverbs0 infiniband/rdma_cm knem ${EXTRA_DEVICE-}; do
      touch dev/$name
      mount --bind /dev/null dev/$name
    done
    mount --rbind /dev/pts dev/pts
    mount --rbind /dev/shm dev/shm
    ln -s pts/ptmx dev/ptmx
    mount --rbind dev /dev
    mount -t tmpfs tmpfs /sys/class
    mkdir -p $adapters/mlx5_0/device ${adapters}_verbs/uverbs0
    ln -s /sys/bus/pci/drivers/mlx5_core $adapters/mlx5_0/device/driver
    echo pci:v000015B3d00001017sv000015B3sd00000020bc02sc07i00 >$adapters/mlx5_0/device/modalias
    echo "1: CA" >$adapters/mlx5_0/node_type
    echo 0c42:a103:0065:4321 >$adapters/mlx5_0/node_guid
    echo 6 >${adapters}_verbs/abi_version
    echo mlx5_0 >${adapters}_verbs/uverbs0/ibdev
    echo 1:3 >${adapters}_verbs/uverbs0/dev
    echo 1 >${adapters}_verbs/uverbs0/abi_version
    cd "$PWD"
    exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all timeout -s KILL 30 "$@"' sh "$@"
}

number_of() {
  stat -L -c %i "$1"
}

adapter='mlx5_0[[:space:]]+0c42a10300654321'

@test "an image that has libibverbs and no driver gets the node's, where a package would put it" {
  run --separate-stderr with_adapter "$BERTH" run "$stock/drivers-missing.sqsh" -- ibv_devices
  run -1 grep -E "$adapter" <<<"$output"
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/drivers-missing.sqsh" -- ibv_devices
  echo "$output"
  grep -qE "$adapter" <<<"$output"
  run -1 grep Warning: <<<"$stderr"
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/drivers-missing.sqsh" -- \
    busybox sh -c 'echo "${LD_LIBRARY_PATH-none}"; ls /etc/libibverbs.d; stat -c %i /'$libraries'/libibverbs.so.1'
  [ "${lines[*]:0:2}" = "none mlx5.driver" ]
  [ "${lines[2]}" != "$(number_of /$libraries/libibverbs.so.1)" ]
}

@test "an image that knows the adapter keeps its own libraries" {
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric --plan "$stock/complete.sqsh" -- ibv_devices
  [ "${lines[0]}" = "# fabric: the image's own libraries: 0 variables, 3 devices, 0 mounts" ]
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/complete.sqsh" -- ibv_devices
  grep -qE "$adapter" <<<"$output"
}

@test "an image without libibverbs gets the node's with its driver, for programs that open it" {
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/bare.sqsh" -- ibv_devices
  echo "$output"
  grep -qE "$adapter" <<<"$output"
  run -1 grep Warning: <<<"$stderr"
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/bare.sqsh" -- \
    busybox stat -c %i /run/berth/fabric/libibverbs.so.1
  [ "$output" = "$(number_of /$libraries/libibverbs.so.1)" ]
}

@test "an image whose libibverbs takes no driver of the node's gets the node's libibverbs with it" {
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/other-release.sqsh" -- ibv_devices
  echo "$output"
  grep -qE "$adapter" <<<"$output"
  run -1 grep Warning: <<<"$stderr"
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric "$stock/other-release.sqsh" -- \
    busybox stat -c %i /$libraries/libibverbs.so.1
  [ "$output" = "$(number_of /$libraries/libibverbs.so.1)" ]
}

@test "with --dev=minimal, the adapters' files are there and nothing else of the node's" {
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric --dev=minimal "$stock/complete.sqsh" -- \
    busybox ls -d /dev/infiniband/rdma_cm /dev/infiniband/uverbs0 /dev/knem
  [ "$status" = 0 ]
  run --separate-stderr with_adapter "$BERTH" run --dev=minimal "$stock/complete.sqsh" -- busybox ls /dev/infiniband
  [ "$status" = 1 ]
}

@test "a library that the site names stands in front of the image's, with what belongs to it" {
  run "$BERTH" run --hook=fabric:/$libraries/libfabric.so.1 "$stock/complete.sqsh" -- \
    busybox sh -c 'stat -c %i /run/berth/fabric/libfabric.so.1; ls /run/berth/fabric'
  echo "$output"
  [ "${lines[0]}" = "$(number_of /$libraries/libfabric.so.1)" ]
  grep -qx libpsm2.so.2 <<<"$output"
  run -1 grep -E 'libc\.so|libibverbs\.so' <<<"$output"
  # fi_info of the node runs with it, in an image that has no libfabric.
  run "$BERTH" run --hook=fabric:/$libraries/libfabric.so.1 -v "$(command -v fi_info):/bin/fi_info" \
    "$stock/complete.sqsh" -- fi_info --version
  echo "$output"
  grep -q '^libfabric: 1\.' <<<"$output"
  run --separate-stderr "$BERTH" run --hook=fabric:/no/such.so "$stock/complete.sqsh" -- busybox echo runs
  [ "$output" = runs ]
  [ "$stderr" = "berth: continuing without what fabric asks for: '/no/such.so': this node has no such file" ]
  run --separate-stderr "$BERTH" run --hook=fabric:/etc/hostname "$stock/complete.sqsh" -- busybox echo runs
  [ "$stderr" = "berth: continuing without what fabric asks for: '/etc/hostname': it is no library for this machine" ]
}

@test "a library that is named brings no drivers of adapters that the node does not have" {
  run --separate-stderr "$BERTH" run --hook=fabric:/$libraries/libfabric.so.1 --plan "$stock/bare.sqsh" -- busybox true
  echo "${lines[0]}"
  run -1 grep -E 'rdmav|libibverbs\.d' <<<"$output"
}

@test "an adapter that only a libfabric of its vendor's knows: the node's takes the place of an image's" {
  mkdir site
  # Of the vendor's, made with its library; and one of an image that is not.
  echo | gcc -shared -Wl,-soname,libpsm2.so.2 -o site/libpsm2.so.2 -x c -
  cp -r "$stock/complete" image
  echo 'int fi_plain(void) { return 1; }' | gcc -shared -Wl,-soname,libfabric.so.1 -o image/$libraries/libfabric.so.1 -x c -
  run --separate-stderr with_adapter "$BERTH" run --hook=fabric image -- busybox stat -c %i /$libraries/libfabric.so.1
  [ "$output" != "$(number_of /$libraries/libfabric.so.1)" ]
  run --separate-stderr env EXTRA_DEVICE=hfi1_0 bash -c "$(declare -f with_adapter)"'; with_adapter "$@"' bash \
    "$BERTH" run --hook=fabric image -- busybox stat -c %i /$libraries/libfabric.so.1
  echo "$output"
  [ "$output" = "$(number_of /$libraries/libfabric.so.1)" ]
  run --separate-stderr env EXTRA_DEVICE=cxi0 bash -c "$(declare -f with_adapter)"'; with_adapter "$@"' bash \
    "$BERTH" run --hook=fabric image -- busybox echo runs
  [ "$output" = runs ]
  [[ "$stderr" == *"continuing without what fabric asks for: a libfabric with libcxi.so.1 for /dev/cxi*: neither the image nor this node's loader has one (--hook=fabric:PATH names one)" ]]
}

@test "Slingshot: a libfabric of the vendor's that is named comes with its library and the device, and no line" {
  mkdir site
  echo 'int cxi(void) { return 1; }' | gcc -shared -Wl,-soname,libcxi.so.1 -o site/libcxi.so.1 -x c -
  echo 'int cxi(void); int fi_cxi(void) { return cxi(); }' >fabric.c
  gcc -shared -fPIC -Wl,-soname,libfabric.so.1 -Wl,-rpath,"$work/site" -o site/libfabric.so.1 fabric.c site/libcxi.so.1
  run --separate-stderr env EXTRA_DEVICE=cxi0 bash -c "$(declare -f with_adapter)"'; with_adapter "$@"' bash \
    "$BERTH" run --hook=fabric:"$work/site/libfabric.so.1" "$stock/complete.sqsh" -- busybox sh -c \
    'ls /dev/cxi0; for directory in $(echo "$LD_LIBRARY_PATH" | tr : " "); do stat -L -c %i $directory/libfabric.so.1 $directory/libcxi.so.1; done'
  echo "$output $stderr"
  [ "$output" = "/dev/cxi0
$(number_of "$work/site/libfabric.so.1")
$(number_of "$work/site/libcxi.so.1")" ]
  [[ "$stderr" != *libcxi* ]]
}

@test "little memory to lock is said in a line, and a node without adapters says nothing" {
  run --separate-stderr with_adapter prlimit --memlock=65536 "$BERTH" run --hook=fabric "$stock/complete.sqsh" -- busybox echo runs
  [ "$output" = runs ]
  [ "$stderr" = "berth: continuing without what fabric asks for: memory that an adapter can reach: programs may lock 64 KiB here (ulimit -l), where fabrics need gigabytes or no limit" ]
  run --separate-stderr prlimit --memlock=65536 "$BERTH" run --hook=fabric "$stock/complete.sqsh" -- busybox echo runs
  [ -z "$stderr" ]
  run "$BERTH" run --hook=fabric --plan "$stock/complete.sqsh" -- busybox true
  [ "${lines[0]}" = "# fabric: this node has none: 0 variables, 0 devices, 0 mounts" ]
}
