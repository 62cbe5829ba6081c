#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# What takes long on a cluster: Slurm looks for jobs at the end of their time twice in a minute.
load ../slurm/helpers

@test "a job at the end of its time is told so, and then ended" {
  cat >job.sh <<EOF
#!/bin/bash
srun --container=$image sh -c 'trap "echo told" TERM; echo here; while :; do sleep 0.1; done'
EOF
  job=$(user sbatch --parsable --output="$folder/out" job.sh)
  await out
  # Slurm counts in minutes, and looks twice in one.
  scontrol update JobId="$job" EndTime="$(date -d '+1 second' +%FT%T)"
  for _ in $(seq 800); do [ -n "$(squeue --noheader --jobs="$job" 2>/dev/null)" ] || break; sleep 0.05; done
  cat out
  grep -q 'DUE TO TIME LIMIT' out
  grep -qx told out
  [[ $(scontrol show job "$job") == *JobState=TIMEOUT* ]]
  expect_no_process_left
  expect_no_mount_left
}
