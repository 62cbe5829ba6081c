#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# Ranks that will miss each other: a line before the program begins, and --explain-mpi, with real launchers.
load ../helpers

libraries=usr/lib/x86_64-linux-gnu

setup_file() {
  export stock=$BERTH_TEST_DIR/mpi-explain
  mkdir -p "$stock/mpich-root/$libraries" "$stock/mpich-root/bin" "$stock/mpich-root/lib64"
  cd "$stock" || return
  cp -a /"$libraries"/libmpich.so.12* "mpich-root/$libraries"
  cp -L /"$libraries"/lib{c.so.6,m.so.6} "mpich-root/$libraries"
  cp -L /lib64/ld-linux-x86-64.so.2 mpich-root/lib64
  cp "$(command -v busybox)" mpich-root/bin/busybox
  "$BERTH" import --quiet dir:mpich-root mpich.sqsh
}

setup() {
  enter_work explain
  export XDG_CACHE_HOME=$work/cache
  mpich=$stock/mpich.sqsh
}

teardown() {
  leave_work
}

# As the test's own machine has them.
mpich_version=$(basename "$(realpath /$libraries/libmpich.so.12)" | sed 's/libmpich.so.//')
alone="berth: of the image's MPI the MPICH family $mpich_version speaks PMI, and Open MPI's mpirun offers PMIx: each of 2 ranks that uses it is alone, or does not start"

@test "mpirun of Open MPI with an image of MPICH: one line, from the first launch on, and the program runs" {
  for _ in 1 2; do
    run --separate-stderr timeout 60 mpirun --oversubscribe -np 2 "$BERTH" run "$mpich" -- busybox echo runs
    echo "$stderr"
    [ "$status" = 0 ]
    [ "$output" = $'runs\nruns' ]
    [ "$(grep -c "^berth: of the image" <<<"$stderr")" = 1 ]
    grep -qxF "$alone" <<<"$stderr"
    grep -qx "berth: hint: berth run --explain-mpi says what was found; --quiet leaves this out" <<<"$stderr"
  done
  [ "$(find cache -name 'facts-*.json' | wc -l)" = 1 ]
  run --separate-stderr timeout 60 mpirun --oversubscribe -np 2 "$BERTH" run --quiet "$mpich" -- busybox echo runs
  [ -z "$stderr" ]
}

@test "who fits, who is one, and who has two of them hears nothing; what is known is not asked again" {
  local words
  for words in "mpiexec.hydra -n 2 $BERTH run $mpich -- busybox" "mpirun --oversubscribe -np 2 $BERTH run $BERTH_DEMO_IMAGE --" \
    "mpirun -np 1 $BERTH run $mpich -- busybox" "$BERTH run $mpich -- busybox" \
    "mpirun --oversubscribe -np 2 $BERTH run $BERTH_DEMO_IMAGE+$mpich --"; do
    # shellcheck disable=SC2086  # words
    run --separate-stderr timeout 60 $words true
    echo "$words: $stderr"
    [ "$status" = 0 ]
    [ -z "$stderr" ]
  done
  strace -f -o trace -e trace=execve timeout 60 mpiexec.hydra -n 2 "$BERTH" run "$mpich" -- busybox true
  run -1 grep 'execve.*berth-hooks' trace
}

@test "hydra with an image of Open MPI: the line says who offers what" {
  run --separate-stderr timeout 60 mpiexec.hydra -n 2 "$BERTH" run "$BERTH_DEMO_IMAGE" -- true
  echo "$stderr"
  grep -q "Open MPI 40.30.4 speaks PMIx.*, and MPICH's mpiexec offers PMI: each of 2 ranks" <<<"$stderr"
}

@test "--explain-mpi has both sides and what follows, and starts and keeps nothing" {
  run --separate-stderr timeout 60 mpirun --oversubscribe -np 2 "$BERTH" run --explain-mpi "$mpich" -- busybox echo runs
  echo "$output"
  [ "$status" = 0 ]
  grep -q "^job: Open MPI's mpirun has started 2 ranks and offers PMIx (PMIX_VERSION is '4" <<<"$output"
  grep -q "^node: Open MPI 40.30.4 ('/$libraries/.*') speaks PMIx and Flux's PMI, PMIx by '/.*libpmix.so.2" <<<"$output"
  grep -qx "image: the MPICH family $mpich_version ('/$libraries/libmpich.so.$mpich_version') speaks PMI" <<<"$output"
  grep -q "^so: .*is alone, or does not start; start it by MPICH's mpiexec, srun --mpi=pmi2 or flux run" <<<"$output"
  [ ! -e cache ]
  run "$BERTH" run --explain-mpi "$BERTH_DEMO_IMAGE"
  [ "${lines[0]}" = "job: nobody says that this is a rank of one" ]
  [[ "$output" == *"so: a program of MPI is alone; ranks find each other if they are started by Open MPI's mpirun"* ]]
  mkdir -p plain/bin
  cp "$(command -v busybox)" plain/bin
  run "$BERTH" run --explain-mpi plain
  [[ "$output" == *"image: no MPI that is known"* ]]
  [[ "$output" == *"so: a program that brings its own MPI is not known here" ]]
}
