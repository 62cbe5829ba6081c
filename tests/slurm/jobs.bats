#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016,SC2030,SC2031  # helpers.bash sets variables; programs for the job's shell; a test is a subshell
# Every way in which Slurm starts, stops and starts again what runs in containers.
load helpers

setup_file() {
  printf '#!/bin/sh\necho "export FROM_PROLOG=$SLURM_PROCID"\n' >"$BERTH_TEST_DIR/task-prolog"
  chmod 755 "$BERTH_TEST_DIR/task-prolog"
  start_cluster "$BERTH_TEST_DIR/berth" -x "TaskProlog=$BERTH_TEST_DIR/task-prolog"
}

# submit SBATCH_ARGUMENT...: returns when the job has ended. Sets `job`. sbatch --wait would look every two seconds.
submit() {
  job=$(user sbatch --parsable --output="$folder/out" "$@")
  wait_for_job
}

wait_for_job() {
  local states
  for _ in $(seq 400); do
    states=$(scontrol --oneliner show job "$job" | grep -o 'JobState=[A-Z]*')
    grep -q 'PENDING\|RUNNING\|COMPLETING\|REQUEUE' <<<"$states" || return 0
    sleep 0.05
  done
  squeue >&2
  return 1
}

@test "a program in an allocation of salloc's" {
  run -0 user salloc -N2 srun --container="$image" cat /etc/motd
  [ "$(grep -cx 'berth demo image' <<<"$output")" = 2 ]
}

@test "each task of an array" {
  printf '#!/bin/bash\nsrun --container=%s sh -c "echo \\$SLURM_ARRAY_TASK_ID inside \\$(cat /etc/motd) >>out.\\$SLURM_ARRAY_TASK_ID"\n' "$image" >job.sh
  submit --array=1-3 job.sh
  [ "$(cat out.1 out.2 out.3)" = $'1 inside berth demo image\n2 inside berth demo image\n3 inside berth demo image' ]
}

@test "each component of a heterogeneous job, by a step of its own" {
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH -N1 -n1
#SBATCH hetjob
#SBATCH -N1 -n2
srun --het-group=0 --container=$image sh -c 'echo first \$SLURM_PROCID \$(cat /etc/motd)'
srun --het-group=1 --container=$image sh -c 'echo second \$(cat /etc/motd)'
srun --het-group=0,1 --container=$image sh -c 'echo ran >marker'
EOF
  submit job.sh
  cat out
  [ "$(grep -c 'first 0 berth demo image' out)" = 1 ]
  [ "$(grep -c 'second berth demo image' out)" = 2 ]
  grep -q 'in a heterogeneous step' out
  [ ! -e "$marker" ]
}

@test "every program of a file for --multi-prog, and MPI among them" {
  cat >programs <<'EOF'
# who does what
0    sh -c 'echo zero is %t, $0; cat /etc/motd' word
1-2  echo at %t by %o
EOF
  run -0 user srun -N1 -n3 --overcommit --multi-prog --container="$image" programs
  echo "$output"
  grep -qx 'berth demo image' <<<"$output"
  local outside
  outside=$(user srun -N1 -n3 --overcommit --multi-prog programs | grep -o 'at [0-9] by [0-9]' | sort)
  [ "$(wc -l <<<"$outside")" = 2 ]
  [ "$(grep -o 'at [0-9] by [0-9]' <<<"$output" | sort)" = "$outside" ]
  printf '0-1 mpi-hello\n2-3 mpi-hello again\n' >programs
  run -0 user srun -N2 -n4 --mpi=pmix --multi-prog --container="$image" programs
  expect_ranks 4
}

@test "--pty gives the program a terminal" {
  skip_unless "python3 has no module pty" python3 -c 'import pty'
  run -3 typed srun --pty --container="$image" \
    sh -c 'test -t 0 && test -t 1 && stty size >/dev/null 2>&1; read -r line; echo "got $line on $(tty | sed "s|[0-9]*$||")"; exit 3' <<<typed
  echo "$output"
  [[ $output == *"got typed on /dev/pts/"* ]]
}

