# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced as root by tests/vm/inside
give_groups "$BERTH_TEST_USER"
