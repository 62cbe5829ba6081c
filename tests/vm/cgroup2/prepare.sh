# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced as root by tests/vm/inside
chmod 666 /dev/vda
mkswap /dev/vdb >/dev/null
swapon /dev/vdb
give_groups "$BERTH_TEST_USER"
