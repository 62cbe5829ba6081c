#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image`
# Where a program runs: on the CPUs that it was given, or on its own part of them.
load ../helpers

setup() {
  make_own_image
  cd "$BERTH_TEST_DIR" || return
  topologies=$BERTH_SOURCE/tests/data/topology
}

teardown() {
  rm -f "$image"
}

kCpus='Cpus_allowed_list'

# CPUs that this shell may use, one on a line.
cpus() {
  python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")'
}

# as_rank LOCAL SIZE WORDS...: as Open MPI's mpirun starts a rank.
as_rank() {
  OMPI_COMM_WORLD_RANK=$1 OMPI_COMM_WORLD_LOCAL_RANK=$1 OMPI_COMM_WORLD_LOCAL_SIZE=$2 "${@:3}"
}

@test "without --pin a program runs where it was started, and may" {
  local outside one
  outside=$(grep "$kCpus" /proc/self/status)
  run -0 "$BERTH" run "$image" -- grep "$kCpus" /proc/self/status
  [ "$output" = "$outside" ]
  one=$(cpus | tail -n 1)
  run -0 taskset -c "$one" "$BERTH" run "$image" -- grep "$kCpus" /proc/self/status
  [ "$output" = "$kCpus:"$'\t'"$one" ]
}

@test "without --pin no other program is started for it" {
  skip_unless "strace is not installed" command -v strace
  strace -f -qq -o calls -e trace=execve,sched_setaffinity,set_mempolicy \
    "$BERTH" run "$image" -- true
  run -1 grep -E 'berth-pin|set_mempolicy' calls
  run -0 strace -f -qq -o calls -e trace=execve,sched_setaffinity,set_mempolicy \
    "$BERTH" run --pin=core "$image" -- true
  grep -q 'berth-pin.*= 0' calls
}

@test "each rank gets its part, and they have nothing in common" {
  [ "$(cpus | wc -l)" -ge 2 ] || skip "there is one CPU"
  as_rank 0 2 "$BERTH" run --share=none --pin=pu "$image" -- grep "$kCpus" /proc/self/status >zero
  as_rank 1 2 "$BERTH" run --share=none --pin=pu "$image" -- grep "$kCpus" /proc/self/status >one
  cat zero one
  [ "$(cat zero one | count_different)" = 2 ]
}

@test "with --pid and --init, too" {
  [ "$(cpus | wc -l)" -ge 2 ] || skip "there is one CPU"
  run -0 as_rank 1 2 "$BERTH" run --share=none --pid --init --pin=pu "$image" -- grep "$kCpus" /proc/self/status
  [ "$(wc -w <<<"$output")" = 2 ]
  [[ "$output" =~ ^$kCpus:.[0-9]+$ ]]
}

@test "nobody gets a CPU that he was not given" {
  local one
  one=$(cpus | tail -n 1)
  for rank in 0 1 2; do
    run -0 as_rank $rank 3 taskset -c "$one" "$BERTH" run --share=none --pin=core --pin-again "$image" -- \
      grep "$kCpus" /proc/self/status
    [ "$output" = "$kCpus:"$'\t'"$one" ]
  done
}

@test "a rank that was bound before stays, also behind a script" {
  [ "$(cpus | wc -l)" -ge 2 ] || skip "there is one CPU"
  local one
  one=$(cpus | tail -n 1)
  # The shell that says which rank this is stands for the launcher.
  run -0 as_rank 0 2 taskset -c "$one" sh -c \
    '"$@"; exit $?' sh "$BERTH" run --share=none --pin=core --plan "$image" -- true
  grep -qx "rank 0 stays on the CPUs $one, to which its launcher has bound it" <<<"$output"
  run -0 as_rank 0 2 taskset -c "$one" "$BERTH" run --share=none --pin=core "$image" -- grep "$kCpus" /proc/self/status
  [ "$output" = "$kCpus:"$'\t'"$one" ]
}

