#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# One container per node and step: shared by the step's ranks there, by nobody else, and gone with them.
load helpers

# What each rank prints: its node and the namespaces that it is in.
kWhere='echo "$SLURMD_NODENAME $(readlink /proc/self/ns/user) $(readlink /proc/self/ns/mnt)"'

# Servers of this test.
count_servers() {
  local pid count=0
  while read -r pid; do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != berth-serve ] || count=$((count + 1))
  done < <(find_own_processes | cut -d: -f1)
  echo "$count"
}

@test "the ranks of a node are in the same namespaces, those of two nodes are not" {
  run -0 user srun -N2 -n6 --overcommit --container="$image" sh -c "$kWhere"
  echo "$output"
  [ "${#lines[@]}" = 6 ]
  [ "$(count_different <<<"$output")" = 2 ]
  [ "$(cut -d' ' -f3 <<<"$output" | count_different)" = 2 ]
}

@test "two steps of a job on a node do not share" {
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH -N1 -n2 --output=$folder/out
srun -n1 --overlap --container=$image sh -c '$kWhere; sleep 1' &
srun -n1 --overlap --container=$image sh -c '$kWhere; sleep 1' &
wait
EOF
  run -0 user sbatch --wait job.sh
  cat out
  [ "$(grep -c mnt: out)" = 2 ]
  [ "$(count_different <out)" = 2 ]
}

@test "one server for each node and step, however many ranks" {
  user srun -N2 --ntasks-per-node=2 --container="$image" \
    sh -c 'echo here; while [ ! -e go ]; do sleep 0.05; done' >out 2>&1 3>&- &
  wait_for_ranks out 4
  [ "$(count_servers)" = 2 ]
  touch go
  wait
  expect_no_process_left
}

@test "a rank that ends first does not take the container with it" {
  run -0 user srun -N1 -n2 --container="$image" \
    sh -c '[ "$SLURM_PROCID" = 0 ] || { sleep 1; cat /etc/motd; python3 -c "import numpy; print(numpy.ones(2).sum())"; }'
  [ "$output" = $'berth demo image\n2.0' ]
}

@test "nothing is left after a step" {
  need_pmix
  run -0 user srun -N2 --ntasks-per-node=2 --mpi=pmix --container="$image" mpi-hello
  expect_no_process_left
  expect_no_mount_left
  run -0 user srun -N2 sh -c 'grep -F " - fuse.berth " /proc/self/mountinfo; ls -A /tmp /dev/shm | grep -i berth; true'
  [ "$output" = "" ]
}

@test "nothing is left after a job is cancelled" {
  user srun -N2 --ntasks-per-node=2 --container="$image" sh -c 'echo here; sleep 1000' >out 2>&1 3>&- &
  wait_for_ranks out 4
  [ "$(find_own_processes | grep -c 'sleep 1000')" -ge 4 ] # so that "nothing left" means something
  user scancel --state=running --user="$BERTH_TEST_USER"
  run wait $!
  [ "$status" != 0 ]
  expect_idle
  expect_no_process_left
  expect_no_mount_left
}

@test "nothing is left after a rank dies of a signal" {
  run user srun -N1 -n2 --container="$image" \
    sh -c 'echo here; [ "$SLURM_PROCID" = 1 ] || kill -KILL $$; sleep 0.5'
  echo "$output"
  [ "$status" = 137 ]
  [ "$(grep -cx here <<<"$output")" = 2 ]
  expect_no_process_left
  expect_no_mount_left
}

@test "a step ends without the second that Slurm waits for leftovers" {
  local begin=${EPOCHREALTIME/./}
  for _ in 1 2 3; do
    run -0 user srun -N2 --container="$image" true
  done
  local each=$(((${EPOCHREALTIME/./} - begin) / 3000))
  echo "$each ms for each step"
  [ "$each" -lt 1000 ]
}
