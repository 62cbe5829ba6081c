#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# The options --container-... of srun: those of `berth run`, and Pyxis's.
load helpers

setup() {
  setup_job
  user mkdir in
  echo "from the node" | user tee in/text >/dev/null
}

@test "srun offers what berth run offers" {
  local page missing
  page=$(find "$BERTH_PREFIX" -name 'berth-run.1*' | head -n 1)
  zcat -f "$page" | awk '/^.SH OPTIONS/,/^.SH EXAMPLES/' | sed 's/\\//g' | grep -o '^\.BR.* --[a-z-]*' | grep -o -- '--[a-z-]*$' | sort -u >options
  [ "$(wc -l <options)" -gt 70 ]
  user srun --help | grep -o -- '--container-[a-z-]*' | sed 's/container-//' | sort -u >offered
  missing=$(comm -23 options offered | tr '\n' ' ')
  echo "$missing"
  [ "$missing" = "--detach --help --interactive --rm --tty " ]
}

@test "what the container shows" {
  run -0 user srun --container="$image" --container-bind=in:/in:ro --container-tmpfs=/scratch:size=1M \
    --container-workdir=/in --container-mask=/etc/motd \
    sh -c 'cat text; pwd; touch /in/x 2>/dev/null || echo ro; touch /scratch/x && echo rw; cat /etc/motd'
  [ "$output" = $'from the node\n/in\nro\nrw' ]
}

@test "the program's variables" {
  printf 'FROM_FILE=1\n' >vars
  MINE=mine run -0 user srun --container="$image" --container-env=A='1, 2' --container-env-file=vars \
    --container-env-prepend=LIST=x --container-unset-env=MINE --container-env=BERTH_DEMO \
    sh -c 'echo "$A/$FROM_FILE/$LIST/${MINE-none}"'
  [ "$output" = "1, 2/1/x/none" ]
}

@test "identity, isolation and limits of the process" {
  run -0 user srun --container="$image" --container-root --container-read-only --container-hostname=box \
    --container-ulimit=nofile=77 --container-umask=0123 --container-net=none --container-pid \
    sh -c 'id -u; touch /x 2>/dev/null || echo ro; hostname; ulimit -n; umask; sed -n "s/^ *\([a-z]*\):.*/\1/p" /proc/net/dev; echo $$'
  [ "$output" = $'0\nro\nbox\n77\n0123\nlo\n1' ]
}

@test "limits of the control group" {
  run -0 user srun --container="$image" --container-memory=64M sh -c 'tail /dev/zero; echo $?'
  # srun brings two streams, in any order.
  grep -qx Killed <<<"$output"
  grep -qx 137 <<<"$output"
  [[ "$output" == *"1 process of 'sh' was killed: its memory is bounded by --container-memory=64M"* ]]
}

@test "changes are kept between steps in --container-overlay" {
  user mkdir kept
  run -0 user srun --container="$image" --container-overlay=kept sh -c 'echo installed >/etc/tool'
  run -0 user srun --container="$image" --container-overlay=kept cat /etc/tool
  [ "$output" = installed ]
}

@test "an image by its name, and several on top of each other" {
  mkdir -p images
  chmod 755 images
  ln "$image" images/solver:v2.sqsh
  BERTH_STORE=$PWD/images run -0 user srun --container=solver:v2 cat /etc/motd
  [ "$output" = "berth demo image" ]
  BERTH_STORE=$PWD/images run -0 user srun --container="solver:v2+$image" cat /etc/motd
  [ "$output" = "berth demo image" ]
}

@test "a script written for Pyxis" {
  mkdir -p images
  chmod 755 images
  ln "$image" images/reg.example%demo:v1.sqsh
  cat >job.sh <<EOF
#!/bin/bash
#SBATCH -N2 --ntasks-per-node=2 --output=$folder/out
export MINE=mine BERTH_DEMO="from the job"
srun -N1 -n1 --container-image=reg.example#demo:v1 --container-mounts=$folder/in:/data:ro,tmpfs:/s:size=1M \
  --container-workdir=/data --no-container-mount-home --container-remap-root --container-readonly --container-env=MINE,BERTH_DEMO \
  sh -c 'echo \$(id -u) \$(cat text) \$MINE \$BERTH_DEMO; touch x /x || echo ro; touch /s/x && echo rw'
srun -N1 -n1 --container-image=reg.example#demo:v1 --container-mounts=$folder:$folder sh -c 'pwd; echo \$BERTH_DEMO'
srun --mpi=pmix --container-image=reg.example#demo:v1 --container-mount-home --container-writable mpi-hello
EOF
  BERTH_STORE=$PWD/images run -0 user sbatch --wait job.sh
  cat out
  [ "$(sed -n 1p out)" = "0 from the node mine from the job" ]
  [ "$(grep -c 'Read-only file system' out)" = 2 ]
  sed -i '/Read-only file system/d' out
  [ "$(sed -n 2,5p out)" = $'ro\nrw\n/\nfrom the image' ]
  output=$(sed 1,5d out)
  expect_ranks 4
}

