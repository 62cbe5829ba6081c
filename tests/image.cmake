# SPDX-License-Identifier: Apache-2.0
berth_test(store_test LABELS unit image SOURCES tests/unit/store_test.cc NEEDS berth_store)
