#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image` and `folder`
# --container-hook=pmi: a program that was made with Slurm's PMI2 library talks to slurmstepd, in an image that has
# no such library.
load helpers

setup_file() {
  skip_unless "libpmi2-0-dev is not installed" test -e /usr/include/slurm/pmi2.h
  start_cluster "$BERTH_TEST_DIR/berth"
  export PROGRAM=$BERTH_TEST_DIR/pmi2-hello
  gcc -I/usr/include/slurm -o "$PROGRAM" "$BERTH_SOURCE/tests/slurm/pmi2-hello.c" -lpmi2
  chmod 755 "$PROGRAM"
}

@test "ranks exchange words through the node's PMI2 library, where the image has none" {
  run -127 user srun -N1 -n2 --overcommit --mpi=pmi2 --container="$image" --container-bind="$PROGRAM:/opt/hello" /opt/hello
  [[ "$output" == *"libpmi2.so.0: cannot open shared object file"* ]]
  run --separate-stderr user srun -N1 -n2 --overcommit --mpi=pmi2 --container="$image" --container-bind="$PROGRAM:/opt/hello" \
    --container-hook=pmi --container-clean-env /opt/hello
  echo "$output"
  [ "$status" = 0 ]
  [ "$(sort <<<"$output")" = $'rank 0 of 2 has heard from rank 1\nrank 1 of 2 has heard from rank 0' ]
}
