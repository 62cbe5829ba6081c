#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# srun and sbatch --container=img.sqsh on a cluster of two nodes: what a user does all day.
load helpers

@test "a program of the image runs, as the user" {
  run -0 user srun --container="$image" sh -c 'id -u; cat /etc/motd'
  [ "${lines[0]}" = "$(id -u "$BERTH_TEST_USER")" ]
  [ "${lines[1]}" = "berth demo image" ]
  [ "${#lines[@]}" = 2 ]
}

@test "two nodes with two MPI ranks each" {
  need_pmix
  run -0 user srun -N2 --ntasks-per-node=2 --mpi=pmix --container="$image" mpi-hello
  echo "$output"
  expect_ranks 4
  [ "$(sed 's/.* on //; s/:.*//' <<<"$output" | count_different)" = 2 ]
}

@test "a batch script starts the same" {
  need_pmix
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH -N2 --ntasks-per-node=2 --output=$folder/out
srun --mpi=pmix --container=$image mpi-hello
EOF
  run -0 user sbatch --wait job.sh
  output=$(cat out)
  echo "$output"
  expect_ranks 4
}

@test "a relative path is the submitter's" {
  ln -s "$image" here.sqsh
  run -0 user srun --container=here.sqsh cat /etc/motd
  [ "$output" = "berth demo image" ]
}

@test "the program's exit code is the job's" {
  run -7 user srun --container="$image" sh -c 'exit 7'
}

@test "a command that the image does not have gives 127" {
  run -127 user srun --container="$image" no-such-command
  [[ $output == *"no-such-command"* ]]
}

@test "arguments arrive as they were given" {
  run -0 user srun --container="$image" printf '<%s>\n' "a b" "it's" '$HOME' '' '*'
  [ "$output" = $'<a b>\n<it\'s>\n<$HOME>\n<>\n<*>' ]
}

@test "standard input reaches the program" {
  run -0 user srun --container="$image" cat <<<"through the pipe"
  [ "$output" = "through the pipe" ]
}

@test "the job's variables are there, and with --export=NONE not the user's" {
  MINE=mine run -0 user srun --container="$image" sh -c 'echo "$MINE $SLURM_PROCID $BERTH_DEMO"'
  [ "$output" = "mine 0 from the image" ]
  MINE=mine run -0 user srun --export=NONE --container="$image" \
    sh -c 'echo "${MINE-none} $SLURM_PROCID $(cat /etc/motd)"'
  [ "$output" = "none 0 berth demo image" ]
}

@test "the folder of the job is there and writable" {
  run -0 user srun --container="$image" sh -c 'echo written >marker; pwd'
  [ "$output" = "$folder" ]
  [ "$(cat "$marker")" = written ]
}

@test "Slurm's CPU binding survives" {
  local outside
  run -0 user srun -n2 -N1 --cpu-bind=cores grep Cpus_allowed_list /proc/self/status
  outside=$(sort <<<"$output")
  run -0 user srun -n2 -N1 --cpu-bind=cores --container="$image" \
    grep Cpus_allowed_list /proc/self/status
  [ "$(sort <<<"$output")" = "$outside" ]
}

@test "a step without --container stays on the host, also in the same job" {
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH --output=$folder/out
srun --container=$image cat /etc/motd
srun sh -c 'test -e $BERTH_PREFIX/bin/berth && readlink /proc/self/ns/mnt'
readlink /proc/self/ns/mnt
EOF
  run -0 user sbatch --wait job.sh
  cat out
  sed -i '/^srun: /d' out # the first step's CPUs may be a moment on their way back
  [ "$(sed -n 1p out)" = "berth demo image" ]
  [ "$(sed -n 2p out)" = "$(sed -n 3p out)" ]
  [ -n "$(sed -n 3p out)" ]
}

@test "--container=DIRECTORY stays Slurm's" {
  mkdir bundle
  # Slurm 22.05 without oci.conf runs the task on the host and exports the value.
  run -0 user srun --container="$folder/bundle" sh -c 'echo "$SLURM_CONTAINER"; readlink /proc/self/ns/user'
  [ "${lines[0]}" = "$folder/bundle" ]
  local inside=${lines[1]}
  run -0 user srun readlink /proc/self/ns/user
  [ "$output" = "$inside" ]
}
