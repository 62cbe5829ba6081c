#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# srun --container without the plugin: Slurm's own way to containers, with examples/oci.conf.example. Slurm before
# 23.02 cannot be told of an image so; tests/slurm/releases has later ones.
load ../slurm/helpers

takes_images() {
  local version
  version=$(/usr/sbin/slurmd -V | grep -o '[0-9][0-9]\.[0-9][0-9]')
  [ "${version/./}" -ge 2302 ]
}

setup_file() {
  takes_images || return 0
  start_cluster "$BERTH_TEST_DIR/berth"
  : >"$cluster/etc/plugstack.conf"
  sed "s|/usr/local/share/doc/berth/examples|$BERTH_SOURCE/examples|; s|/usr/local/bin/berth|$BERTH_TEST_DIR/berth|" \
    "$BERTH_SOURCE/examples/oci.conf.example" >"$cluster/etc/oci.conf"
  scontrol reconfigure
}

teardown_file() {
  stop_cluster
}

setup() {
  skip_unless "Slurm before 23.02 opens IMAGE/config.json" takes_images
  setup_job
}

teardown() {
  ! takes_images || teardown_job
}

@test "a program of the image runs, with the job's variables, arguments and exit code" {
  MINE=mine run -7 user srun --container="$image" /bin/sh -c 'cat /etc/motd; echo "$MINE $SLURM_PROCID $1"; exit 7' sh 'a b'
  echo "$output"
  [ "${lines[0]}" = "berth demo image" ]
  [ "${lines[1]}" = "mine 0 a b" ]
}

@test "ranks of a node share a container" {
  run -0 user srun -N2 --ntasks-per-node=2 --container="$image" /bin/sh -c 'readlink /proc/self/ns/mnt'
  echo "$output"
  [ "$(count_different <<<"$output")" = 2 ]
}

@test "what is no image does not run" {
  run user srun --container="$folder/none.sqsh" /bin/sh -c 'echo ran >marker'
  [ "$status" != 0 ]
  [ ! -e "$marker" ]
  head -c 100000 /dev/zero >zeros.sqsh
  run user srun --container="$folder/zeros.sqsh" /bin/sh -c 'echo ran >marker'
  echo "$output"
  [ "$status" != 0 ]
  [ ! -e "$marker" ]
}

@test "a cancelled step leaves nothing" {
  user srun -N2 --container="$image" /bin/sh -c 'echo here; sleep 1000' >out 2>&1 3>&- &
  wait_for_ranks out 2
  user scancel --state=running --user="$BERTH_TEST_USER"
  run wait $!
  [ "$status" != 0 ]
  expect_idle
  expect_no_process_left
  expect_no_mount_left
}
