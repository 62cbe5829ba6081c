#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# What a hostile user of the cluster gives to the plugin, which slurmd loads as root: nothing of it is opened,
# followed, executed or believed there.
load helpers

# As somebody who is neither root nor the tests' user.
stranger() {
  setpriv --reuid=nobody --regid=nogroup --clear-groups env -u TMPDIR timeout 60 "$@"
}

# Root has opened nothing of a user's: of the processes that slurmd starts, those that open a name with one of the
# words in it have executed berth before.
expect_opened_by_berth() {
  python3 - "$@" <<'EOF'
import re, sys
log, words = sys.argv[1], sys.argv[2:]
program, seen, bad = {}, set(), []
for line in open(log, errors="replace"):
    found = re.match(r"(\d+) +(.*)", line)
    pid, call = found[1], found[2]
    forked = re.match(r"(?:clone3?|v?fork)\(.*= (\d+)$", call) or re.match(r"<\.\.\. (?:clone3?|v?fork) resumed.*= (\d+)$", call)
    if forked:
        program.setdefault(forked[1], program.get(pid, "slurmd"))
    executed = re.match(r'execve\("([^"]*)"', call)
    if executed and "ENOENT" not in call:
        program[pid] = executed[1]
    for word in words:
        if word in call and not executed:
            seen.add(word)
            if not program.get(pid, "slurmd").endswith("/berth"):
                bad.append((program.get(pid, "slurmd"), line.strip()))
print("seen:", seen, "bad:", bad)
sys.exit(bool(bad) or seen != set(words))
EOF
}

@test "as_root: slurmd and slurmstepd open nothing that a user names" {
  skip_unless "strace is not installed" command -v strace
  skip_unless "slurmd is not root's" [ "$(id -u)" = 0 ]
  user mkdir named-bind named-overlay
  echo A=1 | user tee named-vars >/dev/null
  mv "$image" named-image.sqsh
  strace -f -qq -o calls -e trace=file,process -p "$(cat "$cluster/run/slurmd.n1.pid")" 2>err 3>&- &
  local tracer=$!
  for _ in $(seq 100); do
    [ "$(grep TracerPid "/proc/$(cat "$cluster/run/slurmd.n1.pid")/status" | cut -f2)" = 0 ] || break
    sleep 0.05
  done
  run -0 user srun -w n1 --container=named-image.sqsh --container-bind=named-bind:/b --container-overlay=named-overlay \
    --container-env-file=named-vars sh -c 'echo "$A"; ls -d /b'
  kill "$tracer"
  expect_end 143 "$tracer"
  [ "$output" = $'1\n/b' ]
  expect_opened_by_berth calls named-image.sqsh named-bind named-overlay named-vars
}

@test "as_root: what others have put where berth might look is not followed" {
  skip_unless "there is one user" [ "$(id -u)" = 0 ]
  local uid
  uid=$(id -u "$BERTH_TEST_USER")
  echo secret >secret
  chmod 600 secret
  stranger srun -w n1 sh -c "mkdir -m 777 /tmp/berth /tmp/berth-$uid /tmp/berth-0 /dev/shm/berth-$uid
    ln -s $PWD/secret /tmp/berth-$uid/slurm; ln -s $PWD/secret /tmp/.berth; ln -s /etc /tmp/berth-serve"
  local before
  before=$(user srun -w n1 sh -c 'ls -lRn --time-style=full-iso /tmp /dev/shm | grep -i berth')
  run -0 user srun -w n1 -n2 --mpi=pmix --container="$image" mpi-hello
  expect_ranks 2
  XDG_RUNTIME_DIR=/tmp/berth TMPDIR=/tmp/berth run -0 user srun -w n1 -n2 --container="$image" --container-pin=core cat /etc/motd
  [ "$output" = $'berth demo image\nberth demo image' ]
  [ "$(user srun -w n1 sh -c 'ls -lRn --time-style=full-iso /tmp /dev/shm | grep -i berth')" = "$before" ]
  [ "$(cat secret)" = secret ]
  stranger srun -w n1 sh -c "rm -rf /tmp/berth /tmp/berth-$uid /tmp/berth-0 /tmp/.berth /tmp/berth-serve /dev/shm/berth-$uid"
}

@test "an image that becomes a link to what root alone may read" {
  printf '#!/bin/bash\nln -sfn /etc/shadow %s/image.sqsh\n' "$folder" >prolog.sh
  chmod 755 prolog.sh
  ln -s "$image" image.sqsh
  chmod 777 .
  rm image.sqsh && user ln -s "$image" image.sqsh
  run user srun --prolog="$folder/prolog.sh" --container=image.sqsh sh -c 'echo ran >marker'
  echo "$output"
  [ "$status" != 0 ]
  [[ $output == *"image.sqsh"*"Permission denied (EACCES)"* ]]
  [ ! -e "$marker" ]
}

