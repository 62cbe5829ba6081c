#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# --hook=ldcache: programs of an image find what a device's specification or a hook has brought without any
# variable, as they find the image's own libraries.
load ../helpers

setup() {
  enter_work ldcache
  export XDG_CONFIG_HOME=$work/config
  mkdir -p config/cdi driver
  echo 'int answer(void) { return 42; }' | gcc -shared -Wl,-soname,libbrought.so.1 -o driver/libbrought.so.1.2.3 -x c -
  ask='import ctypes; print(ctypes.CDLL("libbrought.so.1").answer())'
}

teardown() {
  leave_work
}

# put_spec MOUNT HOOKS: of the device example.com/card=0.
put_spec() {
  cat >config/cdi/example.json <<END
{"cdiVersion": "0.6.0", "kind": "example.com/card",
 "devices": [{"name": "0", "containerEdits": {"mounts": [$1], "hooks": [$2]}}]}
END
}

with_card() {
  "$BERTH" run --device example.com/card=0 "$@"
}

@test "a library that a specification mounts is found by its name, and the image's are, too" {
  put_spec '{"hostPath": "'"$work"'/driver/libbrought.so.1.2.3", "containerPath": "/opt/vendor/libbrought.so.1.2.3"}' ''
  run with_card "$BERTH_DEMO_IMAGE" -- python3 -c "$ask"
  [ "$status" = 1 ]
  run with_card --hook=ldcache "$BERTH_DEMO_IMAGE" -- env -i /usr/bin/python3 -c "$ask"
  echo "$output"
  [ "$output" = 42 ]
  known=$("$BERTH" run "$BERTH_DEMO_IMAGE" -- /sbin/ldconfig -p | grep -c ' => ')
  run with_card --hook=ldcache "$BERTH_DEMO_IMAGE" -- /sbin/ldconfig -p
  echo "$output" | head -n 3
  [ "$(grep -c ' => ' <<<"$output")" = $((known + 1)) ]
  grep -q 'libbrought.so.1 (libc6,x86-64) => /opt/vendor/libbrought.so.1.2.3' <<<"$output"
  run with_card --hook=ldcache --plan "$BERTH_DEMO_IMAGE"
  grep -q "^# ldcache: 1 library besides the image's $known: 0 variables, 0 devices, 0 mounts, 1 file" <<<"$output"
}

@test "a directory is known by the hook that would have ldconfig run, and that hook is not run" {
  printf '#!/bin/sh\nexit 9\n' >config/ctk
  chmod 755 config/ctk
  put_spec '{"hostPath": "'"$work"'/driver", "containerPath": "/opt/vendor"}' \
    '{"hookName": "createContainer", "path": "'"$work"'/config/ctk", "args": ["ctk", "hook", "update-ldcache", "--folder", "/opt/vendor"]}'
  run with_card "$BERTH_DEMO_IMAGE" -- true
  [ "$status" = 125 ]
  run with_card --hook=ldcache "$BERTH_DEMO_IMAGE" -- python3 -c "$ask"
  echo "$output"
  [ "$output" = 42 ]
}

# put_updating_hook FOLDER...: the device's tree at /opt/vendor has lib64, and a hook that fails names the folders.
put_updating_hook() {
  local folder arguments='"ctk", "hook", "update-ldcache"'
  for folder; do arguments+=', "--folder", "'$folder'"'; done
  mkdir -p driver/lib64
  mv driver/libbrought.so.1.2.3 driver/lib64
  printf '#!/bin/sh\nexit 9\n' >config/ctk
  chmod 755 config/ctk
  put_spec '{"hostPath": "'"$work"'/driver", "containerPath": "/opt/vendor/"}' \
    '{"hookName": "createContainer", "path": "'"$work"'/config/ctk", "args": ['"$arguments"']}'
}