@test "memory comes from where it was asked for" {
  run -0 "$BERTH" run --mem-bind=0 "$image" -- head -n 1 /proc/self/numa_maps
  [[ "$output" == *" bind:0 "* ]]
  run -0 "$BERTH" run --mem-bind=local --pin=core "$image" -- head -n 1 /proc/self/numa_maps
  [[ "$output" == *" bind:"* ]]
  run -0 "$BERTH" run --mem-bind=interleave "$image" -- head -n 1 /proc/self/numa_maps
  [[ "$output" == *" interleave:"* ]]
  run -0 "$BERTH" run "$image" -- head -n 1 /proc/self/numa_maps
  [[ "$output" == *" default "* ]]
}

@test "memory that is not there is refused" {
  run -125 "$BERTH" run --mem-bind=0,999 "$image" -- true
  [[ "${lines[0]}" == "berth: cannot take memory from the nodes 0,999: this process may use the nodes "* ]]
}

@test "variables of a rank that make no sense are refused, where it matters" {
  run -125 env OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=2 \
    "$BERTH" run --share=none --pin=core "$image" -- true
  [[ "${lines[0]}" == *"cannot tell which CPUs are this rank's: it is number 2 of 2, counted from 0 (OMPI_COMM_WORLD_LOCAL_RANK)" ]]
  run -125 env OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=4000000000 OMPI_COMM_WORLD_LOCAL_RANK=7 \
    "$BERTH" run --share=none --pin=core "$image" -- true
  [[ "${lines[0]}" == *"cannot place 4000000000 ranks on a node" ]]
  run -0 env OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=2 \
    "$BERTH" run --share=none "$image" -- true
}

@test "--plan has the step, and the CPUs of all ranks" {
  run -0 "$BERTH" run --pin=core --ranks=2 --topology "$topologies/offline.xml" --plan "$image" -- true
  grep -qx ' *[0-9]*  bind rank 0 to the CPUs 0-2,4-5' <<<"$output"
  grep -qx '  rank 0: CPUs 0-2,4-5, near the memory nodes 0' <<<"$output"
  grep -qx '  rank 1: CPUs 6-7,12-15, near the memory nodes 0-1' <<<"$output"
}

@test "a machine is drawn without an image" {
  run -0 "$BERTH" run --pin=socket --ranks=2 --topology "$topologies/offline.xml" --plan=txt
  [ "${lines[0]}" = "socket 0" ]
  grep -qx ' *0,1 r0   2 r0     4,5 r0   6,7 r0' <<<"$output"
  grep -qx ' *12,13 r1   14,15 r1' <<<"$output"
  "$BERTH" run --pin=core --ranks=3 --topology "$topologies/laptop.xml" --plan=svg >node.svg
  python3 - node.svg <<'END_OF_PYTHON'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
names = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
assert len(names) == 20 and sum(name.endswith("rank 0 of this node") for name in names) == 8, names
END_OF_PYTHON
}

@test "ranks near to devices, or on a list of CPUs, are rehearsed" {
  devices=$topologies/devices.xml
  run -0 "$BERTH" run --pin-near=gpu --ranks=3 --topology "$devices" --plan "$image" -- true
  grep -qx '  rank 2: CPUs 12-15, near the memory nodes 3, near gpu 0000:a1:00.0 (nvml2)' <<<"$output"
  # What this process was given of another machine does not count.
  run -0 env CUDA_VISIBLE_DEVICES=7 "$BERTH" run --pin-near=gpu --ranks=3 --topology "$devices" --plan=txt
  grep -qx 'gpu 0000:81:00.0 (nvml1) near 8-11: r1' <<<"$output"
  grep -qx 'nic 0000:02:00.0 (eno1) near 0-3' <<<"$output"
  # Which GPU the program is shown does.
  run -0 "$BERTH" run --gpus=2 --pin-near=gpu --ranks=2 --topology "$devices" --plan=txt
  grep -qx 'gpu 0000:a1:00.0 (nvml2) near 12-15: r0-1' <<<"$output"
  "$BERTH" run --pin-near=nic --ranks=2 --topology "$devices" --plan=svg >node.svg
  grep -q "nic 0000:a2:00.0 (ib1): rank 1's; near the CPUs 12-15" node.svg
  run -0 "$BERTH" run --pin-map=0-3:0xf0 --ranks=2 --topology "$devices" --plan=txt
  grep -qx ' *4,5 r1   6,7 r1' <<<"$output"
  run -125 "$BERTH" run --pin-map=0-3:16 --ranks=2 --topology "$devices" --plan=txt
  [ "${lines[0]}" = "berth: cannot bind rank 1 of this node to the CPUs 16: it may use 0-15" ]
}

