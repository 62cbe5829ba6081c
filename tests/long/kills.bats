#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # helpers.bash sets `image`
# Kills at random moments, and many launches in a row: what is rare shows here. BERTH_ROUNDS scales it.
load ../helpers

setup() {
  make_own_image
  work=$(mktemp -d "$BERTH_TEST_DIR/long.XXXXXX")
  cd "$work" || return
  rounds=${BERTH_ROUNDS:-200}
}

teardown() {
  rm -rf "$work" "$image"
}

# Between nothing and $1 milliseconds.
sleep_randomly() {
  sleep "$(printf '0.%03d' $((RANDOM % $1)))"
}

# A root with enough in it that an import takes a while.
make_tree() {
  local number
  mkdir -p tree
  for number in $(seq 200); do
    head -c 200000 /dev/urandom >"tree/noise-$number"
    seq "$number" 20000 >"tree/numbers-$number"
  done
}

@test "an import that is killed leaves no image, or the whole one" {
  make_tree
  "$BERTH" import -q dir:tree whole.sqsh
  local round pid killed=0
  for round in $(seq "$rounds"); do
    mkdir out
    "$BERTH" import -q dir:tree out/img.sqsh 3>&- &
    pid=$!
    sleep_randomly 900
    ! kill -KILL "$pid" 2>/dev/null || killed=$((killed + 1))
    wait "$pid" || true
    if [ -e out/img.sqsh ]; then cmp out/img.sqsh whole.sqsh; fi
    rm -f out/img.sqsh
    # Nothing else, hidden or not: an unfinished file has no name. rmdir fails otherwise.
    rmdir out || { ls -la out && return 1; }
  done
  echo "$killed of $rounds were killed"
  [ "$killed" -gt 0 ]
}

@test "whichever process of a container is killed, all go when its ranks have gone" {
  local round pid victim
  for round in $(seq "$rounds"); do
    mpirun --oversubscribe -np 2 "$BERTH" run "$image" -- sleep 1000 >out 2>&1 3>&- &
    pid=$!
    sleep_randomly 900
    victim=$(find_own_processes | cut -d: -f1 | grep -vx "$pid" | shuf -n 1)
    [ -z "$victim" ] || kill -KILL "$victim" 2>/dev/null || true
    sleep_randomly 100
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" || true
    expect_no_process_left || { echo "round $round, killed $victim" && return 1; }
    expect_no_mount_left
  done
}

@test "whichever process of a detached container is killed, nothing is left once it is removed" {
  local round pid victim
  export XDG_RUNTIME_DIR=$work/run
  mkdir -m 700 run
  for round in $(seq "$rounds"); do
    timeout 60 "$BERTH" run --detach --name box "$image" -- sleep 1000 >out 2>&1 3>&- &
    pid=$!
    sleep_randomly 40
    victim=$(find_own_processes | cut -d: -f1 | grep -vx "$pid" | shuf -n 1)
    if [ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null; then echo "$victim" >>killed; fi
    if wait "$pid"; then echo begun >>begun; fi
    # Refused where the launch or its monitor was killed.
    if ! timeout 60 "$BERTH" rm --force box >>out 2>&1; then grep -q "cannot find a container 'box'" out; fi
    expect_no_process_left || { echo "round $round, killed $victim" && return 1; }
    expect_no_mount_left
    [ -z "$(ls -A run)" ]
  done
  [ -s killed ]
  [ -s begun ]
}

@test "launches in a row, and launches with a kill at a random moment, leave nothing" {
  python3 -B "$BERTH_SOURCE/tests/long/launches.py" "$BERTH" "$image" $((rounds * 50)) $((rounds * 5))
}

@test "many launches at once leave nothing" {
  local round number pids
  for round in $(seq $((rounds / 10))); do
    pids=()
    for number in $(seq 50); do
      "$BERTH" run "$image" -- true 3>&- &
      pids+=($!)
    done
    for number in "${pids[@]}"; do wait "$number"; done
  done
  expect_no_process_left
  expect_no_mount_left
}

@test "whichever process is killed while ranks come together, the others run or say why, within a second" {
  python3 -B "$BERTH_SOURCE/tests/long/ranks.py" "$BERTH" "$image" $((rounds * 5))
  expect_no_process_left
  expect_no_mount_left
}
