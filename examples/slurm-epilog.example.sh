#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For Epilog= in slurm.conf: removes what srun --container-name has kept for the job on this node, and what
# --container-scope=node has kept for later jobs if none has used it for some days. slurmd starts it as root;
# everything is done as the job's user.
# shellcheck disable=SC2016  # for the shell that is the user's
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
days=7

begin='
  directory=/tmp/berth-$1
  # Somebody else may have made it, or a link of that name.
  [ ! -L "$directory" ] && [ -O "$directory" ] && cd "$directory" || exit 0
  # What belongs to subordinate uids stays as it is.
  remove() {
    chmod -R u+rwX "$1" 2>/dev/null || :
    rm -rf --one-file-system "$1"
  }
'

# What cannot be removed makes the epilog fail.
of_job='
  set -e
  if [ ! -L "job-$2" ] && [ -d "job-$2" ]; then remove "job-$2"; fi
  rmdir --ignore-fail-on-non-empty "$directory"
'

# Every later job of the user sees these: what is wrong with one of them stops no other, and no node.
of_node='
  complain() {
    echo "$1" >&2
    logger -t berth-epilog -- "$1"
  }
  # use_ended NAME JOB: whether the job that ends has used it; then that was now.
  use_ended() {
    rm "$1/job-$2" 2>/dev/null && touch "$1"
  }
  # A step of a job that has not ended may come again; the nodes of some jobs have crashed.
  has_jobs() {
    [ -n "$(find "$1" -maxdepth 1 -name "job-*" -mtime -30)" ]
  }
  is_old() {
    [ -n "$(find "$1" -maxdepth 0 -type d -mmin "+$((days * 24 * 60))")" ]
  }
  # Its lock is held while a step runs in it. A step that begins says that it uses it, and then takes the lock:
  # the age is looked at with the lock held, and what is given up has lost its name before that is free again.
  tidy() (
    lock=$1/changes/lock
    if [ -L "$lock" ] || { [ -e "$lock" ] && [ ! -f "$lock" ]; }; then exit 1; fi
    if [ -e "$lock" ]; then
      exec 9<"$lock"
      if ! flock -n 9; then
        touch "$1"
        exit
      fi
    fi
    if has_jobs "$1" || ! is_old "$1"; then exit 0; fi
    mkdir -p -m 700 removed && chmod u+rwx "$1" && mv -T "$1" "removed/${1##*/}.$2"
  )
  days=$3
  for folder in node removed; do
    [ ! -L "$folder" ] || continue
    for container in "$folder"/*; do
      # Names of containers have nothing else in them; others are not of berth.
      case ${container#*/} in [!A-Za-z0-9]* | *[!A-Za-z0-9_.-]*) continue ;; esac
      if [ -L "$container" ] || [ ! -d "$container" ]; then continue; fi
      if [ "$folder" = removed ]; then
        remove "$container"
      else
        use_ended "$container" "$2" || tidy "$container" "$2"
      fi || complain "cannot remove $directory/$container"
    done
  done
  for folder in removed node "$directory"; do
    if [ ! -L "$folder" ] && [ -d "$folder" ]; then rmdir --ignore-fail-on-non-empty "$folder"; fi
  done
'

# as_user SECONDS PROGRAM
as_user() {
  setpriv --reuid="${SLURM_JOB_UID:?}" --regid=65534 --clear-groups --inh-caps=-all --no-new-privs -- \
    timeout "$1" sh -c "$begin$2" sh "$SLURM_JOB_UID" "${SLURM_JOB_ID:?}" "$days"
}

status=0
as_user 60 "$of_job" || status=$?
as_user 30 "$of_node" || logger -t berth-epilog -- "what user $SLURM_JOB_UID keeps on this node: not all was looked at"
exit "$status"
