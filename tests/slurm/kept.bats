#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# srun --container-name: a job's steps find a container again, and the epilog of examples/ removes it.
load helpers

setup_file() {
  start_cluster "$BERTH_TEST_DIR/berth" -x "Epilog=$BERTH_SOURCE/examples/slurm-epilog.example.sh"
}

setup() {
  setup_job
  uid=$(id -u "$BERTH_TEST_USER")
}

# job <SCRIPT: two nodes with two tasks each; what they print is in `out`.
job() {
  cat >job.sh
  user sbatch --wait --output="$folder/out" -N2 -n4 --overcommit job.sh >/dev/null
}

# Of jobs that have ended.
wait_for_epilogs() {
  for _ in $(seq 200); do
    [ -n "$(squeue --noheader --states=completing)" ] || return 0
    sleep 0.05
  done
  squeue >&2
  return 1
}

# The names that are kept for the node and have been used within a day.
used_lately() {
  user srun -w n1 --overcommit find "/tmp/berth-$uid/node" -mindepth 1 -maxdepth 1 -mtime -1 -printf '%f\n' | sort
}

# age TIME NAME...: as if nobody had used them since.
age() {
  local time=$1
  shift
  user srun -w n1 --overcommit sh -c 'cd "$0" && exec touch -d "$@"' "/tmp/berth-$uid/node" "$time" "$@"
}

# Until the epilogs have run.
expect_nothing_kept() {
  local left
  for _ in $(seq 100); do
    left=$(user srun -N2 sh -c "find /tmp/berth-$uid 2>/dev/null; true")
    [ -n "$left" ] || return 0
    sleep 0.05
  done
  echo "$left" >&2
  return 1
}

@test "later steps of the job find what an earlier one has changed, and the job's end takes it away" {
  job <<EOF
#!/bin/bash
srun -N2 -n2 --container-image=$image --container-name=mine sh -c 'echo made on \$SLURMD_NODENAME >/etc/tool; ln -s $folder /etc/out'
srun --container-name=mine cat /etc/tool
srun -n1 -w n1 --container-image=$image --container-name=mine:no_exec cat /etc/motd
srun -n1 -w n1 --container-image=$image sh -c 'ls /etc/tool 2>/dev/null || echo unnamed'
PYXIS_CONTAINER_NAME=mine srun -n1 -w n1 --container-image=$image cat /etc/tool
PYXIS_CONTAINER_NAME=mine srun -n1 -w n1 sh -c 'ls /etc/tool 2>/dev/null || echo plain'
srun -n1 -w n1 --container-image=$image --container-name=other:create sh -c 'ls /etc/tool 2>/dev/null || echo another; echo 2 >/etc/tool'
srun -n1 -w n1 --container=$image --container-name=other sh -c 'cat /etc/tool; pwd'
ls -A /tmp/berth-$uid >listed
EOF
  cat out
  sed -i '/^srun: /d' out
  [ "$(head -n 4 out | sort)" = $'made on n1\nmade on n1\nmade on n2\nmade on n2' ]
  [ "$(sed 1,4d out)" = $'berth demo image\nunnamed\nmade on n1\nplain\nanother\n2\n'"$folder" ]
  [[ "$(cat listed)" == job-* ]] # so that "nothing" means something
  expect_nothing_kept
  [ -e listed ] # the link in the container was not followed
  expect_no_process_left
}

@test "what a job has not, and what it has already, is said" {
  run job <<EOF
#!/bin/bash
srun -n1 -w n1 --container-name=none sh -c 'echo ran >marker'
srun -n1 -w n1 --container-image=$image --container-name=mine:create true
srun -n1 -w n1 --container-image=$image --container-name=mine:create sh -c 'echo ran >marker'
EOF
  cat out
  grep -q "cannot find the container 'none' of this job on this node" out
  grep -q "cannot make the container 'mine': this job has one on this node" out
  [ ! -e "$marker" ]
  expect_nothing_kept
  # Of another job nothing is found either.
  run user srun --container-name=mine sh -c 'echo ran >marker'
  [ "$status" = 125 ]
  [ ! -e "$marker" ]
}

@test "what is misspelt is refused before there is a job" {
  local jobs option
  jobs=$(count_jobs)
  for option in .hidden a/b '' a:b 'a:create:x' "a"$'\n'"b" -x a:exec; do
    run user srun --container-image="$image" --container-name="$option" sh -c 'echo ran >marker'
    [ "$status" = 1 ]
    [[ $output == *"cannot keep a container as '"* ]]
  done
  run user srun --container-image="$image" --container-name=a --container-overlay=/x true
  [[ $output == *"cannot use --container-overlay together with --container-name"* ]]
  [ ! -e "$marker" ]
  [ "$(count_jobs)" = "$jobs" ]
}

