#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# --gpus on the GPUs of this node, with their drivers: inside there is what is outside. A node without any is
# no reason to skip, since nothing of berth's is missing there: tests/unit/gpus_test.cc has made-up ones, and
# the line "nothing was tried" in the log says that there was none.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work gpus
  # What CUDA's driver says of the devices that a program may use.
  cat >cuda.py <<'END'
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
def call(name, *arguments):
    number = getattr(cuda, name)(*arguments)
    if number: raise SystemExit(f"{name}: {number}")
call("cuInit", 0)
count, device, name, uuid = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256), ctypes.create_string_buffer(16)
call("cuDeviceGetCount", ctypes.byref(count))
for i in range(count.value):
    call("cuDeviceGet", ctypes.byref(device), i)
    call("cuDeviceGetName", name, 256, device)
    call("cuDeviceGetUuid", uuid, device)
    print(name.value.decode(), uuid.raw.hex())
END
  # The version of the kernel's interface (kfd_ioctl.h, AMDKFD_IOC_GET_VERSION).
  cat >kfd.py <<'END'
import fcntl, os
version = fcntl.ioctl(os.open("/dev/kfd", os.O_RDWR), 0x80084b01, bytes(8))
print(int.from_bytes(version[:4], "little"), int.from_bytes(version[4:], "little"))
END
}

teardown() {
  leave_work
}

# has_none WHOSE COMMAND...: whether it fails on this node, too, or says nothing. What it says is in ./outside.
has_none() {
  local whose=$1
  shift
  if "$@" >outside 2>/dev/null && [ -s outside ]; then return 1; fi
  echo "# no GPU of $whose's that this user may use: nothing was tried" >&3
}

inside() {
  berth_run --dev=minimal -v "$work" --cwd=none "$@"
}

@test "on a node with GPUs of NVIDIA's, a program has those outside, and those alone that were asked for" {
  if has_none NVIDIA python3 cuda.py; then return 0; fi
  run inside --gpus all "$image" -- python3 "$work/cuda.py"
  echo "$output"
  [ "$output" = "$(cat outside)" ]
  first=$(nvidia-smi --query-gpu=uuid --format=csv,noheader | head -n 1)
  for wanted in 0 "$first"; do
    run inside --gpus "$wanted" "$image" -- python3 "$work/cuda.py"
    echo "$output"
    [ "$output" = "$(head -n 1 outside)" ]
  done
  run inside --gpus all "$image" -- nvidia-smi -L
  [ "$output" = "$(nvidia-smi -L)" ]
  # The files are the node's, and no other devices came with them.
  run inside --gpus 0 "$image" -- sh -c 'stat -c "%n %t:%T %a" /dev/nvidia0 /dev/nvidiactl; ls /dev'
  echo "$output"
  [[ "$output" == "$(stat -c "%n %t:%T %a" /dev/nvidia0 /dev/nvidiactl)"* ]]
  [[ "$output" != *$'\n'sd* && "$output" != *$'\n'kmsg* ]]
  [ "$(grep -c '^nvidia[0-9]' <<<"$output")" = 1 ]
}

@test "on a node with GPUs of AMD's, a program reaches the kernel's driver by the files that it was given" {
  if has_none AMD python3 kfd.py; then return 0; fi
  run inside --gpus all "$image" -- python3 "$work/kfd.py"
  echo "$output"
  [ "$output" = "$(cat outside)" ]
  run inside --gpus 0 "$image" -- sh -c 'ls /dev/dri'
  echo "$output"
  [ "$(grep -c '^renderD' <<<"$output")" = 1 ]
}
