#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image` and `work`
# --trace and --trace-file: how long the phases of a launch took, told once and by nobody who was not asked.
load ../helpers

setup() {
  make_own_image
  enter_work trace
}

teardown() {
  leave_work
  rm -f "$image"
}

# steps_of_plan OPTIONS...: "3 make a directory", but for the last step, which nobody comes back from.
steps_of_plan() {
  "$BERTH" run --plan "$@" | sed -n 's/^ *\([0-9]\+\)  \(.*\)/\1 \2/p' | head -n -1
}

# What the text names as steps, in the same form.
steps_of_text() {
  sed -n 's/^ *[0-9]\+   *\([0-9]\+\)  \(.*\)/\1 \2/p' "$1"
}

# The sum of the phases may lack a microsecond of each, which is rounded off.
expect_sum() {
  local sum=$1 all=$2 phases=$3
  echo "sum $sum of $all in $phases phases"
  [ "$sum" -le "$all" ] && [ "$all" -le $((sum + phases + 1000)) ]
}

@test "a trace has every step of the plan, and its phases are the whole launch" {
  berth_run --trace "$image" -- true 2>text
  cat text
  [ "$(head -n 1 text)" = "berth: microseconds of this launch, by phase and step of --plan" ]
  [ "$(steps_of_text text)" = "$(steps_of_plan "$image" -- true)" ]
  [ "$(grep -c 'start its server' text)" = 1 ]
  expect_sum "$(sed '1d;$d' text | awk '{ sum += $1 } END { print sum }')" \
    "$(awk '/ in all$/ { print $1 }' text)" "$(wc -l <text)"
}

@test "the file gets a line of JSON for each launch, and nobody else hears of it" {
  berth_run --trace-file trace.json "$image" -- echo well >out 2>&1
  berth_run --trace-file trace.json --pid --init --net=none --seccomp=default "$image" -- true >>out 2>&1
  [ "$(cat out)" = well ]
  [ "$(wc -l <trace.json)" = 2 ]
  jq -e -s --arg image "$image" 'all(.image == $image and .rank == 0 and (.node | length) > 0)' trace.json
  jq -e 'all(.phases[]; (.us | type) == "number" and (.name | length) > 0)' trace.json
  [ "$(jq -r 'select(.phases | any(.name == "start an init that stands by the program")) | .phases[] |
      select(.step) | "\(.step) \(.name)"' trace.json)" = \
    "$(steps_of_plan --pid --init --net=none --seccomp=default "$image" -- true)" ]
  while read -r sum all count; do
    expect_sum "$sum" "$all" "$count"
  done < <(jq -r '"\([.phases[].us] | add) \(.us) \(.phases | length)"' trace.json)
}

@test "text and file can be had together, and an image's name may be anything" {
  local odd=$work/$'a "b"\n\xff.sqsh'
  ln -s "$image" "$odd"
  berth_run --trace --trace-file trace.json "$odd" -- true 2>text
  [ "$(wc -l <trace.json)" = 1 ]
  [ "$(jq -r .image trace.json | head -n 1)" = "$work/a \"b\"" ]
  [ "$(grep -c $'\xff' text)" = 0 ]
  [ "$(steps_of_text text | wc -l)" = "$(jq '[.phases[] | select(.step)] | length' trace.json)" ]
}

@test "a launch that stops at a step is not traced" {
  run -125 --separate-stderr berth_run --trace --trace-file trace.json --bind /no/such/place "$image" -- true
  echo "$stderr"
  [[ "$stderr" == "berth: cannot show '/no/such/place' of this node"* ]]
  [[ "$stderr" != *microseconds* ]]
  [ ! -s trace.json ]
}

@test "a file that cannot be written is said before anything happens" {
  run -125 --separate-stderr berth_run --trace-file /no/such/place/t.json "$image" -- true
  [ "$stderr" = "berth: cannot trace this launch in '/no/such/place/t.json': open: No such file or directory (ENOENT)" ]
  mkfifo nobody
  run -125 berth_run --trace-file nobody "$image" -- true
  [[ "$output" == *"No such device or address (ENXIO)"* ]]
  run -125 berth_run --trace-file "" "$image" -- true
  [[ "$output" == *"name a file"* ]]
  berth_run --trace-file /dev/full "$image" -- echo well >out
  [ "$(cat out)" = well ]
}

@test "a trace that nobody reads, or that finds no room, ends no launch" {
  run -0 python3 -c '
import os, subprocess, sys
reader, writer = os.pipe()
os.close(reader)
sys.exit(subprocess.call(sys.argv[1:], stderr=writer))' "$BERTH" run --trace "$image" -- touch ran
  [ -e ran ]
  run -0 berth_run --trace-file /dev/full "$image" -- echo here
  [ "${lines[0]}" = "berth: not all of the trace could be written to its file" ]
  [ "${lines[1]}" = here ]
}

@test "without being asked for, a trace makes no call of the system" {
  # Nobody may read the launcher's memory by then: a line has the length of what is written, not the words.
  strace -f -o plain -e trace=openat,write "$BERTH" run "$image" -- true
  [ "$(grep -c ' write(2, \|O_APPEND' plain)" = 0 ]
  strace -f -o traced -e trace=openat,write "$BERTH" run --trace --trace-file trace.json "$image" -- true
  [ "$(grep -c ' write(2, ' traced)" = 1 ]
  [ "$(grep -c 'O_APPEND' traced)" = 1 ]
}
