#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# Control groups in the tasks of a step: what run.conf(5) says holds for srun --container too.
load helpers

setup() {
  setup_job
  echo 'default memory=64M' >run.conf
  chmod 644 run.conf
  export BERTH_RUN_CONFIG=$PWD/run.conf
}

@test "a task that uses up its memory is killed, and its line says which rank it was" {
  run user srun -N1 -n2 --no-kill --container="$image" \
    sh -c '[ "$SLURM_PROCID" = 0 ] || exec tail /dev/zero; sleep 2; echo lives'
  echo "$output"
  [ "$status" = 137 ]
  [[ "$output" == *"berth["*":1]: 'sh' was killed: its memory is bounded by --container-memory=64M"* ]]
  [[ "$output" == *lives* ]]
  [ -z "$(find /sys/fs/cgroup -type d -name 'berth-*-*-*' -user "$BERTH_TEST_USER")" ]
}

# Milliseconds that a step takes, the best of three.
step_time() {
  local begin took best=
  for _ in 1 2 3; do
    begin=${EPOCHREALTIME/[.,]/}
    user srun -N1 -n1 --container="$image" sh -c 'sed -n "s/^[0-9]*:memory://p" /proc/self/cgroup' >group
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    [ -n "$best" ] && [ "$best" -le "$took" ] || best=$took
  done
  echo "$best"
}

@test "a step with limits is over as soon as one without" {
  local limited plain
  limited=$(step_time)
  grep -q /berth- group
  : >run.conf
  plain=$(step_time)
  ! grep /berth- group || false
  echo "with limits $limited ms, without $plain ms"
  # Slurm waits a second for a process that is left.
  [ "$limited" -lt $((plain + 800)) ]
}
