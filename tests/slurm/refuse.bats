#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# What must not run does not run, least of all on the host, and says why.
load helpers

setup_file() {
  start_cluster "$BERTH_TEST_DIR/berth"
}

teardown_file() {
  stop_cluster
}

setup() {
  setup_job
}

teardown() {
  teardown_job
}

# expect_refusal WORD OPTION...: srun fails, says WORD, and its command does not run anywhere.
expect_refusal() {
  local word=$1
  shift
  run user srun "$@" sh -c 'echo ran >marker'
  echo "$output"
  [ "$status" != 0 ]
  [ "$status" != 124 ] # hung
  [[ $output == *"$word"* ]]
  [ ! -e "$marker" ]
}

@test "the marker of these tests is made when the command does run" {
  run -0 user srun --container="$image" sh -c 'echo ran >marker'
  [ -e "$marker" ]
}

@test "no such image: refused before there is a job" {
  local jobs
  jobs=$(count_jobs)
  expect_refusal "$folder/none.sqsh" --container="$folder/none.sqsh"
  [ "$(count_jobs)" = "$jobs" ]
}

@test "sbatch with no such image: the batch script's step fails" {
  printf '#!/bin/bash\nsrun --container=%s/none.sqsh sh -c "echo ran >marker"\n' "$folder" >job.sh
  run user sbatch --wait job.sh
  [ "$status" != 0 ]
  [ ! -e "$marker" ]
}

@test "sbatch --container: refused, the whole script would run on the host" {
  printf '#!/bin/bash\necho ran >marker\n' >job.sh
  run user sbatch --wait --container="$image" job.sh
  echo "$output"
  [ "$status" != 0 ]
  [[ $output == *"--container on the srun line"* ]]
  [ ! -e "$marker" ]
}

@test "a truncated image" {
  head -c 100000 "$image" >short.sqsh
  expect_refusal "short.sqsh" --container="$folder/short.sqsh"
}

@test "a file that is no image" {
  head -c 100000 /dev/zero >zeros.sqsh
  expect_refusal "zeros.sqsh" --container="$folder/zeros.sqsh"
}

@test "an image that the user may not read" {
  cp "$image" secret.sqsh
  if [ "$(id -u)" = 0 ]; then chmod 600 secret.sqsh; else chmod 000 secret.sqsh; fi
  expect_refusal "secret.sqsh" --container="$folder/secret.sqsh"
}

@test "--multi-prog is refused: its programs would run on the host" {
  printf '0-1 sh -c "echo ran >marker"\n' >programs
  run user srun -n2 --multi-prog --container="$image" programs
  echo "$output"
  [ "$status" != 0 ]
  [[ $output == *multi-prog* ]]
  [ ! -e "$marker" ]
}

@test "the image vanishes between submission and start" {
  printf '#!/bin/bash\nrm -f %s/gone.sqsh\n' "$folder" >prolog.sh
  chmod 755 prolog.sh
  cp "$image" gone.sqsh
  chmod 644 gone.sqsh
  expect_refusal "gone.sqsh" --prolog="$folder/prolog.sh" --container="$folder/gone.sqsh"
}
