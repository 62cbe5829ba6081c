# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced as root by tests/vm/inside.
chmod 666 /dev/vda
mkswap /dev/vdb >/dev/null
swapon /dev/vdb
