# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2153,SC2034  # variables go from and to other files
# A cluster per file of tests, and commands as its ordinary user.
load ../helpers

# As the ordinary user, in the test's folder, with a limit: a hung job is a failure, not a hung suite.
user() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid="$BERTH_TEST_USER" --regid="$(id -g "$BERTH_TEST_USER")" --init-groups -- \
      env -u TMPDIR HOME="$(getent passwd "$BERTH_TEST_USER" | cut -d: -f6)" USER="$BERTH_TEST_USER" \
      timeout 60 "$@"
  else
    env -u TMPDIR timeout 60 "$@"
  fi
}

# start_cluster BERTH_PATH [cluster option]...: two nodes whose plugin starts BERTH_PATH, and puts batch scripts
# into images.
start_cluster() {
  local berth=$1 plugin
  shift
  plugin=$(find "$BERTH_PREFIX" -name berth.so -print -quit)
  skip_unless "there is no Slurm plugin in $BERTH_PREFIX" test -n "$plugin"
  skip_unless "slurmd is not installed" test -x /usr/sbin/slurmd
  cluster=$BERTH_TEST_DIR/cluster-$$
  # A name of the tests' own, by which the processes are found.
  ln -sfn "$BERTH" "$BERTH_TEST_DIR/berth"
  echo "required $plugin berth=$berth ${plugin_words-scripts=inside}" >"$BERTH_TEST_DIR/plugstack.conf"
  # The nodes have a /var/tmp of their own: what the jobs need is shared with them by name.
  "$BERTH_SOURCE/tests/slurm/cluster" up "$cluster" -n 2 -s "$BERTH_TEST_DIR/plugstack.conf" \
    -b "$BERTH_TEST_DIR" -b "$BERTH_PREFIX" "$@" 3>&-
  export cluster SLURM_CONF=$cluster/etc/slurm.conf
}

stop_cluster() {
  [ -z "${cluster:-}" ] || "$BERTH_SOURCE/tests/slurm/cluster" down "$cluster"
}

# What most files of tests want; a file's own definitions stand behind its `load helpers` and count instead.
setup_file() {
  start_cluster "$BERTH_TEST_DIR/berth"
}

teardown_file() {
  stop_cluster
}

setup() {
  setup_job
}

teardown() {
  teardown_job
}

# Not all of Debian's releases of Slurm have it.
need_pmix() {
  local types
  types=$(srun --mpi=list 2>&1 | tr -s "\n\t" " ")
  skip_unless "this Slurm has no PMIx: $types" grep -q pmix <<<"$types"
}

# For setup(): an image of the test's own, a folder where jobs may write, and a name `marker` in it.
setup_job() {
  make_own_image
  folder=$BERTH_TEST_DIR/job-$BATS_SUITE_TEST_NUMBER-$$
  mkdir -p "$folder"
  chmod 777 "$folder"
  cd "$folder" || return
  marker=$folder/marker
}

teardown_job() {
  rm -rf "$image" "$folder"
}

# wait_for_ranks FILE N: until N ranks have written "here".
wait_for_ranks() {
  for _ in $(seq 200); do
    [ "$(grep -cx here "$1")" -lt "$2" ] || return 0
    sleep 0.05
  done
  cat "$1" >&2
  return 1
}

# How many jobs the cluster has ever been given.
count_jobs() {
  scontrol --oneliner show jobs 2>/dev/null | grep -c '^JobId=' || true
}

expect_idle() {
  for _ in $(seq 100); do
    [ "$(sinfo --noheader --states=idle --format=%D)" != 2 ] || return 0
    sleep 0.05
  done
  sinfo >&2
  return 1
}

# typed COMMAND...: its terminal, with what is read from standard input typed on it, and its status.
typed() {
  cat >typed.py <<'END'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
os.write(terminal, sys.stdin.buffer.read())
text = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    text += part
sys.stdout.buffer.write(text.replace(b"\r", b""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
  user python3 typed.py "$@"
}