@test "a directory is known below one that is mounted, however its path is written" {
  put_updating_hook /opt//vendor/./lib64/
  run with_card --hook=ldcache "$BERTH_DEMO_IMAGE" -- python3 -c "$ask"
  echo "$output"
  [ "$output" = 42 ]
}

@test "a vendor's hook of a directory that was not looked at stays" {
  put_updating_hook /opt/vendor/lib64 /usr/lib/other
  run with_card --hook=ldcache --plan "$BERTH_DEMO_IMAGE"
  grep -q '^# ldcache: 1 library besides .*, but an update-ldcache of other directories stays' <<<"$output"
  run with_card --hook=ldcache "$BERTH_DEMO_IMAGE" -- true
  echo "$output"
  [ "$status" = 125 ]
}

@test "a directory is known by the variable that a specification sets" {
  cat >config/cdi/example.json <<END
{"cdiVersion": "0.6.0", "kind": "example.com/card",
 "devices": [{"name": "0", "containerEdits": {"env": ["LD_LIBRARY_PATH=/usr/local/none:/opt/vendor/"],
   "mounts": [{"hostPath": "$work/driver", "containerPath": "/opt/vendor"}]}}]}
END
  run with_card --hook=ldcache "$BERTH_DEMO_IMAGE" -- env -i /usr/bin/python3 -c "$ask"
  echo "$output"
  [ "$output" = 42 ]
}

@test "with --overlay there is a new cache, but where one is kept it stays, and a line says so" {
  put_spec '{"hostPath": "'"$work"'/driver/libbrought.so.1.2.3", "containerPath": "/opt/vendor/libbrought.so.1.2.3"}' ''
  mkdir kept
  run with_card --hook=ldcache --overlay kept "$BERTH_DEMO_IMAGE" -- env -i /usr/bin/python3 -c "$ask"
  echo "$output"
  [ "$output" = 42 ]
  "$BERTH" run --overlay kept "$BERTH_DEMO_IMAGE" -- sh -c 'cp /etc/ld.so.cache /etc/new && mv /etc/new /etc/ld.so.cache'
  run with_card --hook=ldcache --overlay kept --plan "$BERTH_DEMO_IMAGE"
  grep -q '^# ldcache: the cache that --overlay keeps stays as it is: 0 variables, 0 devices, 0 mounts' <<<"$output"
  run --separate-stderr with_card --hook=ldcache --overlay kept "$BERTH_DEMO_IMAGE" -- true
  echo "$stderr"
  [ "$status" = 0 ]
  [[ $stderr == *"continuing without a new cache of the loader: 'kept/upper/etc/ld.so.cache' is kept"* ]]
}

@test "what a hook of berth's own brings is found without its variable" {
  run "$BERTH" run --hook="fabric:$work/driver/libbrought.so.1.2.3" --hook=ldcache "$BERTH_DEMO_IMAGE" -- \
    env -u LD_LIBRARY_PATH python3 -c "$ask"
  echo "$output"
  [ "$output" = 42 ]
}

@test "where nothing is brought and where the C library is musl, nothing is done" {
  run "$BERTH" run --hook=ldcache --plan "$BERTH_DEMO_IMAGE"
  [ "${lines[0]}" = "# ldcache: no library is brought: 0 variables, 0 devices, 0 mounts" ]
  mkdir -p musl/lib musl/bin
  cp -L /lib/ld-musl-x86_64.so.1 musl/lib
  cp "$(command -v busybox)" musl/bin
  put_spec '{"hostPath": "'"$work"'/driver", "containerPath": "/opt/vendor"}' ''
  run with_card --hook=ldcache --plan musl -- busybox true
  grep -q "^# ldcache: the image's C library is musl, whose loader has no cache: " <<<"$output"
  run with_card --hook=ldcache musl -- busybox ls /etc
  run -1 grep ld.so.cache <<<"$output"
}

