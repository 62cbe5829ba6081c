# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced as root by tests/vm/inside
# The user's own manager, as a login starts it.
systemctl start user@"$(id -u "$BERTH_TEST_USER")"
