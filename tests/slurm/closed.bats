#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# Nodes on which berth is missing: a job for a container fails there and never runs on the host.
load helpers

setup_file() {
  start_cluster "$BERTH_TEST_DIR/no/such/berth"
}

@test "srun fails, says what is missing, and the command does not run" {
  run user srun -N2 --container="$image" sh -c 'echo ran >marker'
  echo "$output"
  [ "$status" != 0 ]
  [ "$status" != 124 ] # hung
  [[ $output == *"no/such/berth"* ]]
  [ ! -e "$marker" ]
}

@test "a batch script's step fails" {
  printf '#!/bin/bash\nsrun --container=%s sh -c "echo ran >marker"\n' "$image" >job.sh
  run user sbatch --wait job.sh
  [ "$status" != 0 ]
  [ "$status" != 124 ]
  [ ! -e "$marker" ]
}

@test "jobs without a container are not disturbed" {
  run -0 user srun -N2 sh -c 'echo ran >marker'
  [ -e "$marker" ]
}

@test "a batch script that was to run inside does not run" {
  printf '#!/bin/bash\necho ran >marker\n' >job.sh
  run user sbatch --wait --container="$image" --output=out job.sh
  [ "$status" != 0 ]
  [ "$status" != 124 ]
  [ ! -e "$marker" ]
}

@test "programs of a file do not run" {
  printf '0-1 sh -c "echo ran >marker"\n' >programs
  run user srun -n2 --multi-prog --container="$image" programs
  echo "$output"
  [ "$status" != 0 ]
  [[ $output == *"no/such/berth"* ]]
  [ ! -e "$marker" ]
}
