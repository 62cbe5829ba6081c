#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# host_programs_test.sh SOURCE - which files start programs. Variables of an image or a request may
# reach one program only, the container's own, and only one file starts that. Every other one chooses
# its variables itself; a new one is looked at by people, and then named here.
set -euo pipefail
cd "$1"

known=(
  hooks/run/become.cc          # hooks: those that a hook file lists, and PATH
  image/registry/helper.cc      # credential helpers: a short list of names
  launcher/cli/asked_program.cc # berth-pin: none; berth-hooks: for_host_program()
  launcher/cli/image_program.cc # berth-image: for_host_program()
  launcher/enter/linux_process.cc # the program in its container, when the root directory is the image
  launcher/mount/fusermount.cc  # two variables
  launcher/node/host_program.cc # pasta, slirp4netns, newuidmap and newgidmap: PATH
  launcher/survey/account.cc    # getent: none
)
calls='\b(exec(l|le|lp|v|ve|vp|vpe|veat)|fexecve|posix_spawnp?|system|popen|wordexp|dlopen|iconv_open)\('
found=$(grep -rlE "::$calls|^[^/]*[^:/a-z_]$calls" --include=*.cc --include=*.h base hooks image launcher slurm-plugin | sort)
wanted=$(printf '%s\n' "${known[@]}" | sort)
[ -n "$found" ]
diff <(echo "$wanted") <(echo "$found") || {
  echo "the files that start programs (>) are not those that are known for it (<)" >&2
  exit 1
}