@test "a list of CPUs is this rank's order, and asks nobody about the machine" {
  local one
  one=$(cpus | tail -n 1)
  run -0 as_rank 1 2 strace -f -qq -o calls -e trace=execve "$BERTH" run --share=none --pin-map="0:$one" "$image" -- grep "$kCpus" /proc/self/status
  [ "$output" = "$kCpus:"$'\t'"$one" ]
  run -1 grep berth-pin calls
  run -125 as_rank 1 2 "$BERTH" run --share=none --pin-map=0:4000 "$image" -- true
  [[ "${lines[0]}" == *"cannot bind rank 1 of this node to the CPUs 4000: it may use "* ]]
  run -125 as_rank 1 2 "$BERTH" run --share=none --pin-map=0 "$image" -- true
  [[ "${lines[0]}" == *"cannot place 2 ranks by --pin-map, which is of 1" ]]
}

@test "this machine is drawn with the CPUs that we may use" {
  local one
  one=$(cpus | tail -n 1)
  run -0 taskset -c "$one" "$BERTH" run --pin=pu --plan=txt
  grep -q "\b$one r0" <<<"$output"
  [ "$(grep -o 'r0' <<<"$output" | wc -l)" = 1 ]
}

@test "a rank that PMIx alone has told its number is not pinned by a guess" {
  run -125 env PMIX_RANK=5 PMIX_NAMESPACE=prterun-n1-4711@1 "$BERTH" run --pin=core "$image" -- true
  [ "${lines[0]}" = "berth: cannot tell which CPUs are this rank's: PMIX_RANK is its number among all ranks of the job, and no variable says which of this node's it is" ]
  [ "${lines[1]}" = "berth: hint: leave out --pin, or see man berth-run for how ranks are found" ]
  # Unpinned it runs where it was put.
  run -0 env PMIX_RANK=5 PMIX_NAMESPACE=prterun-n1-4711@1 "$BERTH" run "$image" -- echo fine
  [ "$output" = fine ]
}

@test "a topology is for rehearsals, and what is none is refused" {
  run -125 "$BERTH" run --topology "$topologies/offline.xml" "$image" -- true
  [ "${lines[0]}" = "berth: cannot run on the machine in '$topologies/offline.xml'" ]
  run -125 "$BERTH" run --topology /no/such --plan=txt
  [ "${lines[0]}" = "berth: cannot read the topology '/no/such': open: No such file or directory (ENOENT)" ]
  mkfifo -m 600 pipe.xml
  for bad in /dev/zero pipe.xml "$BERTH_TEST_DIR" "$image" /dev/null; do
    run -125 timeout 60 "$BERTH" run --topology "$bad" --plan=txt
    [ "${lines[0]}" = "berth: cannot use '$bad' as a topology" ]
  done
  rm -f pipe.xml
}

