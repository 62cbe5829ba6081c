#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# Steps that a program in a container starts, with what examples/run.conf.slurm.example shows of the node.
load helpers

setup() {
  skip_unless "there is no libpmix.so: install libpmix-dev" test -e /usr/lib/x86_64-linux-gnu/pmix2/lib/libpmix.so
  setup_job
  local plugin
  plugin=$(find "$BERTH_PREFIX" -name berth.so -print -quit)
  sed "s|=/etc/slurm:|=$cluster/etc:|; s|=/run/munge|=$cluster/run/munge|; s|=/usr/local/.*berth.so|=$plugin|" \
    "$BERTH_SOURCE/examples/run.conf.slurm.example" >run.conf
  chmod 644 run.conf
  export BERTH_RUN_CONFIG=$PWD/run.conf
}

@test "a task in a container starts steps on all nodes of its job" {
  run -0 user srun -N2 --container="$image" sh -c \
    'cat /etc/motd; [ "$SLURM_PROCID" = 1 ] || srun --overlap -N2 sh -c "echo on \$SLURMD_NODENAME; readlink /proc/self/ns/user"'
  echo "$output"
  [ "$(grep -cx 'berth demo image' <<<"$output")" = 2 ]
  [ "$(grep -c '^on n[12]$' <<<"$output")" = 2 ]
  [ "$(grep -cxF "$(readlink /proc/self/ns/user)" <<<"$output")" = 2 ] # outside
}

@test "and steps in containers, which are new ones" {
  run -0 user srun -n1 --container="$image" --container-bind="$image::ro" sh -c \
    'readlink /proc/self/ns/mnt; srun -n2 --overcommit --overlap --mpi=pmix --container="$1" sh -c "readlink /proc/self/ns/mnt >>inner; exec mpi-hello"' sh "$image"
  echo "$output"
  [ "$(count_different <inner)" = 1 ]
  [ "$(head -n 1 <<<"$output")" != "$(head -n 1 inner)" ]
  output=$(sed 1d <<<"$output")
  expect_ranks 2
}

@test "a batch script inside starts steps, and its options are its own" {
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH -N2 --output=$folder/out
cat /etc/motd
srun -N2 sh -c 'echo "\$(readlink /proc/self/ns/user)"; ls -d /only 2>/dev/null'
srun -N2 --mpi=pmix --container-image=$image --container-mounts=$folder:$folder mpi-hello
EOF
  run -0 user sbatch --wait --container-image="$image" --container-mounts="$folder:$folder,$image:$image:ro,$folder:/only" job.sh
  cat out
  sed -i '/^srun: /d' out # the first step's CPUs may be a moment on their way back
  [ "$(sed -n 1p out)" = "berth demo image" ]
  [ "$(sed -n 2,3p out | sort -u)" = "$(readlink /proc/self/ns/user)" ]
  output=$(sed 1,3d out)
  expect_ranks 2
}
