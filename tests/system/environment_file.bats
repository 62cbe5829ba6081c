#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# A file that says which image is run and how, in the place of the image.
load ../helpers

setup() {
  work=$(mktemp -d "$BERTH_TEST_DIR/environment.XXXXXX")
  cd "$work" || return
  export XDG_CONFIG_HOME=$work BERTH_SITE_RUN_CONFIG=$work/site.conf
  mkdir -p jobs/data berth
  ln -s "$BERTH_DEMO_IMAGE" jobs/app.sqsh
  echo "from the node" >jobs/data/text
  cat >jobs/job.yaml <<'END'
# what the solver needs
image: app.sqsh
bind:
  - data:/in:ro
workdir: /in
hostname: solver
env:
  A: file
  B: file
END
}

teardown() {
  rm -rf "$work"
}

@test "the image, its options, and paths beside the file" {
  run --separate-stderr timeout 30 "$BERTH" run jobs/job.yaml -- sh -c 'cat text; pwd; hostname; echo $A; touch x 2>/dev/null || echo ro; cat /etc/motd'
  [ "$status" = 0 ]
  [ "$output" = $'from the node\n/in\nsolver\nfile\nro\nberth demo image' ]
  [ -z "$stderr" ]
  # Wherever it is named from.
  cd /
  run -0 timeout 30 "$BERTH" run "$work/jobs/job.yaml" cat text
  [ "$output" = "from the node" ]
}

@test "run.conf, the file, then the command line; the site's word is the last" {
  printf 'default env=A=conf\ndefault env=C=conf\ndefault hostname=conf\n' >berth/run.conf
  run -0 timeout 30 "$BERTH" run -e B=line jobs/job.yaml sh -c 'echo $A $B $C; hostname'
  [ "$output" = $'file line conf\nsolver' ]
  run -0 timeout 30 "$BERTH" run --hostname line jobs/job.yaml hostname
  [ "$output" = line ]
  run --separate-stderr -0 "$BERTH" run --explain-env B -e B=line jobs/job.yaml
  [ "$output" = $'jobs/job.yaml:9 sets it to \'file\'\n--env changes it to \'line\'\nB=line' ]
  echo "lock hostname=site" >site.conf
  run --separate-stderr -0 timeout 30 "$BERTH" run jobs/job.yaml hostname
  [ "$output" = site ]
  [[ "$stderr" = *"the site has locked it"* ]]
  echo "forbid bind" >site.conf
  run --separate-stderr -125 timeout 30 "$BERTH" run jobs/job.yaml touch jobs/ran
  [[ "$stderr" = *"the site forbids it"* ]]
  [ ! -e jobs/ran ]
}

@test "what is wrong in it is said with its line, and nothing is started" {
  echo "bnid: /x" >>jobs/job.yaml
  run --separate-stderr -125 "$BERTH" run jobs/job.yaml touch "$work/ran"
  [ "${stderr_lines[0]}" = "berth: cannot use line 10 of 'jobs/job.yaml': there is no option 'bnid'" ]
  [ "${stderr_lines[1]}" = "berth: hint: did you mean 'bind'?" ]
  run --separate-stderr -125 "$BERTH" run none.yaml touch "$work/ran"
  [ "$stderr" = "berth: cannot read 'none.yaml': open: No such file or directory (ENOENT)" ]
  mkfifo fifo.yaml
  run --separate-stderr -125 timeout 10 "$BERTH" run fifo.yaml touch "$work/ran"
  [[ "$stderr" = *"'fifo.yaml'"* ]]
  yes 'x: y' | head -c 70000 >large.yaml
  run --separate-stderr -125 timeout 10 "$BERTH" run large.yaml touch "$work/ran"
  [[ "$stderr" = *"'large.yaml'"* ]]
  [ ! -e ran ]
}
