# SPDX-License-Identifier: Apache-2.0
berth_test(base_test LABELS unit base SOURCES tests/unit/base_test.cc NEEDS berth_base)
