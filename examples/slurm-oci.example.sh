#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# slurm-oci.example.sh BERTH VARIABLES IMAGE PROGRAM [ARGUMENT]... - what RunTimeRun of examples/oci.conf.example
# starts for each task: the program in its container, with the job's variables, which Slurm has written into a file.
set -euo pipefail
berth=$1 file=$2 image=$3
shift 3
mapfile -d '' -t variables <"$file"
# A directory is an OCI bundle for Slurm; what is no file is misspelt, and must not run on the node.
[ -f "$image" ] || {
  echo "cannot use '$image' as an image: it is no file on $(hostname)" >&2
  exit 125
}
exec env -i -- "${variables[@]}" "$berth" run "$image" -- "$@"
