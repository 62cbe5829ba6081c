#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets `image`; programs for the rank's shell
# A rank runs inside where mpirun has put it outside; with --pin, one that mpirun has not put anywhere.
load ../helpers

setup() {
  make_own_image
  cd "$BERTH_TEST_DIR" || return
  # The ranks of each run are two, on however many CPUs.
  here=(timeout 60 mpirun --oversubscribe -np 2)
  where=(sh -c 'echo "$OMPI_COMM_WORLD_RANK $(grep Cpus_allowed_list /proc/self/status)"')
}

teardown() {
  rm -f "$image"
}

# The lines of a run's ranks, by rank.
lines_of() {
  "$@" 2>err | sort
}

expect_same_inside() {
  local outside inside
  outside=$(lines_of "${here[@]}" "$@" "${where[@]}")
  # What this mpirun cannot do on this machine has no inside.
  [ "$(grep -c Cpus_allowed_list <<<"$outside")" = 2 ] || return 2
  inside=$(lines_of "${here[@]}" "$@" "$BERTH" run "$image" -- "${where[@]}")
  [ "$inside" = "$outside" ] || {
    printf '%s\noutside:\n%s\ninside:\n%s\n' "$*" "$outside" "$inside"
    cat err
    return 1
  }
}

# expect_all_same FEWEST OPTION VALUE...: for each value that works here, and for that many at least.
expect_all_same() {
  local fewest=$1 option=$2 value status tried=0
  for value in "${@:3}"; do
    status=0
    expect_same_inside "$option" "$value" || status=$?
    echo "$option $value: $status"
    [ "$status" != 1 ]
    [ "$status" != 0 ] || tried=$((tried + 1))
  done
  [ "$tried" -ge "$fewest" ]
}

@test "ranks keep the CPUs of each --bind-to" {
  expect_all_same 3 --bind-to none hwthread:overload-allowed core:overload-allowed l3cache:overload-allowed \
    numa:overload-allowed socket:overload-allowed board:overload-allowed
}

@test "ranks keep the CPUs of each --map-by" {
  expect_all_same 3 --map-by slot hwthread core l3cache numa socket board node slot:PE=1
}

@test "ranks that mpirun has not bound are pinned, each to its part" {
  [ "$(nproc)" -ge 2 ] || skip "there is one CPU"
  run -0 lines_of "${here[@]}" --bind-to none "$BERTH" run --pin=pu "$image" -- "${where[@]}"
  echo "$output"
  [ "${#lines[@]}" = 2 ]
  [ "$(cut -f2 <<<"$output" | count_different)" = 2 ]
  # The leader has told the other one what the machine is like: the same with a container for each.
  local shared=$output
  run -0 lines_of "${here[@]}" --bind-to none "$BERTH" run --share=none --pin=pu "$image" -- "${where[@]}"
  [ "$output" = "$shared" ]
}

@test "ranks that share a container look at the machine once" {
  skip_unless "strace is not installed" command -v strace
  rm -f calls.*
  # A tracer for each rank, as the ranks are.
  "${here[@]}" --bind-to none strace -f -qq -ff -o calls -e trace=execve "$BERTH" run --pin=core "$image" -- true
  [ "$(cat calls.* | grep -c 'berth-pin.*= 0')" = 1 ]
}

@test "ranks that mpirun has bound stay, also behind a script" {
  [ "$(nproc)" -ge 2 ] || skip "there is one CPU"
  local bound
  bound=$(lines_of "${here[@]}" --bind-to core "${where[@]}")
  [ "$(cut -f2 <<<"$bound" | count_different)" = 2 ]
  run -0 lines_of "${here[@]}" --bind-to core "$BERTH" run --pin=socket "$image" -- "${where[@]}"
  [ "$output" = "$bound" ]
  run -0 lines_of "${here[@]}" --bind-to core sh -c '"$@"; exit $?' sh \
    "$BERTH" run --pin=core "$image" -- "${where[@]}"
  [ "$output" = "$bound" ]
}

@test "more ranks than cores share them evenly, and --pin=auto leaves them alone" {
  local ranks=$(($(nproc) * 2 + 1)) all
  run -0 lines_of timeout 60 mpirun --oversubscribe -np "$ranks" --bind-to none \
    "$BERTH" run --pin=pu "$image" -- "${where[@]}"
  echo "$output"
  [ "$(cut -f2 <<<"$output" | sort | uniq -c | awk '$1 < 2 || $1 > 3' | wc -l)" = 0 ]
  all=$(grep Cpus_allowed_list /proc/self/status | cut -f2)
  run -0 lines_of timeout 60 mpirun --oversubscribe -np "$ranks" --bind-to none \
    "$BERTH" run --pin=auto "$image" -- "${where[@]}"
  [ "$(cut -f2 <<<"$output" | sort -u)" = "$all" ]
}
