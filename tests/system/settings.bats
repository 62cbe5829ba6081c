#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# What a site and its users settle for berth run in run.conf. The site's file here is one that a variable
# names, which counts only where there is no /etc/berth/run.conf.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  work=$(mktemp -d "$BERTH_TEST_DIR/settings.XXXXXX")
  cd "$work" || return
  [ ! -e /etc/berth/run.conf ]
  export BERTH_SITE_RUN_CONFIG=$work/site.conf XDG_CONFIG_HOME=$work
  mkdir berth
  : >site.conf
}

teardown() {
  rm -rf "$work"
}

@test "the site's, the user's, then the command line" {
  printf 'default env=A=site\ndefault env=B=site\ndefault env=C=site\ndefault uts\ndefault hostname=site\n' >site.conf
  printf 'default env=B=user\ndefault env=C=user\n' >berth/run.conf
  run --separate-stderr timeout 30 "$BERTH" run -e C=line "$image" -- sh -c 'echo $A $B $C; hostname'
  [ "$status" = 0 ]
  [ "$output" = $'site user line\nsite' ]
  [ -z "$stderr" ]
  run timeout 30 "$BERTH" run --hostname line "$image" -- hostname
  [ "$output" = line ]
  run --separate-stderr "$BERTH" run --explain-env B -e B=line "$image"
  [ "$output" = "$work/site.conf:2 sets it to 'site'
$work/berth/run.conf:1 changes it to 'user'
--env changes it to 'line'
B=line" ]
}

@test "what the site has locked stays, and who asks for something else is told" {
  printf 'lock hostname=site\nlock env=A=site\n' >site.conf
  run --separate-stderr timeout 30 "$BERTH" run --hostname mine -e A=mine "$image" -- sh -c 'echo $A; hostname'
  [ "$status" = 0 ]
  [ "$output" = $'site\nsite' ]
  [ "$stderr" = "berth: continuing without '--hostname=mine': the site has locked it ($work/site.conf:1)" ]
  run --separate-stderr timeout 30 "$BERTH" run --quiet --hostname mine "$image" -- hostname
  [ "$output" = site ]
  [ -z "$stderr" ]
  # In the task of a Slurm step, too: it comes by a text.
  run --separate-stderr env BERTH_TASK="1;image=$image;hostname=mine" timeout 30 "$BERTH" hostname
  [ "$output" = site ]
  [[ "$stderr" = *"the site has locked it"* ]]
}

@test "what the site requires has to be said by somebody, and nothing is started without it" {
  printf 'require bind=%s:/needed:ro\nrequire timeout\n' "$work" >site.conf
  expected="the site requires it ($work/site.conf"
  run --separate-stderr -125 "$BERTH" run --timeout 20 "$image" -- touch started
  [ "${stderr_lines[0]}" = "berth: cannot run without '--bind=$work:/needed:ro': $expected:1)" ]
  [ "${stderr_lines[1]}" = "berth: hint: give it: --bind=$work:/needed:ro" ]
  run --separate-stderr -125 "$BERTH" run -v "$work:/needed:ro" "$image" -- touch started
  [ "${stderr_lines[0]}" = "berth: cannot run without '--timeout': $expected:2)" ]
  [ "${stderr_lines[1]}" = "berth: hint: give it with a value of yours: --timeout=VALUE" ]
  # A task of Slurm's says it in another form.
  run --separate-stderr -125 env BERTH_TASK="1;image=$image;timeout=20" "$BERTH" touch started
  [[ "${stderr_lines[0]}" = *"cannot run without '--container-bind=$work:/needed:ro': $expected:1)" ]]
  [ ! -e started ]
  run -0 env BERTH_TASK="1;image=$image;timeout=20;mount=type=bind,src=$work,dst=/needed,ro" timeout 30 "$BERTH" ls /needed/site.conf
  run -0 timeout 30 "$BERTH" run --timeout 20 --mount "type=bind,src=$work,dst=/needed,readonly" "$image" -- ls /needed/site.conf
  # The user's file, and the site itself.
  echo 'default timeout=20' >berth/run.conf
  printf 'lock bind=%s:/needed:ro\n' "$work" >>site.conf
  run -0 timeout 30 "$BERTH" run "$image" -- ls /needed/site.conf
  echo 'require net=host' >site.conf
  run --separate-stderr -125 "$BERTH" run "$image" -- touch started
  [ "${stderr_lines[0]}" = "berth: cannot use line 1 of '$work/site.conf': '--net=host' is so by itself" ]
}

@test "sites and users settle what is at /tmp, and whether the current directory is shown" {
  echo 'default tmp=private' >site.conf
  touch "/tmp/berth-settings-$$"
  run -0 timeout 30 "$BERTH" run "$image" -- sh -c 'ls -A /tmp; stat -c %a /tmp; pwd; echo x >/tmp/mine'
  [ "$output" = $'1777\n'"$work" ]
  [ ! -e /tmp/mine ]
  run -0 timeout 30 "$BERTH" run --tmp=host "$image" -- ls "/tmp/berth-settings-$$"
  run -0 timeout 30 "$BERTH" run --tmp=none "$image" -- sh -c 'ls -A /tmp; grep -c " /tmp " /proc/self/mountinfo; echo x >/tmp/mine && cat /tmp/mine'
  [ "$output" = $'0\nx' ]
  [ ! -e /tmp/mine ]
  rm "/tmp/berth-settings-$$"
  echo 'default cwd=none' >berth/run.conf
  run -0 timeout 30 "$BERTH" run "$image" -- sh -c 'pwd; ls "$1" 2>/dev/null || echo hidden' sh "$work"
  [ "$output" = $'/\nhidden' ]
  run -0 timeout 30 "$BERTH" run --cwd=host "$image" -- pwd
  [ "$output" = "$work" ]
  run -125 "$BERTH" run --tmp=mine "$image" -- true
  [ "${lines[1]}" = "berth: hint: write host, private or none" ]
  run -125 "$BERTH" run --cwd=here "$image" -- true
  [ "${lines[1]}" = "berth: hint: write host or none" ]
}

@test "what the site has forbidden is refused, wherever it is asked for" {
  printf 'forbid root\n' >site.conf
  expected="the site forbids it ($work/site.conf:1)"
  run --separate-stderr -125 "$BERTH" run --root "$image" -- touch started
  [ "${stderr_lines[0]}" = "berth: cannot use '--root': $expected" ]
  run --separate-stderr -125 env BERTH_TASK="1;image=$image;root" "$BERTH" touch started
  [[ "${stderr_lines[0]}" = *"cannot use '--container-root': $expected" ]]
  echo 'default root' >berth/run.conf
  run --separate-stderr -125 "$BERTH" run "$image" -- touch started
  [ "${stderr_lines[0]}" = "berth: cannot use --root in '$work/berth/run.conf:1': $expected" ]
  # Another file of the user's, or none.
  run --separate-stderr env BERTH_RUN_CONFIG= timeout 30 "$BERTH" run "$image" -- echo fine
  [ "$output" = fine ]
  [ ! -e started ]
}

@test "a site's file that others can write is not obeyed, nor is a line that nobody understands" {
  chmod 666 site.conf
  run --separate-stderr -125 "$BERTH" run "$image" -- touch started
  [ "${stderr_lines[0]}" = "berth: cannot obey '$work/site.conf': others than root can write it" ]
  chmod 644 site.conf
  printf '\ndefault hostnam=x\n' >berth/run.conf
  run --separate-stderr -125 "$BERTH" run "$image" -- touch started
  [[ "${stderr_lines[0]}" = "berth: cannot use line 2 of '$work/berth/run.conf': "* ]]
  [ ! -e started ]
  run "$BERTH" run --help
  [ "$status" = 0 ]
}

@test "without these files a launch looks for each of them once" {
  rm site.conf
  unset BERTH_SITE_RUN_CONFIG
  strace -f -o calls -e trace=%file timeout 30 "$BERTH" run "$image" -- true
  [ "$(grep -c 'run\.conf.*= -1 ENOENT' calls)" = 2 ]
  [ "$(grep -c 'run\.conf' calls)" = 2 ]
}