@test "a job that is requeued starts in a new container" {
  cat >job.sh <<EOF
#!/bin/bash
srun --container=$image sh -c 'echo "run \$SLURM_RESTART_COUNT \$(cat /etc/motd)" >>runs; ls /left 2>/dev/null >>runs; touch /left; [ "\$SLURM_RESTART_COUNT" = 1 ] || sleep 1000'
EOF
  chmod 755 job.sh
  job=$(user sbatch --parsable --requeue --output="$folder/out" job.sh)
  await runs
  user scontrol requeue "$job"
  # It would start again in two minutes; slurmd revokes what it had, to the second.
  for _ in $(seq 200); do
    [[ $(squeue --noheader --format='%T %r' --jobs="$job") != "PENDING BeginTime" ]] || break
    sleep 0.05
  done
  scontrol update JobId="$job" StartTime=now+2
  wait_for_job
  cat runs out
  [ "$(cat runs)" = $'run  berth demo image\nrun 1 berth demo image' ]
  expect_no_process_left
  expect_no_mount_left
}

@test "signals of scancel's reach the program" {
  user srun -N2 --container="$image" \
    sh -c 'trap "echo signalled; exit 5" USR1; echo here; while :; do sleep 0.05; done' >out 2>&1 3>&- &
  wait_for_ranks out 2
  user scancel --signal=USR1 --user="$BERTH_TEST_USER" --state=running
  expect_end 5 $!
  [ "$(grep -cx signalled out)" = 2 ]
  expect_idle
}

@test "what the task prolog exports is inside" {
  run -0 user srun -N1 -n2 --container="$image" sh -c 'echo "$FROM_PROLOG is $SLURM_PROCID"'
  [ "$(grep -v '^srun: ' <<<"$output" | sort)" = $'0 is 0\n1 is 1' ]
}

@test "the limits that Slurm passes on hold inside" {
  ulimit -Sn 222
  ulimit -Ss 4096
  run -0 user srun --container="$image" sh -c 'ulimit -n; ulimit -s'
  [ "$output" = $'222\n4096' ]
  run -0 user srun --propagate=NONE --container="$image" sh -c 'ulimit -n'
  [ "$output" != 222 ]
}

