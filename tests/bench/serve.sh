#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# serve.sh SERVE_MOUNT IMAGE: the same work on one image through berth's server and through
# squashfuse_ll, each time on a fresh mount. Prints milliseconds of CPU, of the reader and the server
# together (the median of five, so that a loaded machine matters little), and the ratio; below 1
# berth takes less. Run it as root or as a user who may use fusermount3.
# shellcheck disable=SC2016  # the inner shells expand
set -euo pipefail
serve_mount=$(realpath "$1")
image=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir mnt

declare -A job=(
  [walk]='find mnt -size +1000000k'
  [walk-again]='find mnt -size +1000000k; find mnt -size +1000000k; find mnt -size +1000000k'
  [small-files]='find mnt -type f -size -20k -print0 | head -z -n 4000 | xargs -0 cat > /dev/null'
  [large-files]='find mnt -type f -size +500k -print0 | head -z -n 100 | xargs -0 cat > /dev/null'
  [all]='find mnt -type f -print0 | xargs -0 -P 2 -n 200 cat > /dev/null'
)

# cpu_of_work COMMAND: runs it; microseconds that it and the server SERVE_PID have taken.
cpu_of_work() {
  TIMEFORMAT='%3U %3S'
  read -r user system < <({ time eval "$1" > /dev/null; } 2>&1 | tail -n 1)
  server=$(cat "/proc/$SERVE_PID/task/"*/schedstat | awk '{ s += $1 } END { print s / 1000 }')
  awk -v u="$user" -v s="$system" -v d="$server" 'BEGIN { printf "%d\n", (u + s) * 1e6 + d }'
}
export -f cpu_of_work

with_berth() { "$serve_mount" "$image" mnt bash -c 'cpu_of_work "$1"' - "$1"; }

with_squashfuse() {
  squashfuse_ll -f "$image" mnt &
  until mountpoint -q mnt; do sleep 0.01; done
  SERVE_PID=$! cpu_of_work "$1"
  fusermount3 -u mnt
  wait
}

median() { for _ in 1 2 3 4 5; do "$@"; done | sort -n | sed -n 3p; }

printf '%-12s %10s %14s %6s\n' work 'berth ms' 'squashfuse ms' ratio
for name in walk walk-again small-files large-files all; do
  ours=$(median with_berth "${job[$name]}")
  theirs=$(median with_squashfuse "${job[$name]}")
  awk -v n=$name -v o="$ours" -v t="$theirs" \
    'BEGIN { printf "%-12s %10.1f %14.1f %6.2f\n", n, o / 1000, t / 1000, o / t }'
done
