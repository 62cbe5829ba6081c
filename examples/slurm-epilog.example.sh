#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For Epilog= in slurm.conf: removes what srun --container-name has kept for the job on this node, and what
# --container-scope=node has kept for later jobs if none has used it for some days. slurmd starts it as root;
# everything is done as the job's user.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
days=7
# shellcheck disable=SC2016  # for the shell that is the user's
exec setpriv --reuid="${SLURM_JOB_UID:?}" --regid=65534 --clear-groups --inh-caps=-all --no-new-privs -- \
  timeout 60 sh -c '
    set -e
    directory=/tmp/berth-$1
    # Somebody else may have made it, or a link of that name.
    [ ! -L "$directory" ] && [ -O "$directory" ] && cd "$directory" || exit 0
    # What belongs to subordinate uids stays as it is; what cannot be removed then makes the epilog fail.
    remove() {
      chmod -R u+rwX "$1" 2>/dev/null || :
      rm -rf --one-file-system "$1"
    }
    if [ ! -L "job-$2" ] && [ -d "job-$2" ]; then remove "job-$2"; fi
    if [ ! -L node ] && [ -d node ]; then
      find node -mindepth 1 -maxdepth 1 -type d -mtime "+$3" | while read -r container; do
        # Its lock is held while a step runs in it. A name has no blank or new line.
        (
          if [ -e "$container/changes/lock" ]; then exec 9<"$container/changes/lock"; flock -n 9 || exit 0; fi
          remove "$container"
        )
      done
      rmdir --ignore-fail-on-non-empty node
    fi
    rmdir --ignore-fail-on-non-empty "$directory"
  ' sh "$SLURM_JOB_UID" "${SLURM_JOB_ID:?}" "$days"