@test "an image's cache that is none, or leads elsewhere, is as good as none" {
  put_spec '{"hostPath": "'"$work"'/driver/libbrought.so.1.2.3", "containerPath": "/opt/vendor/libbrought.so.1"}' ''
  echo secret >secret
  local kind
  for kind in absolute escape dangling loop fifo file; do
    mkdir -p "$kind/lib64" "$kind/bin" "$kind/etc"
    cp "$(command -v busybox)" "$kind/bin"
    cp -L /lib64/ld-linux-x86-64.so.2 "$kind/lib64"
    put_trap "$kind" "$kind/etc/ld.so.cache" "$work/secret"
    run with_card --hook=ldcache "$kind" -- busybox grep -c libbrought.so.1 /etc/ld.so.cache
    echo "$kind: $output"
    [ "$output" = 1 ]
    [ "$(cat secret)" = secret ]
  done
}

# put_library NAME DIRECTORY: one that is called NAME in itself.
put_library() {
  echo 'int answer(void) { return 42; }' | gcc -shared -Wl,-soname,"$1" -o "$2/lib_$1" -x c -
}

# names_in CACHE: in their order.
names_in() {
  /sbin/ldconfig -p -C "$1" | sed -n 's/^\t\(.*\) (.*/\1/p'
}

# put_opener TREE: with a program that opens libraries by their names.
put_opener() {
  mkdir -p "$1/bin" "$1/lib64" "$1/lib" "$1/etc"
  cp "$(command -v busybox)" "$1/bin"
  cp -L /lib64/ld-linux-x86-64.so.2 "$1/lib64"
  cp -L "$(gcc -print-file-name=libc.so.6)" "$1/lib"
  gcc -o "$1/bin/open" -x c - <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char** names) {
  for (int i = 1; i < count; ++i)
    if (!dlopen(names[i], RTLD_NOW)) return puts(dlerror()), 1;
  return 0;
}
END
}

@test "with numbers of any size the cache has ldconfig's order, and the loader finds all" {
  local name of_image=(3000000000.so 9999999999.so lib-20240101123456.so libz.so)
  local of_driver=(2147483648.so lib-20240101123455.so lib-9.so)
  put_opener image
  mkdir -p image/opt/of-image
  echo /opt/of-image >image/etc/ld.so.conf
  for name in "${of_image[@]}"; do put_library "$name" image/opt/of-image; done
  for name in "${of_driver[@]}"; do put_library "$name" driver; done
  cp -r image both
  cp driver/* both/opt/of-image
  /sbin/ldconfig -r "$work/image"
  /sbin/ldconfig -r "$work/both"
  put_spec '{"hostPath": "'"$work"'/driver", "containerPath": "/opt/vendor"}' \
    '{"hookName": "createContainer", "path": "/bin/false", "args": ["ctk", "update-ldcache", "--folder", "/opt/vendor"]}'
  run with_card --hook=ldcache image -- open "${of_image[@]}" "${of_driver[@]}" libbrought.so.1
  echo "$output"
  [ "$status" = 0 ]
  with_card --hook=ldcache image -- busybox cat /etc/ld.so.cache >made
  diff <(names_in made) <(names_in both/etc/ld.so.cache)
}

@test "libraries of an image whose numbers have no order stay where its ldconfig has put them" {
  local name
  put_opener image
  mkdir -p image/opt/of-image
  echo /opt/of-image >image/etc/ld.so.conf
  for name in 3000000000.so 5000000000.so 9999999999.so lib-20240101123456.so; do
    put_library "$name" image/opt/of-image
  done
  /sbin/ldconfig -r "$work/image"
  put_spec '{"hostPath": "'"$work"'/driver/libbrought.so.1.2.3", "containerPath": "/opt/vendor/libbrought.so.1"}' ''
  with_card --hook=ldcache image -- busybox cat /etc/ld.so.cache >made
  diff <(names_in made | grep -v '^libbrought') <(names_in image/etc/ld.so.cache)
}
