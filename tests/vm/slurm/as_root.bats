#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154  # words for the task's shell; helpers.bash sets `output`
# Slurm's plugin for version 2 of control groups, on a node of its own: what its tasks may do with the group that they
# are in.
load ../../helpers
load ../../groups

setup_file() {
  # As systemd has it, of which Slurm can do without the rest: IgnoreSystemd.
  slice=/sys/fs/cgroup/system.slice
  mkdir -p $slice
  for one in cpu cpuset memory pids; do echo +$one >/sys/fs/cgroup/cgroup.subtree_control && echo +$one >$slice/cgroup.subtree_control; done
  # A host with a name and an address, though nobody asks for them.
  hostname vm
  echo "127.0.0.1 vm" >>/etc/hosts
  ip address add 192.0.2.1/32 dev lo
  cluster=$BERTH_TEST_DIR/cluster
  export cluster SLURM_CONF=$cluster/etc/slurm.conf
  "$BERTH_SOURCE/tests/slurm/cluster" up "$cluster" -n 1 -b "$BERTH_TEST_DIR" -b "$BERTH_PREFIX" -b "$BERTH_DEMO_IMAGE" \
    -x ProctrackType=proctrack/cgroup -x TaskPlugin=task/cgroup -g CgroupPlugin=cgroup/v2 -g IgnoreSystemd=yes \
    -g CgroupAutomount=yes -g ConstrainRAMSpace=yes -g ConstrainCores=yes 3>&-
}

teardown_file() {
  "$BERTH_SOURCE/tests/slurm/cluster" down "$cluster"
}

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work slurm
  chmod 777 .
}

teardown() {
  leave_work
}

user() {
  setpriv --reuid="$BERTH_TEST_USER" --regid="$(id -g "$BERTH_TEST_USER")" --init-groups -- \
    env -u TMPDIR HOME=/tmp USER="$BERTH_TEST_USER" timeout 120 "$@"
}

# in_task COMMAND...: in a task whose group is written to `group` first, and that goes on when there is `go`.
in_task() {
  rm -f group go
  user srun -N1 -n1 sh -c 'sed -n "s/^0:://p" /proc/self/cgroup >group.new && mv group.new group; while [ ! -e go ]; do sleep 0.1; done
    "$@"' sh "$@"
}

# Of the task that waits.
task_group() {
  for _ in $(seq 600); do [ ! -s group ] || break; sleep 0.1; done
  echo "/sys/fs/cgroup$(<group)"
}

@test "Slurm hands nothing on, and the message says who bounds a task there, as_root" {
  run -125 user srun -N1 -n1 "$BERTH" run --memory=32M "$image" -- true
  [[ "$output" == *"cannot enforce --memory=32M: you may make no control group for 'memory' in '/sys/fs/cgroup/system.slice/n1_slurmstepd.scope/job_"*"/step_0/user/task_0'"* ]]
  [[ "$output" == *"hint: "*"srun --mem"* ]]
  [[ "$output" != *systemd-run* ]]
  run -0 user srun -N1 -n1 "$BERTH" run --memory=32M --limits=best-effort --stats "$image" -- echo fine
  [[ "$output" == *": continuing without it"* && "$output" == *fine* ]]
}

@test "in a task's group that was handed over limits hold, as_root" {
  in_task "$BERTH" run --memory=32M --memory-swap=32M "$image" -- tail /dev/zero >out 2>&1 3>&- &
  pid=$!
  task=$(task_group)
  # As the kernel's cgroup-v2.rst calls delegation.
  chown "$BERTH_TEST_USER" "$task" "$task"/cgroup.{procs,subtree_control,threads}
  touch go
  # Slurm has a status of its own for a step in which something was killed so.
  wait $pid || [ $? != 125 ]
  cat out
  grep -q "'tail' was killed: its memory is bounded by --memory=32M" out
  [ -z "$(find "$task" -name 'berth-*-*-*')" ]
}
