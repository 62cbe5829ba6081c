#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `work`
# What ranks of mpirun need to talk to it: in every container there by itself, and what --hook=pmi adds.
load ../helpers

setup() {
  enter_work pmi
  start=(timeout 60 mpirun --oversubscribe -np 2)
}

teardown() {
  leave_work
}

@test "whatever the container shows of /tmp, /dev and variables, ranks of Open MPI find their launcher" {
  local options
  for options in "--clean-env" "--tmp none" "--tmp private" "--ipc" "--dev=minimal" \
    "--clean-env --tmp none --dev=minimal --home none --cwd none"; do
    # shellcheck disable=SC2086  # they are several words
    run "${start[@]}" "$BERTH" run --hook=pmi $options "$BERTH_DEMO_IMAGE" -- mpi-hello
    echo "$options: $output"
    [ "$status" = 0 ]
    expect_ranks 2
  done
}

@test "a network of its own keeps ranks from the launcher's server, and a line says so" {
  run --separate-stderr timeout 60 mpirun -np 1 "$BERTH" run --hook=pmi --net none "$BERTH_DEMO_IMAGE" -- echo runs
  echo "$stderr"
  [[ "$stderr" =~ "berth: continuing without what pmi asks for: the launcher's PMIx server: it listens on '127.0.0.1:"[0-9]+"' of this node, and the container has a network of its own" ]]
  run --separate-stderr timeout 60 mpirun -np 1 "$BERTH" run --hook=pmi "$BERTH_DEMO_IMAGE" -- echo runs
  [ -z "$stderr" ]
}

@test "directories of PALS and Flux are shown where the container's /tmp is another" {
  place=$(mktemp -d /tmp/berth-pals.XXXXXX)
  mkdir "$place/spool" "$place/flux"
  echo 7 >"$place/spool/apinfo"
  PALS_SPOOL_DIR=$place/spool FLUX_URI=local://$place/flux/local-0 \
    run "$BERTH" run --hook=pmi --tmp none "$BERTH_DEMO_IMAGE" -- sh -c "cat $place/spool/apinfo && ls -d $place/flux"
  rm -r "$place"
  echo "$output"
  [ "$output" = "7
$place/flux" ]
}

@test "an image's variables show it nothing of the node" {
  place=$(mktemp -d "$BERTH_TEST_DIR/secret.XXXXXX")
  run "$BERTH" run --hook=pmi -e "PALS_SPOOL_DIR=$place" -e "FLUX_URI=local://$place/x" --home none --cwd none \
    "$BERTH_DEMO_IMAGE" -- ls -d "$place"
  echo "$output"
  [ "$status" != 0 ]
  FLUX_URI=local:///x run --separate-stderr "$BERTH" run --hook=pmi "$BERTH_DEMO_IMAGE" -- echo runs
  rm -r "$place"
  [ "$output" = runs ]
  [ "$stderr" = "berth: continuing without what pmi asks for: the directory of FLUX_URI: '/' is all of this node" ]
}
