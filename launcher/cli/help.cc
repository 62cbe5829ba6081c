// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/verbs.h"

namespace berth::cli {

std::string help_text() {
  return R"(berth runs programs in container images on clusters, without privilege.

  berth import SOURCE [OUT.sqsh]            make an image from one of OCI or tar
  berth run [OPTIONS] IMAGE [--] [COMMAND]  run a program in an image
  berth image VERB ...                      list, inspect and remove images
  berth mount IMAGE DIR, berth unmount DIR  show an image on a directory
  berth ps, inspect, logs, top, stats       look at containers with a name
  berth exec NAME [--] COMMAND              run a program in one of them
  berth pause, resume, kill, stop, wait, rm stop, end and remove them
  berth --version

  srun --container=img.sqsh app             in every task of a Slurm step
  mpirun -np 4 berth run img.sqsh app       in ranks, one container per node

Each verb has --help and a manual page: man berth, berth-run, berth-import,
berth-image, berth-mount, berth-containers, berth-exec.
)";
}

std::string run_help_text() {
  return R"(usage: berth run [OPTIONS] IMAGE [--] [COMMAND...]

  -v, --bind SRC[:DST[:OPTS]]  show SRC of this node at DST
  -e, --env NAME[=VALUE]       set a variable, or take the caller's
  -w, --workdir DIR            begin in DIR of the container
      --home host|none         show the caller's home directory or not
      --read-only              nothing can be written outside binds
      --overlay DIR            keep what the container changes in DIR
      --plan[=txt|svg]         print the steps or draw the node, and do nothing

  berth run img.sqsh -- python3 -c 'print(6 * 7)'
  mpirun -np 4 berth run --bind /scratch:/data:ro img.sqsh -- solver /data/case1

All options: man berth-run
)";
}

}  // namespace berth::cli