@test "ranks find each other by PMI2, through the descriptor that they are given" {
  # The wire of PMI-2, as MPICH speaks it.
  cat >pmi2.py <<'EOF'
import os
fd, rank, size = (int(os.environ[name]) for name in ("PMI_FD", "PMI_RANK", "PMI_SIZE"))

def ask(text):
    os.write(fd, b"%6d%s" % (len(text), text.encode()))
    length = int(os.read(fd, 6))
    answer = b""
    while len(answer) < length:
        answer += os.read(fd, length - len(answer))
    return dict(field.split("=", 1) for field in answer.decode().strip(";\0 ").split(";"))

os.write(fd, b"cmd=init pmi_version=2 pmi_subversion=0\n")
assert b"rc=0" in os.read(fd, 1024)
mine = ask(f"cmd=fullinit;pmijobid=x;pmirank={rank};threaded=FALSE;")
assert int(mine["rank"]) == rank and int(mine["size"]) == size, mine
assert ask(f"cmd=kvs-put;key=of{rank};value=word{rank};")["rc"] == "0"
assert ask("cmd=kvs-fence;")["rc"] == "0"
other = (rank + 1) % size
print(rank, "reads", ask(f"cmd=kvs-get;jobid=x;srcid=-1;key=of{other};")["value"])
ask("cmd=finalize;")
EOF
  run -0 --separate-stderr user srun -N2 --ntasks-per-node=2 --mpi=pmi2 --container="$image" python3 pmi2.py
  echo "$output"
  # The image's MPI could not do that.
  [ "$(grep -c "Open MPI 40.30.4 speaks PMIx and Flux's PMI, and srun offers PMI: each of 4 ranks" <<<"$stderr")" = 1 ]
  [ "$(sort <<<"$output")" = $'0 reads word1\n1 reads word2\n2 reads word3\n3 reads word0' ]
}

@test "--mpi=none starts ranks that know of no launcher" {
  run -0 user srun -n2 --mpi=none "$BERTH" run --explain-mpi "$image"
  grep -q "^job: srun has started 2 ranks and offers Slurm's PMI library" <<<"$output"
  grep -q "^so: .*srun offers nothing of the kind: .* start it by Open MPI's mpirun, srun --mpi=pmix or flux run" <<<"$output"
  run -0 user srun -n2 --mpi=none --container="$image" sh -c 'env | grep -c "^PMI" || echo "$SLURM_PROCID"'
  [ "$(sort <<<"$output")" = $'0\n0\n0\n1' ]
}

@test "a batch script itself inside, with its words and its exit code" {
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH -N2 -n2 --container=$image --container-bind=$folder:/here --container-env=SAID=yes
cat /etc/motd
printf '<%s>' "\$@" "\$SAID" "\$SLURM_JOB_NUM_NODES"
echo
cat
env | grep -c 'BERTH_SCRIPT=\|BERTH_TASK=\|BERTH_HELPERS='
ls /here/job.sh
exit 7
EOF
  submit job.sh "a b" '*' ''
  cat out
  [ "$(cat out)" = $'berth demo image\n<a b><*><><yes><2>\n0\n/here/job.sh' ]
  [[ $(scontrol show job "$job") == *ExitCode=7:0* ]]
  expect_no_process_left
  expect_no_mount_left
}

@test "a batch script inside without the user's variables, from standard input and in an array" {
  MINE=mine submit --export=NONE --array=1-2 --container="$image" <<'EOF'
#!/bin/bash
echo "${MINE-none} $SLURM_ARRAY_TASK_ID $(cat /etc/motd)" >>"got.$SLURM_ARRAY_TASK_ID"
EOF
  [ "$(cat got.1 got.2)" = $'none 1 berth demo image\nnone 2 berth demo image' ]
}

@test "a job that waits keeps to the image that it was submitted with, also under a name" {
  mkdir -p store other/etc other/bin && chmod 777 store
  cp /bin/busybox other/bin/sh && echo 'another image' >other/etc/motd
  ln -s sh other/bin/cat
  "$BERTH" import -q dir:other other.sqsh
  for name in "$folder/store/tool.sqsh" tool; do
    cp "$image" store/tool.sqsh
    for replace in true 'cp other.sqsh store/new && mv store/new store/tool.sqsh'; do
      job=$(BERTH_STORE=$folder/store user sbatch --parsable --hold --output="$folder/out" --container="$name" \
        --wrap 'cat /etc/motd')
      sh -c "$replace"
      scontrol release "$job"
      wait_for_job
      cat out
      if [ "$replace" = true ]; then
        [ "$(cat out)" = 'berth demo image' ]
      else
        grep -q "cannot use '.*tool.sqsh' as an image: it is not the one that was asked for" out
        run ! grep -q 'another image' out
        [[ $(scontrol show job "$job") == *ExitCode=125:0* ]]
      fi
    done
  done
  run -1 user sbatch --container-root-hash="$(printf '0%.0s' {1..64})" --container=store/tool.sqsh --wrap "echo ran >$marker"
  [[ $output == *"cannot use 'store/tool.sqsh' as an image: it is not the one that was asked for"* ]]
  [ ! -e "$marker" ]
  # What asks for no certain one gets what is there.
  submit --container-no-verify --container=store/tool.sqsh --wrap 'cat /etc/motd'
  [ "$(cat out)" = 'another image' ]
}

@test "Pyxis's variables are for the steps of a batch script" {
  PYXIS_CONTAINER_READONLY=1 PYXIS_CONTAINER_NAME=mine submit --container="$image" --wrap 'touch /x && echo rw'
  [ "$(cat out)" = rw ]
}

@test "a file of variables, in which the script's image would be lost, is refused" {
  printf 'A=1\0' >vars
  run user sbatch --wait --export-file=vars --container="$image" --wrap "echo ran >$marker"
  echo "$output"
  [ "$status" != 0 ]
  [[ $output == *"cannot use image '$image' with --export-file"* ]]
  [ ! -e "$marker" ]
}

@test "a batch script inside ends when its job is cancelled" {
  printf '#!/bin/bash\necho $$\nsleep 1000\n' >job.sh
  job=$(user sbatch --parsable --output="$folder/out" --container="$image" job.sh)
  await out
  [ -n "$(find_own_processes)" ]
  kill -0 "$(cat out)"
  user scancel "$job"
  expect_idle
  run ! kill -0 "$(sed -n 1p out)"
  expect_no_process_left
  expect_no_mount_left
}
