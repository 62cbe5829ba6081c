# SPDX-License-Identifier: Apache-2.0
berth_test(request_test LABELS unit launcher SOURCES tests/unit/request_test.cc
           NEEDS berth_request_text)
