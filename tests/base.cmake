# SPDX-License-Identifier: Apache-2.0
berth_test(base_test LABELS unit base SOURCES tests/unit/base_test.cc NEEDS berth_base)
berth_test(numbers_test LABELS unit base SOURCES tests/unit/numbers_test.cc NEEDS berth_base)
berth_test(orphans_test LABELS unit base SOURCES tests/unit/orphans_test.cc NEEDS berth_base)
add_test(NAME host_programs COMMAND ${PROJECT_SOURCE_DIR}/tests/unit/host_programs_test.sh
                                    ${PROJECT_SOURCE_DIR})
set_tests_properties(host_programs PROPERTIES LABELS "unit;base")