@test "variables that lead a loader or a library load nothing as root, and nothing into a container" {
  skip_unless "there is no C compiler" command -v cc
  cat >loaded.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
unsigned la_version(unsigned version) { return version; }
__attribute__((constructor)) static void tell(void) {
  char program[512] = "";
  FILE *log = fopen(getenv("LOADED_LOG"), "a");
  if (readlink("/proc/self/exe", program, sizeof program - 1) > 0 && log)
    fprintf(log, "%d %d %s\n", getuid(), geteuid(), program);
}
EOF
  cc -shared -fPIC -o loaded.so loaded.c
  user touch log
  run -0 --separate-stderr user env LD_PRELOAD="$PWD/loaded.so" LD_AUDIT="$PWD/loaded.so" LOADED_LOG="$PWD/log" \
    LD_LIBRARY_PATH="$PWD" GCONV_PATH="$PWD" HWLOC_PLUGINS_PATH="$PWD" HWLOC_XMLFILE=/dev/null HWLOC_COMPONENTS=xml \
    BERTH_RUN_CONFIG= BERTH_STORE=/dev/null BERTH_DEBUG=1 TMPDIR=/no/such \
    srun -n2 -N2 --container="$image" --container-pin=core sh -c 'echo "${LD_PRELOAD-none} ${TMPDIR-none} $(cat /etc/motd)"'
  echo "$output"
  [ "$output" = $'none /tmp berth demo image\nnone /tmp berth demo image' ] # Slurm's answer to such a TMPDIR
  cat log
  grep -q "/srun$" log # so that "nothing else" means something
  run ! grep -v "^$(id -u "$BERTH_TEST_USER") $(id -u "$BERTH_TEST_USER") /usr/bin/" log
}

@test "newlines, per cents and our own separators arrive as they are, and forge no message" {
  run -0 user srun --container="$image" --container-env=A=$'1\n%s%n;image=/etc;command=id' --container-bind="$PWD:/a;root=%" \
    sh -c 'echo "$A"; ls -d "/a;root=%"; id -u' '%n%s' $'x\ny'
  [ "$output" = $'1\n%s%n;image=/etc;command=id\n/a;root=%\n'"$(id -u "$BERTH_TEST_USER")" ]
  run user srun --container=$'none%s%n\nsrun: error: forged' true
  [ "$status" != 0 ]
  run ! grep '^srun: error: forged' <<<"$output"
  run user srun --container="$image" --container-pin=$'%s%n%n\nforged' true
  [ "$status" != 0 ]
  [[ $output == *"cannot pin ranks to '%s%n%n\\x0aforged'"* ]]
}

@test "our own variables, made up" {
  # Who types them is not obeyed...
  run -0 user env BERTH_TASK='1;image=/etc/passwd' SLURM_BERTH_TASK='1;image=/none' BERTH_HELPERS=1 BERTH_SCRIPT=/etc/passwd \
    SLURM_BERTH_SCRIPT='1;image=/none' srun --container="$image" cat /etc/motd
  [ "$output" = "berth demo image" ]
  run -0 user env SLURM_BERTH_TASK='1;image=/none' SLURM_BERTH_SCRIPT='1;image=/none' srun echo outside
  [ "$output" = outside ]
  run -0 user env SLURM_BERTH_SCRIPT='1;image=/none' sbatch --wait --output=out --wrap 'echo outside'
  [ "$(cat out)" = outside ]
  run -0 user srun --export='ALL,SLURM_BERTH_TASK=1;image=/none,BERTH_TASK=x' --container="$image" cat /etc/motd
  [ "$output" = "berth demo image" ]
  # ... and what is put behind the plugin's back is the user's own error, with the user's rights.
  local text
  for text in x '1;image=/none' '2;image=/x' '1;image=%zz' "1;image=$image;no-such=1" "$(printf '%%%.0s' {1..5000})"; do
    run -125 user srun --export="ALL,SLURM_BERTH_TASK=$text" "$BERTH_TEST_DIR/berth" sh -c 'echo ran >marker'
    [ ! -e "$marker" ]
  done
}

@test "SLURM_CONTAINER is no option" {
  run -0 user env SLURM_CONTAINER="$image" srun sh -c 'echo "$SLURM_CONTAINER"; readlink /proc/self/ns/user'
  [ "${lines[0]}" = "$image" ] # as Slurm leaves it
  [ "${lines[1]}" = "$(readlink /proc/self/ns/user)" ]
}

@test "who makes up a step's numbers does not get into its container" {
  user srun -w n1 --container="$image" sh -c 'readlink /proc/self/ns/mnt; env | grep "^SLURM_\(JOB_ID\|STEP_ID\|PROCID\|LOCALID\|STEP_TASKS\)" >vars; echo here; while [ ! -e go ]; do sleep 0.05; done' >out 2>&1 3>&- &
  wait_for_ranks out 1
  run -0 user srun -w n1 sh -c "env \$(cat vars) '$BERTH_TEST_DIR/berth' run --share=node '$image' -- readlink /proc/self/ns/mnt"
  touch go
  wait
  echo "$output"
  [[ $output == mnt:* ]]
  [ "$output" != "$(head -n 1 out)" ]
}

@test "numbers of others' processes in the plugin's pipe hold a step up, and do nothing else" {
  cat >lie.py <<'EOF'
import os, struct
fd = int(os.environ["BERTH_HELPERS"])
numbers = [1, 0, -1, 2**31 - 1, -2**31, os.getpid(), os.getppid(), int(os.environ["VICTIM"])]
os.write(fd, struct.pack(f"{len(numbers)}i", *numbers))
try:
    while True:
        os.write(fd, b"%n\n" * 20000)
except BlockingIOError:
    print("full")
EOF
  sleep 100 3>&- &
  local victim=$! begin=${EPOCHREALTIME/./}
  # Any text makes a step one of the plugin's; this program is no berth.
  VICTIM=$victim run -0 user srun --export=ALL,SLURM_BERTH_TASK=x python3 lie.py
  [ "$output" = full ]
  [ $(((${EPOCHREALTIME/./} - begin) / 1000)) -lt 3000 ]
  kill "$victim" # is alive
  run -0 user srun -N2 --container="$image" cat /etc/motd
}