# topology_with GPUS: the laptop with that many of them, on one bridge.
topology_with() {
  python3 - "$topologies/laptop.xml" "$1" <<'END_OF_PYTHON'
import sys
text = open(sys.argv[1]).read()
devices = "".join(
    '<object type="PCIDev" gp_index="%d" pci_busid="%04x:%02x:%02x.0" pci_type="0302 [10de:20b0] [0000:0000] a1"'
    ' pci_link_speed="0.000000"/>' % (1000000 + i, i >> 13, i >> 5 & 255, i & 31) for i in range(int(sys.argv[2])))
end = text.rindex("</object>")
bridge = ('<object type="Bridge" gp_index="999999" bridge_type="0-1" depth="0" bridge_pci="%04x:[00-ff]">%s</object>'
          % (0, devices))
sys.stdout.write(text[:end] + bridge + text[end:])
END_OF_PYTHON
}

@test "a topology with more devices than anybody has is refused in words, and drawn without" {
  topology_with 40 >some.xml
  run -0 "$BERTH" run --pin-near=gpu --ranks=4 --topology some.xml --plan=txt
  topology_with 9000 >many.xml
  for options in --plan=txt "--pin-near=gpu --plan"; do
    # shellcheck disable=SC2086  # several words
    run -125 "$BERTH" run --pin=core --ranks=2 --topology many.xml $options "$image" -- true
    [ "${lines[0]}" = "berth: cannot use 'many.xml' as a topology: cannot take in more than 8192 devices: there are 9000" ]
    [ "${lines[1]}" = "berth: hint: make one without devices: lstopo --of xml --no-io node.xml" ]
  done
  run -0 "$BERTH" run --pin=core --ranks=2 --topology many.xml --plan "$image" -- true
}

@test "a hostile topology breaks nothing" {
  python3 - "$topologies/laptop.xml" "$BERTH" <<'END_OF_PYTHON'
import random, subprocess, sys
good = open(sys.argv[1], "rb").read()
chance = random.Random(6)
tried = refused = 0
def rehearse(text):
    global tried, refused
    with open("hostile.xml", "wb") as file:
        file.write(text)
    done = subprocess.run([sys.argv[2], "run", "--pin=core", "--ranks=3", "--topology", "hostile.xml",
                           "--plan=txt"], capture_output=True, timeout=60)
    assert done.returncode in (0, 125), (done.returncode, done.stderr)
    if done.returncode == 125:
        assert done.stderr.startswith(b"berth: cannot "), done.stderr
        refused += 1
    assert b"\x1b" not in done.stdout + done.stderr
    tried += 1
for entity in (b'<!ENTITY a SYSTEM "file:///etc/passwd">', b'<!ENTITY a "aaaaaaaa">'):
    rehearse(good.replace(b"<topology", entity + b"<topology", 1))
for number in (b"4294967295", b"-1", b"99999999999999999999", b"65536", b"\x1b[2J"):
    rehearse(good.replace(b'type="PU" os_index="3"', b'type="PU" os_index="' + number + b'"'))
rehearse(b"<topology>" + b"<object type='Group'>" * 100000)
for _ in range(60):
    text = bytearray(good)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(text))
        if chance.random() < 0.5:
            text[at] = chance.randrange(256)
        else:
            del text[at:at + chance.randint(1, 200)]
    rehearse(bytes(text))
assert refused > 10 and tried == 68, (refused, tried)
END_OF_PYTHON
  expect_no_process_left
}

@test "berth-pin reads a topology with nothing in reach" {
  skip_unless "strace is not installed" command -v strace
  local pin
  pin=$(find "$BERTH_PREFIX" -name berth-pin -type f)
  strace -qq -o calls "$pin" --topology <"$topologies/laptop.xml" >text
  grep -q '^end$' text
  # Behind its filter there is no call that opens, starts or sends something.
  sed '1,/^seccomp(SECCOMP_SET_MODE_FILTER, .*{len=/d' calls >behind
  [ "$(grep -c . behind)" -gt 0 ]
  run -1 grep -vE '^(write\(1,|brk|mmap|munmap|mremap|madvise|exit_group|\+\+\+)' behind
}