@test "Pyxis's variables stand for its options, and the command line wins" {
  export PYXIS_CONTAINER_IMAGE=$image PYXIS_CONTAINER_MOUNTS=$folder/in:/data PYXIS_CONTAINER_REMAP_ROOT=1
  run -0 user srun sh -c 'id -u; cat /data/text'
  [ "$output" = $'0\nfrom the node' ]
  run -0 user srun --no-container-remap-root --container-mounts="$folder/in:/other" \
    sh -c 'id -u; cat /other/text; ls -d /data 2>/dev/null || echo none'
  [ "$output" = "$(id -u "$BERTH_TEST_USER")"$'\nfrom the node\nnone' ]
  # Of a job's script they are, if its steps see them.
  run -0 user sbatch --wait --output=out --wrap 'test ! -e /data; srun cat /data/text'
  [ "$(cat out)" = "from the node" ]
}

@test "an entrypoint runs when it is asked for" {
  printf '#!/bin/sh\necho entered\nexec "$@"\n' >in/enter
  chmod 755 in/enter
  run -0 user srun --container="$image" --container-bind=in:/in --container-entrypoint=/in/enter echo program
  [ "$output" = $'entered\nprogram' ]
  run -0 user srun --container-image="$image" --container-entrypoint --container-entrypoint-log echo program
  [ "${lines[-1]}" = program ]
}

@test "a directory is an image for --container-image" {
  mkdir root
  cp "$(command -v busybox)" root/sh
  echo "a directory" >root/text
  chmod -R a+rX root
  run -0 user srun --container-image="$PWD/root" /sh -c 'read -r line </text; echo "$line"'
  [ "$output" = "a directory" ]
}

@test "an environment file in the place of the image, read where srun is typed" {
  mkdir env
  ln -s "$image" env/app.sqsh
  printf 'image: app.sqsh\nbind: ../in:/in:ro\nworkdir: /in\nenv:\n  A: file\n  B: file\n' >env/job.yaml
  run -0 user srun -N2 --container=env/job.yaml --container-env=B=typed sh -c 'cat text; echo $A $B; cat /etc/motd'
  [ "$(sort <<<"$output")" = $'berth demo image\nberth demo image\nfile typed\nfile typed\nfrom the node\nfrom the node' ]
  run -0 user srun --container-image="$PWD/env/job.yaml" --container-workdir=/ pwd
  [ "$output" = / ]
  PYXIS_CONTAINER_IMAGE=$PWD/env/job.yaml run -0 user srun cat /in/text
  [ "$output" = "from the node" ]
  # What becomes of the file afterwards changes nothing.
  printf '#!/bin/bash\necho "image: /none.sqsh" >%s/env/job.yaml\n' "$PWD" >prolog.sh
  chmod 755 prolog.sh
  chmod 666 env/job.yaml
  run -0 user srun --prolog="$PWD/prolog.sh" --container=env/job.yaml cat /in/text
  [ "$output" = "from the node" ]
  grep -q none.sqsh env/job.yaml
}

@test "a script in an image that an environment file names" {
  printf 'image: %s\nbind: %s\n' "$image" "$PWD" >job.yaml
  printf '#!/bin/sh\ncat /etc/motd\n' >script.sh
  run -0 user sbatch --wait --output="$PWD/out" --container="$PWD/job.yaml" script.sh
  [ "$(cat out)" = "berth demo image" ]
}

@test "what is wrong in an environment file is refused before there is a job" {
  local jobs
  jobs=$(count_jobs)
  printf 'image: %s\nbnid: /x\n' "$image" >job.yaml
  run user srun --container=job.yaml touch "$marker"
  [ "$status" = 1 ]
  [[ $output == *"cannot use line 2 of 'job.yaml': there is no option 'bnid'"*"did you mean 'bind'?"* ]]
  run user sbatch --container=none.yaml --wrap "touch $marker"
  [ "$status" = 1 ]
  [[ $output == *"cannot read 'none.yaml'"* ]]
  run user srun --container-image=none.yaml touch "$marker"
  [ "$status" = 1 ]
  # One that the user may not read is not read by anybody else for him.
  printf 'image: %s\n' "$image" >secret.yaml
  if [ "$(id -u)" = 0 ]; then chmod 600 secret.yaml; else chmod 000 secret.yaml; fi
  run user srun --container="$PWD/secret.yaml" touch "$marker"
  [ "$status" = 1 ]
  [[ $output == *"secret.yaml': open: Permission denied (EACCES)"* ]]
  [ ! -e "$marker" ]
  [ "$(count_jobs)" = "$jobs" ]
}