@test "with the scope of the node a later job finds it, until nobody has used it for some days" {
  run -0 user srun -w n1 --container-image="$image" --container-name=mine --container-scope=node sh -c 'echo made >/etc/tool; cat /etc/motd'
  [ "$output" = "berth demo image" ]
  expect_idle
  run -0 user srun -w n1 --container-name=mine --container-scope=node cat /etc/tool
  [ "$output" = made ]
  # A job's of the same name is another one.
  run -0 user srun -w n1 --container-image="$image" --container-name=mine sh -c 'ls /etc/tool 2>/dev/null || echo new'
  [ "$output" = new ]
  run user srun -w n1 --container-image="$image" --container-name=mine:create --container-scope=node sh -c 'echo ran >marker'
  [ "$status" = 125 ]
  [[ $output == *"cannot make the container 'mine': this node has one"* ]]
  run user srun -w n1 --container-name=none --container-scope=node sh -c 'echo ran >marker'
  [[ $output == *"cannot find the container 'none' on this node"* ]]
  # While a step runs in it no epilog takes it away, however old it is.
  user srun -w n1 --overcommit --container-name=mine --container-scope=node --container-mounts="$folder:$folder" \
    sh -c 'echo here; while [ ! -e "$1" ]; do sleep 0.05; done; cat /etc/tool' sh "$marker" >out 2>&1 3>&- &
  wait_for_ranks out 1
  age '9 days ago' mine
  wait_for_epilogs
  [ "$(used_lately)" = mine ]
  user touch "$marker"
  expect_end 0 $!
  [ "$(tail -n 1 out)" = made ]
  wait_for_epilogs
  # Nor what the job that ends has used in a step that began long ago.
  cat >job.sh <<EOF
#!/bin/bash
srun --container-name=mine --container-scope=node cat /etc/tool
touch -d '9 days ago' /tmp/berth-$uid/node/mine
EOF
  user sbatch --wait --output="$folder/script" -w n1 job.sh >/dev/null
  [ "$(<script)" = made ]
  wait_for_epilogs
  [ "$(used_lately)" = mine ]
  age '170 hours ago' mine
  expect_nothing_kept
}

@test "a container that cannot be removed keeps neither others nor the node from their work" {
  local name
  for name in fifo fine secret; do
    run -0 user srun -w n1 --container-image="$image" --container-name=$name --container-scope=node true
  done
  wait_for_epilogs
  user srun -w n1 sh -c 'cd "$1" && rm fifo/changes/lock && mkfifo fifo/changes/lock && chmod 000 secret/changes/lock &&
    ln -s fine link && touch -d "9 days ago" fifo fine secret' sh "/tmp/berth-$uid/node"
  expect_idle
  run -0 user srun -w n1 ls "/tmp/berth-$uid/node" "/tmp/berth-$uid"
  [[ $output == *$'fifo\nlink\nsecret'* && $output != *fine* && $output != *removed* ]]
  user srun -w n1 rm -r "/tmp/berth-$uid"
  expect_idle
}

@test "a step that failed before it had a container leaves the name to the next one" {
  run user srun -w n1 --container-image="$image" --container-name=mine:create --container-scope=node \
    --container-seccomp=/dev/null sh -c 'echo ran >marker'
  [ "$status" = 125 ]
  [ ! -e "$marker" ]
  run user srun -w n1 --container-name=mine --container-scope=node true
  [[ $output == *"cannot find the container 'mine' on this node"* ]]
  run -0 user srun -w n1 --container-image="$image" --container-name=mine:create --container-scope=node cat /etc/motd
  [ "$output" = "berth demo image" ]
  wait_for_epilogs
  age '9 days ago' mine
  expect_nothing_kept
}

@test "an image may be called as a container is" {
  run user srun -w n1 --container-image=node:20 --container-name=20 --container-scope=node true
  [ "$status" = 1 ]
  [[ $output == *"'node:20'"* ]]
  run user srun -w n1 --container-image=+node:20 --container-name=20 --container-scope=node true
  [ "$status" = 1 ]
  expect_nothing_kept
}

teardown() {
  # Whatever a test has told the site.
  sed -i 's/ container_scope=global$//' "$BERTH_TEST_DIR/plugstack.conf" "$cluster/etc/plugstack.conf"
  teardown_job
}

@test "the site decides for how long where nobody says it" {
  sed -i 's/$/ container_scope=global/' "$BERTH_TEST_DIR/plugstack.conf" "$cluster/etc/plugstack.conf"
  run -0 user srun -w n1 --container-image="$image" --container-name=mine sh -c 'echo made >/etc/tool'
  expect_idle
  run -0 user srun -w n1 --container-name=mine cat /etc/tool
  [ "$output" = made ]
  run user srun -w n1 --container-name=mine --container-scope=job true
  [[ $output == *"cannot find the container 'mine' of this job on this node"* ]]
  sed -i 's/ container_scope=global$//' "$BERTH_TEST_DIR/plugstack.conf" "$cluster/etc/plugstack.conf"
  age '9 days ago' mine
  expect_nothing_kept
  run user srun -w n1 --container-image="$image" --container-scope=node true
  [ "$status" = 1 ]
  [[ $output == *"cannot use --container-scope without a name"* ]]
}

@test "as_root: a directory that somebody else has made is not used" {
  skip_unless "there is one user" [ "$(id -u)" = 0 ]
  mkdir trap
  chmod 777 trap
  setpriv --reuid=nobody --regid=nogroup --clear-groups env -u TMPDIR srun -w n1 ln -s "$PWD/trap" "/tmp/berth-$uid"
  run user srun -w n1 --container-image="$image" --container-name=mine sh -c 'echo ran >marker'
  [ "$status" = 125 ]
  [ ! -e "$marker" ]
  # Nor by the epilog, which a job of the user's own would have deceived otherwise.
  user mkdir trap/job-1 trap/job-{2..40}
  user srun -w n1 true
  expect_idle
  [ "$(find trap -mindepth 1 | wc -l)" = 40 ]
  setpriv --reuid=nobody --regid=nogroup --clear-groups env -u TMPDIR srun -w n1 rm "/tmp/berth-$uid"
}
