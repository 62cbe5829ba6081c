#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# A site's own rules: programs that say what to change in a container, and OCI hooks at the stages of its
# life, by an ordinary user whose own hooks they are.
load ../helpers

setup() {
  make_own_image  # its processes can be told from others'
  enter_work site
  export XDG_CONFIG_HOME=$work/config
  mkdir -p config/berth hooks.d
  chmod 755 "$work" hooks.d
}

teardown() {
  leave_work
}

# program NAME TEXT: a shell script of the user's own.
program() {
  printf '#!/bin/sh\n%s\n' "$2" >"$1"
  chmod 755 "$1"
}

# hook NAME STAGE SCRIPT [MORE]: a hook file of all containers, whose hook is that script.
hook() {
  python3 - "hooks.d/$1.json" "$2" "$3" "${4:-}" <<'END'
import json, sys
name, stages, script, more = sys.argv[1:]
hook = {"path": "/bin/sh", "args": ["sh", "-c", script], "timeout": 20, **json.loads(more or "{}")}
json.dump({"version": "1.0.0", "hook": hook, "when": {"always": True}, "stages": stages.split()}, open(name, "w"))
END
  chmod 644 "hooks.d/$1.json"
}

hooks_run() {
  berth_run --hooks-dir "$work/hooks.d" "$@"
}

# refused LINE [HINT]: the launch before has failed, with this and no more, and left nothing.
refused() {
  echo "$stderr"
  [ "$status" = 125 ]
  [ -z "$output" ]
  [ "${stderr_lines[0]}" = "berth: cannot $1" ]
  [ "${stderr_lines[1]:-}" = "${2:+berth: hint: $2}" ]
  expect_no_process_left
}

