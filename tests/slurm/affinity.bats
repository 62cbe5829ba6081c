#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# A task runs inside where Slurm has put it outside, however it was told to.
load helpers

setup() {
  setup_job
  where=(sh -c 'echo "$SLURM_LOCALID $(grep Cpus_allowed_list /proc/self/status)"')
  two=(user srun -N1 -n2)
}

needs_binding() {
  scontrol show config | grep -q 'TaskPlugin.*affinity' || skip "the cluster binds no task: it has more CPUs than this machine"
  [ "$(nproc)" -ge 2 ] || skip "there is one CPU"
}

lines_of() {
  "$@" 2>err | sort
}

@test "tasks keep the CPUs of each --cpu-bind" {
  local bind outside inside tried=0
  for bind in none quiet threads cores sockets ldoms rank map_cpu:1,0 map_cpu:0 mask_cpu:0x2,0x1 \
    mask_cpu:0x3,0x1; do
    [ "$(nproc)" -ge 2 ] || [[ "$bind" != m* ]] || continue
    outside=$(lines_of "${two[@]}" --cpu-bind="$bind" "${where[@]}")
    inside=$(lines_of "${two[@]}" --cpu-bind="$bind" --container="$image" "${where[@]}")
    # What this Slurm cannot do on this machine has no inside.
    [ "$(grep -c Cpus_allowed_list <<<"$outside")" = 2 ] || { echo "no $bind: $(cat err)" && continue; }
    tried=$((tried + 1))
    [ "$inside" = "$outside" ] || {
      printf '%s\noutside:\n%s\ninside:\n%s\n' "$bind" "$outside" "$inside"
      cat err
      return 1
    }
  done
  echo "$tried tried"
  [ "$tried" -ge 6 ]
}

@test "tasks with several CPUs keep them" {
  local outside inside
  outside=$(lines_of user srun -N1 -n1 -c2 "${where[@]}")
  inside=$(lines_of user srun -N1 -n1 -c2 --container="$image" "${where[@]}")
  [ -n "$outside" ] && [ "$inside" = "$outside" ]
}

@test "tasks that Slurm has not bound are pinned, each to its part" {
  [ "$(nproc)" -ge 2 ] || skip "there is one CPU"
  run -0 lines_of "${two[@]}" --cpu-bind=none "$BERTH_TEST_DIR/berth" run --pin=pu "$image" -- "${where[@]}"
  echo "$output"
  [ "${#lines[@]}" = 2 ]
  [ "$(cut -f2 <<<"$output" | count_different)" = 2 ]
}

@test "tasks that Slurm has bound stay, also behind a script, and are told so" {
  needs_binding
  local bound
  bound=$(lines_of "${two[@]}" --cpu-bind=map_cpu:1,0 "${where[@]}")
  [ "$bound" = $'0 Cpus_allowed_list:\t1\n1 Cpus_allowed_list:\t0' ]
  run -0 lines_of "${two[@]}" --cpu-bind=map_cpu:1,0 "$BERTH_TEST_DIR/berth" run --pin=pu "$image" -- "${where[@]}"
  [ "$output" = "$bound" ]
  run -0 lines_of "${two[@]}" --cpu-bind=map_cpu:1,0 sh -c '"$@"; exit $?' sh \
    "$BERTH_TEST_DIR/berth" run --pin=pu "$image" -- "${where[@]}"
  [ "$output" = "$bound" ]
  run -0 "${two[@]}" --cpu-bind=map_cpu:1,0 "$BERTH_TEST_DIR/berth" run --pin=pu --plan "$image" -- true
  grep -qx 'rank 0 stays on the CPUs 1, to which its launcher has bound it' <<<"$output"
}

@test "--container-pin pins the tasks of a step, and needs an image" {
  [ "$(nproc)" -ge 2 ] || skip "there is one CPU"
  run -0 lines_of "${two[@]}" --cpu-bind=none --container="$image" --container-pin=pu "${where[@]}"
  echo "$output"
  [ "${#lines[@]}" = 2 ]
  [ "$(cut -f2 <<<"$output" | count_different)" = 2 ]
  run -1 user srun -N1 --container-pin=core true
  [[ "$output" == *"cannot use --container-pin without an image"* ]]
  run -1 user srun -N1 --container="$image" --container-pin=thread true
  [[ "$output" == *"cannot pin ranks to 'thread'"* ]]
}
