# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154  # sourced by tests/vm/run
# Version 2 of control groups, for Slurm's plugin of that. Its daemons take half a minute to start.
is_slow=1
words=(cgroup_no_v1=all)
cpus=2
memory=1536
