#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# slurm_plugin_binary_test.sh BERTH.SO - what the plugin brings into Slurm's daemons: the C library
# and nothing else, no name that another plugin could trip over, and all of its own code.
set -euo pipefail
plugin=$1
libraries=$(readelf --dynamic --wide "$plugin" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
names=$(nm --dynamic --defined-only "$plugin" | awk '{print $3}')
if [ -z "$libraries" ] || [ -z "$names" ]; then
  echo "cannot read $plugin" >&2
  exit 1
fi
failed=0
for library in $libraries; do
  case $library in
    libc.so.* | libm.so.* | libdl.so.* | ld-linux*) ;;
    *) echo "$plugin needs $library" >&2; failed=1 ;;
  esac
done
for name in $names; do
  case $name in
    slurm_spank_* | plugin_name | plugin_type | plugin_version | spank_plugin_version) ;;
    *) echo "$plugin shows $name" >&2; failed=1 ;;
  esac
done
# Slurm resolves functions when they are first called: one of ours that is missing would end its daemon then.
missing=$(nm --dynamic --undefined-only --demangle "$plugin" | grep berth:: || [ $? = 1 ])
[ -z "$missing" ] || {
  printf '%s lacks\n%s\n' "$plugin" "$missing" >&2
  failed=1
}
exit $failed
