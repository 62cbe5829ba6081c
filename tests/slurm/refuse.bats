#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# What must not run does not run, least of all on the host, and says why.
load helpers

setup_file() {
  plugin_words='' start_cluster "$BERTH_TEST_DIR/berth" # scripts stay outside
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
  [[ $output == *"cannot use image '$image' for a whole job"*"put it on the srun line"* ]]
  [ ! -e "$marker" ]
}

@test "salloc and sbatch take no options for containers, and say where they belong" {
  local jobs
  jobs=$(count_jobs)
  run user salloc --container-image="$image" sh -c 'echo ran >marker'
  [ "$status" != 0 ]
  [[ $output == *"cannot use image '$image' for a whole job"*"put it on the srun line"* ]]
  run user sbatch --wait --container-workdir=/ --wrap 'echo ran >marker'
  [ "$status" != 0 ]
  [[ $output == *"cannot use --container-workdir for a whole job"* ]]
  [ ! -e "$marker" ]
  [ "$(count_jobs)" = "$jobs" ]
}

@test "an empty image does not run on the host" {
  expect_refusal "cannot use '' as an image" --container=
  run user sbatch --wait --container= --wrap 'echo ran >marker'
  [ "$status" != 0 ]
  [[ $output == *"cannot use '' as an image"* ]]
  SRUN_CONTAINER=$image expect_refusal "together with the variable SRUN_CONTAINER" --container-image="$image"
  [ ! -e "$marker" ]
}

@test "an empty program starts no step" {
  run user srun --container="$image" ''
  echo "$output"
  [ "$status" = 1 ]
  [[ $output == *"cannot start a step without a program"* ]]
}

@test "no SLURM_EXIT_ERROR makes a refusal a success" {
  SLURM_EXIT_ERROR=256 expect_refusal "none.sqsh" --container=./none.sqsh
}

@test "what is misspelt is refused before there is a job" {
  local jobs option words
  jobs=$(count_jobs)
  while IFS='|' read -r option words; do
    expect_refusal "$words" --container="$image" "$option"
  done <<END
--container-bnid=/x|unrecognized option '--container-bnid=/x'
--container-bind=/x:y|cannot bind '/x:y'
--container-memory=much|cannot
--container-pin=thread|cannot pin ranks to 'thread'
--container-workdir=here|cannot work in 'here'
--container-env==x|cannot
--container-ulimit=nofiles=1|cannot
--container-mounts=/x:|cannot mount '/x:'
--container-mounts=umount:/dev|cannot mount 'umount:/dev'
--container-mount=type=image,src=none.sqsh,dst=/x|cannot use 'none.sqsh' as an image
--container-name=a/b|cannot keep a container as 'a/b' on its nodes
--container-save=/x.sqsh|cannot save a container in '/x.sqsh'
--container-unshare=pid|cannot keep 'pid' apart
--container-image=$image|together with --container
END
  expect_refusal "cannot find image 'no/such:v1'" --container-image='no/such:v1'
  expect_refusal "cannot find image 'reg.example/app:v1'" --container-image='me@reg.example#app:v1'
  expect_refusal "cannot use --container-root without an image" --container-root
  PYXIS_CONTAINER_READONLY=maybe expect_refusal "cannot use PYXIS_CONTAINER_READONLY" --container="$image"
  PYXIS_CONTAINER_IMAGE=./none.sqsh expect_refusal "cannot use './none.sqsh' as an image" -n1
  [ "$(count_jobs)" = "$jobs" ]
}

@test "options of a megabyte are refused, and as much as has room arrives" {
  local value n many=()
  value=$(printf 'x%.0s' {1..60000})
  for n in {1..17}; do many+=("--container-env=A$n=$value"); done
  run -0 user srun --container="$image" --container-env="A=$value" sh -c 'echo ${#A}'
  [ "$output" = 60000 ]
  expect_refusal "of options to a task, which may have 128 KiB" --container="$image" "${many[@]}"
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

@test "the image vanishes between submission and start" {
  printf '#!/bin/bash\nrm -f %s/gone.sqsh\n' "$folder" >prolog.sh
  chmod 755 prolog.sh
  cp "$image" gone.sqsh
  chmod 644 gone.sqsh
  expect_refusal "gone.sqsh" --prolog="$folder/prolog.sh" --container="$folder/gone.sqsh"
}

@test "what only a node finds out is said in the words of srun, with the node and the rank" {
  run user srun -w n1 -n1 --container="$image" --container-read-only --container-private-overlay sh -c 'echo ran >marker'
  echo "$output"
  [ "$status" = 125 ]
  [[ $output == *"berth[n1:0]: cannot "* ]]
  [[ $output == *"leave --container-read-only or --container-private-overlay out"* ]]
  run user srun -w n2 -n1 --container-name=none sh -c 'echo ran >marker'
  [[ $output == *"berth[n2:0]: cannot find the container 'none'"* ]]
  run user srun -w n1 -n1 "$BERTH" run --read-only --private-overlay "$image" sh -c 'echo ran >marker'
  [[ $output == *"leave --read-only or --private-overlay out"* ]]
  [ ! -e "$marker" ]
}
