#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For Epilog= in slurm.conf: removes what srun --container-name has kept for the job on this node. slurmd starts it
# as root; everything is done as the job's user.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# shellcheck disable=SC2016  # for the shell that is the user's
exec setpriv --reuid="${SLURM_JOB_UID:?}" --regid=65534 --clear-groups --inh-caps=-all --no-new-privs -- \
  timeout 60 sh -c '
    set -e
    directory=/tmp/berth-$1
    # Somebody else may have made it, or a link of that name.
    [ ! -L "$directory" ] && [ -O "$directory" ] && cd "$directory" || exit 0
    [ ! -L "job-$2" ] && [ -d "job-$2" ] || exit 0
    # What belongs to subordinate uids stays as it is; what cannot be removed then makes the epilog fail.
    chmod -R u+rwX "job-$2" 2>/dev/null || :
    rm -rf --one-file-system "job-$2"
    rmdir --ignore-fail-on-non-empty "$directory"
  ' sh "$SLURM_JOB_UID" "${SLURM_JOB_ID:?}"