@test "an edit hook's answer is carried out, shown in the plan, and gives way to the user" {
  mkdir data
  echo there >data/file
  program rules 'cat >'"$work"'/state
    echo "{\"cdiVersion\": \"0.8.0\", \"containerEdits\": {\"env\": [\"SITE=rules\", \"WHO=hook\"],
      \"mounts\": [{\"hostPath\": \"'"$work"'/data\", \"containerPath\": \"/opt/data\", \"options\": [\"ro\"]}],
      \"deviceNodes\": [{\"path\": \"/dev/own\", \"hostPath\": \"/dev/zero\"}]}}"'
  run berth_run --dev=minimal --hook "$work/rules" -e WHO=line "$image" -- sh -c '
    echo $SITE $WHO; cat /opt/data/file; touch /opt/data/x 2>/dev/null || echo read-only; head -c 1 /dev/own | wc -c'
  echo "$output"
  [ "$status" = 0 ]
  [ "$output" = $'rules line\nthere\nread-only\n1' ]
  run "$BERTH" run --dev=minimal --hook "$work/rules" --plan "$image"
  [ "${lines[0]}" = "# $work/rules: 2 variables, 1 device, 1 mount" ]
  [[ "$output" == *"bind '$work/data' to '/opt/data'"* ]]
  run "$BERTH" run --dev=minimal --hook "$work/rules" -e WHO=line --explain-env WHO "$image"
  [ "$output" = "$work/rules sets it to 'hook'
--env changes it to 'line'
WHO=line" ]
}

@test "an edit hook knows image, program, mounts, user and annotations" {
  program look "cat >$work/state"
  run berth_run --hook "$work/look" --annotation site.x=y=z -v /usr/bin:/mnt/bin --device /dev/null \
    -e MORE=1 -w /usr "$image" -- echo a 'b c'
  [ "$output" = "a b c" ]
  python3 - "$work/state" "$image" "$(id -u)" <<'END'
import json, sys
state = json.load(open(sys.argv[1]))
assert state["version"] == 1 and state["image"] == sys.argv[2], state
assert state["process"]["args"] == ["echo", "a", "b c"], state["process"]
assert "MORE=1" in state["process"]["env"] and state["process"]["cwd"] == "/usr", state["process"]
assert state["mounts"] == [{"source": "/usr/bin", "destination": "/mnt/bin"}], state["mounts"]
assert state["devices"] == ["/dev/null"] and state["gpus"] == "", state
assert state["annotations"] == {"site.x": "y=z"}, state
assert state["user"]["uid"] == int(sys.argv[3]), state["user"]
assert state["rank"]["localSize"] == 1, state["rank"]
assert "config" in state["images"][0]["config"], state["images"]
END
}

@test "hooks get listed variables, whatever the job has" {
  program spy "tr '\\0' '\\n' </proc/self/environ >$work/edit"
  hook spy "createRuntime createContainer poststop" "cat /proc/self/environ | tr '\\0' '\\n' >>$work/oci" '{"env": ["OWN=1"]}'
  run --separate-stderr env LD_PRELOAD=/no/such.so LD_LIBRARY_PATH=/evil GLIBC_TUNABLES=glibc.malloc.check=3 EVIL=1 \
    PATH="$work:$PATH" BASH_ENV=/evil "$BERTH" run --hook "$work/spy" --hooks-dir "$work/hooks.d" "$image" -- echo in
  [ "$output" = in ]
  expect_no_process_left
  cat edit oci
  [ "$(grep -v '^PWD=' edit | sort)" = $'LANG=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin' ]
  [ "$(grep -v '^PWD=' oci | sort -u)" = $'OWN=1\nPATH=/usr/sbin:/usr/bin:/sbin:/bin' ]
  [ "$(grep -c OWN oci)" = 3 ]
}

@test "what an image or a user sets for the program's loader reaches no hook at any stage" {
  mkdir -p loader/.berth
  echo '{"config": {"Env": ["LD_PRELOAD=/no/such.so", "GLIBC_TUNABLES=glibc.malloc.check=3", "LD_AUDIT=/no/audit.so"]}}' >loader/.berth/config.json
  program spy "tr '\\0' '\\n' </proc/self/environ >$work/edit"
  for stage in prestart createRuntime createContainer startContainer poststart poststop; do
    hook "$stage" "$stage" "tr '\\0' '\\n' </proc/self/environ >$work/$stage"
  done
  run hooks_run --hook "$work/spy" -e LD_LIBRARY_PATH=/evil "$image+./loader" -- sh -c 'echo "$LD_PRELOAD $LD_LIBRARY_PATH $GLIBC_TUNABLES"; sleep 0.5'
  echo "$output"
  [[ "$output" == *"/no/such.so /evil glibc.malloc.check=3"* ]]  # the program has them
  expect_no_process_left
  for one in edit prestart createRuntime createContainer startContainer poststart poststop; do
    cat "$one"
    [ -s "$one" ]
    run -1 grep -E '^(LD_|GLIBC)' "$one"
  done
}

@test "an edit hook that fails ends the launch with its last words" {
  program bad 'echo first >&2; echo last >&2; exit 3'
  run --separate-stderr berth_run --hook "$work/bad" "$image" -- echo no
  refused "run the hook '$work/bad': it ended with 3: last" "leave it out: --no-hook=bad"
  program bad 'echo "{\"cdiVersion\": \"0.8.0\", \"containerEdit\": {}}"'
  run --separate-stderr berth_run --hook "$work/bad" "$image" -- echo no
  refused "read '$work/bad:1': the answer has no field 'containerEdit'" "did you mean 'containerEdits'?"
  program bad 'echo hello'
  run --separate-stderr berth_run --hook "$work/bad" "$image" -- echo no
  refused "understand '$work/bad': it is not a JSON object"
  program bad 'yes'
  run --separate-stderr berth_run --hook "$work/bad" "$image" -- echo no
  refused "run the hook '$work/bad': it writes too much" "leave it out: --no-hook=bad"
  program bad 'sleep 1000 & sleep 1000'
  run --separate-stderr berth_run --hook "$work/bad" "$image" -- echo no
  refused "run the hook '$work/bad': it was killed after 10 seconds" "leave it out: --no-hook=bad"
  run -1 pgrep -u "$(id -u)" -x -f 'sleep 1000'
  # What it says though all is well is a warning.
  program bad 'echo careful >&2'
  run --separate-stderr berth_run --hook "$work/bad" "$image" -- echo yes
  [ "$output" = yes ]
  [ "$stderr" = "berth: the hook '$work/bad' says 'careful'" ]
}

@test "what others could write is not run" {
  hint="let only root, or only you, own and write it and its directory"
  mkdir d
  program d/h true
  chmod 775 d/h
  run --separate-stderr berth_run --hook "$work/d/h" "$image" -- echo no
  refused "run '$work/d/h': others can write '$work/d/h'" "$hint"
  chmod 755 d/h
  chmod 1777 d
  run --separate-stderr berth_run --hook "$work/d/h" "$image" -- echo no
  refused "run '$work/d/h': others can write '$work/d'" "$hint"
  hook a createRuntime true '{"path": "'"$work"'/d/h"}'
  run --separate-stderr hooks_run "$image" -- echo no
  refused "have the createRuntime hook of $work/hooks.d/a.json: cannot run '$work/d/h': others can write '$work/d'" "$hint"
  chmod 755 d
  chmod 664 hooks.d/a.json
  run --separate-stderr hooks_run "$image" -- echo no
  refused "obey '$work/hooks.d/a.json': others can write it" "let only root, or only you, own and write it"
  chmod 644 hooks.d/a.json
  chmod 777 hooks.d
  run --separate-stderr hooks_run "$image" -- echo no
  refused "obey '$work/hooks.d': others can write it" "let only root, or only you, own and write it"
  chmod 755 hooks.d
  run hooks_run "$image" -- echo yes
  [ "$output" = yes ]
  # Nor what others could have led here.
  mkdir open
  ln -s ../d open/d
  ln -s ../hooks.d open/hooks
  chmod 777 open
  run --separate-stderr berth_run --hook "$work/open/d/h" "$image" -- echo no
  refused "run '$work/open/d/h': others can write '$work/open'" "$hint"
  for name in hooks none; do
    run --separate-stderr berth_run --hooks-dir "$work/open/$name" "$image" -- echo no
    refused "obey '$work/open/$name': others can write '$work/open'" "$hint"
  done
  chmod 1777 open
  run berth_run --hook "$work/open/d/h" --hooks-dir "$work/open/hooks" "$image" -- echo yes
  [ "$output" = yes ]
}

@test "a path with a newline, and an answer with a NUL byte, are refused" {
  run --separate-stderr berth_run --hook "$work/"$'a\nb' "$image" -- echo no
  refused "use '$work/a\x0ab' as a hook" "rename it: its path has control characters"
  run --separate-stderr berth_run --hooks-dir "$work/"$'a\nb' "$image" -- echo no
  refused "use '$work/a\x0ab' as a directory of hooks" "rename it: its path has control characters"
  program nul 'printf "{}\000{"'
  run --separate-stderr berth_run --hook "$work/nul" "$image" -- echo no
  refused "read '$work/nul:1': it has a NUL byte"
}

@test "each stage sees its state, in order, with the right pid" {
  for stage in prestart createRuntime createContainer startContainer poststart poststop; do
    hook "$stage" "$stage" "read -r state; echo $stage \"\$state\" >>$work/log; readlink /proc/self/ns/user >>$work/namespaces"
  done
  chmod 777 .  # as root of no container has another number here
  chmod 755 .
  program main 'echo $$ >pid; readlink /proc/self/ns/user >inside; echo program >>log; sleep 0.5'
  run --separate-stderr hooks_run --annotation a=b "$image" -- ./main
  echo "$stderr"
  [ "$status" = 0 ]
  expect_no_process_left
  cat log
  [ "$(grep -v program log | cut -d' ' -f1 | xargs)" = "prestart createRuntime createContainer startContainer poststart poststop" ]
  # The program begins after startContainer and waits for nothing later.
  [ "$(sed -n '/^startContainer/,$p' log | grep -v '^poststart' | cut -d' ' -f1 | xargs)" = "startContainer program poststop" ]
  python3 - "$(cat pid)" <<'END'
import json, sys
status = {"prestart": "creating", "createRuntime": "creating", "createContainer": "creating",
          "startContainer": "created", "poststart": "running", "poststop": "stopped"}
states = dict(line.split(" ", 1) for line in open("log") if line.strip() != "program")
identities = set()
for stage, text in states.items():
    state = json.loads(text)
    assert state["status"] == status[stage] and state["annotations"] == {"a": "b"}, (stage, state)
    assert state.get("pid") == (None if stage == "poststop" else int(sys.argv[1])), (stage, state)
    assert state["ociVersion"] == "1.2.0" and state["bundle"].startswith("/"), state
    identities.add(state["id"])
assert len(states) == 6 and len(identities) == 1, states
END
  outside=$(readlink /proc/self/ns/user)
  inside=$(cat inside)
  [ "$(xargs <namespaces)" = "$outside $outside $inside $inside $outside $outside" ]
}

@test "in a pid namespace a hook inside has the container's numbers" {
  hook in "createContainer startContainer" "read -r state; echo \"\$state\" >>$work/in; echo \$\$ >>$work/own"
  hook out createRuntime "read -r state; echo \"\$state\" >$work/out"
  run --separate-stderr hooks_run --pid "$image" -- sh -c 'echo $$'
  echo "$stderr"
  [ "$output" = 1 ]
  expect_no_process_left
  [ "$(jq .pid in | xargs)" = "1 1" ]
  [ "$(jq .pid out)" -gt 1 ]
  [ "$(head -n 1 own)" -lt 50 ]
}

@test "createContainer sees the container and its bundle, and may mount; createRuntime reaches it by its pid" {
  hook a createContainer "set -e; bundle=\$(python3 -c 'import json, sys; print(json.load(sys.stdin)[\"bundle\"])')
    root=\$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1] + \"/config.json\"))[\"root\"][\"path\"])' \"\$bundle\")
    echo made >\$bundle/\$root/etc/made-by-hook; mount -t tmpfs none \$bundle/\$root/mnt; echo mounted >\$bundle/\$root/mnt/file"
  hook b createRuntime "python3 -c 'import json, sys
state = json.load(sys.stdin)
config = json.load(open(state[\"bundle\"] + \"/config.json\"))
print(config[\"process\"][\"args\"], open(state[\"bundle\"] + \"/\" + config[\"root\"][\"path\"] + \"/etc/os-release\").read() != \"\")' >$work/seen"
  hook c startContainer "grep -E '^Cap(Eff|Bnd)' /proc/self/status >$work/rights; cat /etc/made-by-hook >$work/made"
  run --separate-stderr hooks_run "$image" -- cat /etc/made-by-hook /mnt/file
  echo "$stderr"
  [ "$status" = 0 ]
  [ "$output" = $'made\nmounted' ]
  [ "$(cat seen)" = "['cat', '/etc/made-by-hook', '/mnt/file'] True" ]
  [ "$(cat made)" = made ]
  [ "$(grep -c ':[[:space:]]*0000000000000000$' rights)" = 2 ]
}

@test "a hook that fails before the program begins stops the launch and leaves nothing" {
  for stage in prestart createRuntime createContainer startContainer; do
    rm -f hooks.d/* ended
    hook bad "$stage" "echo sorry >&2; exit 5"
    hook end poststop "echo \$(cat) >$work/ended"
    run --separate-stderr hooks_run "$image" -- echo no
    refused "run the $stage hook '/bin/sh' of $work/hooks.d/bad.json: it ended with 5: sorry"
    await ended
  done
  expect_no_process_left
}

@test "a hook that hangs is killed with its process group at its time-out" {
  hook slow createContainer "sleep 2000 & sleep 2000" '{"timeout": 1}'
  start=$SECONDS
  run --separate-stderr hooks_run "$image" -- echo no
  refused "run the createContainer hook '/bin/sh' of $work/hooks.d/slow.json: it was killed after 1 second"
  ((SECONDS - start < 15))
  run -1 pgrep -u "$(id -u)" -x -f 'sleep 2000'
  # And when its launch has gone.
  hook slow createRuntime "echo \$\$ >$work/slow; sleep 2000"
  "$BERTH" run --hooks-dir "$work/hooks.d" "$image" -- echo no 3>&- &
  await slow
  kill -KILL $!
  expect_no_process_left
  run -1 pgrep -u "$(id -u)" -x -f 'sleep 2000'
}

@test "an edit hook goes when its launch does, or when berth-hooks is told to end" {
  program slow "echo \$PPID >$work/asker; sleep 3000 & sleep 3000"
  for signal in KILL TERM; do
    rm -f asker
    "$BERTH" run --hook "$work/slow" "$image" -- echo no 3>&- &
    await asker
    # One end of it is tried with each: the launch itself, and who asks for it.
    [ "$signal" = KILL ] || kill -TERM "$(cat asker)"
    [ "$signal" = TERM ] || kill -KILL $!
    code=0
    wait $! || code=$?
    [ "$code" != 0 ]
    expect_no_process_left
    run -1 pgrep -u "$(id -u)" -x -f 'sleep 3000'
  done
}

@test "a hook has no descriptor that the launch was started with" {
  echo secret >secret
  program look "ls -l /proc/\$\$/fd >$work/edit"
  hook look createRuntime "ls -l /proc/\$\$/fd >$work/oci"
  run hooks_run --hook "$work/look" "$image" -- true 7<secret
  [ "$status" = 0 ]
  cat edit oci
  [ -s edit ] && [ -s oci ]
  run -1 grep secret edit oci
}

@test "with --pid a hook that is killed leaves nothing behind" {
  cp "$(command -v sleep)" lingerer
  hook slow createContainer "echo begun >$work/begun; exec $work/lingerer 4000" '{"timeout": 1}'
  hook end poststop "ps -eo pid,ppid,stat,args >$work/processes; sleep 0.5"
  run --separate-stderr hooks_run --pid "$image" -- echo no
  refused "run the createContainer hook '/bin/sh' of $work/hooks.d/slow.json: it was killed after 1 second"
  await begun
  cat processes
  # The node's first process may take its time with those of others.
  run -1 grep -F lingerer processes
}

@test "what an OCI hook writes too much of is dropped" {
  hook loud createRuntime "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; echo end >$work/end"
  run --separate-stderr hooks_run "$image" -- echo yes
  [ "$output" = yes ]
  [ "$(cat end)" = end ]
}

@test "a program that goes after it was looked at is named with its hook" {
  program gone true
  hook a createRuntime "rm $work/gone"
  hook b createRuntime true '{"path": "'"$work"'/gone"}'
  run --separate-stderr hooks_run "$image" -- echo no
  [[ "$stderr" == "berth: cannot run the createRuntime hook '$work/gone' of $work/hooks.d/b.json: cannot run '$work/gone': "*": No such file or directory (ENOENT)" ]]
}

@test "ranks that share a container begin after startContainer, and not at all if it fails" {
  ranks() {
    for rank in 0 1; do
      OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=$rank \
        OMPI_COMM_WORLD_LOCAL_SIZE=2 PMIX_NAMESPACE=hooks-$$ "$BERTH" run --share=node \
        --hooks-dir "$work/hooks.d" "$@" "$image" -- sh -c "echo program >>$work/log" 3>&- 2>>errors &
      eval "rank$rank=$!"
    done
    codes=""
    for pid in "$rank0" "$rank1"; do
      code=0
      wait "$pid" || code=$?
      codes+=" $code"
    done
    cat errors
  }
  for option in --share=node --private-overlay; do
    rm -f log
    hook inside startContainer "sleep 0.5; echo hook >>$work/log"
    ranks "$option"
    [ "$codes" = " 0 0" ]
    [ "$(xargs <log)" = "hook program program" ]
    expect_no_process_left
    hook inside startContainer "exit 1"
    rm log
    ranks "$option"
    [ "$codes" = " 125 125" ]
    [ ! -e log ]
    expect_no_process_left
  done
}

@test "what fails later is said, and the program runs on" {
  hook late poststart "exit 7"
  run --separate-stderr hooks_run "$image" -- sh -c 'sleep 0.5; echo done'
  [ "$status" = 0 ]
  [ "$output" = "done" ]
  [ "$stderr" = "berth: cannot run the poststart hook '/bin/sh' of $work/hooks.d/late.json: it ended with 7: continuing" ]
}

@test "who reads the program's errors to their end does not wait for a poststart hook" {
  mkfifo go
  hook slow poststart "exec <$work/go; exit 7"
  # The pipe ends with the program, while the hook still runs.
  run timeout 10 bash -c '"$0" "$@" 2>&1 | cat' "$BERTH" run --hooks-dir "$work/hooks.d" "$image" -- echo finished
  echo "$output"
  [ "$output" = finished ]
  : >go
  expect_no_process_left
}

@test "what hooks write is in a detached container's log, and in --verbose" {
  hook words "createRuntime poststart poststop" "echo words of a hook"
  name=hooks-$$-$RANDOM
  "$BERTH" run -d --name "$name" --hooks-dir "$work/hooks.d" "$image" -- sh -c 'sleep 0.5; echo program'
  "$BERTH" wait "$name"
  for _ in $(seq 100); do
    [ "$("$BERTH" logs "$name" 2>&1 | grep -c 'words of a hook')" != 3 ] || break
    sleep 0.05
  done
  run "$BERTH" logs "$name"
  "$BERTH" rm "$name"
  echo "$output"
  [ "$(sort -u <<<"$output")" = $'program\nwords of a hook' ]
  run --separate-stderr hooks_run "$image" -- true
  [ -z "$stderr" ]
  run --separate-stderr hooks_run --verbose "$image" -- true
  [[ "$stderr" == *"words of a hook"* ]]
}

@test "files are chosen by annotation, command and binds, and left out by name" {
  hook a createRuntime "echo a >>$work/log"
  hook b createRuntime "echo b >>$work/log"
  sed -i 's/{"always": true}/{"annotations": {"^site$": "yes"}, "commands": ["true$"]}/' hooks.d/b.json
  grep -q annotations hooks.d/b.json
  took() {
    rm -f log
    hooks_run "$@" "$image" -- true && xargs <log
  }
  [ "$(took)" = a ]
  [ "$(took --annotation site=yes)" = "a b" ]
  [ "$(took --annotation site=no)" = a ]
  [ "$(took --annotation site=yes --no-hook a)" = b ]
  [ ! -e log ] || rm log
  hooks_run --no-hooks "$image" -- true
  [ ! -e log ]
  run "$BERTH" run --hooks-dir "$work/hooks.d" --plan "$image" -- true
  [ "${lines[0]}" = "# $work/hooks.d/a.json: 0 variables, 0 devices, 0 mounts, 1 hook" ]
  [ "${lines[1]}" = "#   createRuntime '/bin/sh'" ]
  [[ "$output" == *"run hooks on the finished container"*"createRuntime /bin/sh"* ]]
  [ ! -e log ]
}

@test "a site has hooks for everybody, and may forbid to leave them out" {
  [ ! -e /etc/berth/run.conf ]
  program rules 'echo "{\"cdiVersion\": \"0.8.0\", \"containerEdits\": {\"env\": [\"SITE=rules\"]}}"'
  export BERTH_SITE_RUN_CONFIG=$work/site.conf
  printf 'default hook=%s/rules\nforbid no-hooks\nforbid no-hook\n' "$work" >site.conf
  run berth_run "$image" -- sh -c 'echo $SITE'
  [ "$output" = rules ]
  for option in --no-hooks --no-hook=rules; do
    run berth_run "$option" "$image" -- true
    [ "$status" = 125 ]
    [[ "$output" == *"the site forbids it"* ]]
  done
  sed -i 2,3d site.conf
  run berth_run --no-hook=rules "$image" -- sh -c 'echo "${SITE-none}"'
  [ "$output" = none ]
}

@test "hooks of a device's specification run, and ranks that share a container run them once" {
  mkdir config/cdi
  chmod 755 config/cdi
  cat >config/cdi/v.json <<END
{"cdiVersion": "0.8.0", "kind": "v/c", "devices": [{"name": "d", "containerEdits": {"hooks": [
  {"hookName": "createContainer", "path": "/bin/sh", "args": ["sh", "-c", "echo in >>$work/log"]},
  {"hookName": "poststop", "path": "/bin/sh", "args": ["sh", "-c", "echo stop >>$work/log"]}]}}]}
END
  chmod 644 config/cdi/v.json
  options=(--share=node --device v/c=d)
  "$BERTH" run "${options[@]}" "$image" -- sh -c 'echo up >up; while [ ! -e go ]; do sleep 0.05; done' 3>&- &
  await up
  run berth_run "${options[@]}" "$image" -- echo second
  [ "$output" = second ]
  [ "$(cat log)" = in ]
  touch go
  wait
  expect_no_process_left
  [ "$(cat log)" = $'in\nstop' ]
  rm log
  run berth_run --no-hooks --device v/c=d "$image" -- echo none
  [ "$output" = none ]
  [ ! -e log ]
}

# written_in PAGE: the first shell script that a manual page prints.
written_in() {
  sed -n '/^#!\/bin\/sh/,/^\.fi/p' "$BERTH_SOURCE/docs/man/$1" | sed '/^\.fi/,$d; s/\\-/-/g; s/\\e/\\/g'
}

@test "the hook that the manual page has people write does what it says, and so does the example" {
  written_in berth-hooks.7 >site-rules
  chmod 755 site-rules
  grep -q containerEdits site-rules
  run berth_run --hook "$work/site-rules" "$image" -- sh -c 'echo $LICENCE'
  echo "$output"
  [ "$output" = 7000@lic.example.org ]
  mkdir -p labelled/.berth
  echo '{"config": {"Labels": {"org.example.fabric": "yes"}}}' >labelled/.berth/config.json
  run berth_run --hook "$work/site-rules" --plan ./labelled -- true
  echo "${lines[0]}"
  [ "${lines[0]}" = "# $work/site-rules: 1 variable, 0 devices, 1 mount" ]
  grep -q "to '/opt/fabric/lib'" <<<"$output"
  cp "$BERTH_SOURCE/examples/hooks/site-rules" example
  chmod 755 example
  run berth_run --hook "$work/example" "$image" -- sh -c 'echo $LICENCE'
  [ "$output" = 7000@licence.example.org ]
  run berth_run --hook "$work/example" --annotation site.data=yes --plan "$image" -- true
  [ "${lines[0]}" = "# $work/example: 1 variable, 0 devices, 1 mount" ]
}

@test "a launch without hooks looks for none and starts nobody" {
  skip_unless "no strace" command -v strace
  strace -f -o trace -e trace=openat,open,execve,statx,newfstatat,access "$BERTH" run "$image" -- true
  grep -q execve trace
  run -1 grep -E 'hooks\.d|berth-hooks|containers/oci|/cdi' trace
}
