# SPDX-License-Identifier: Apache-2.0
berth_test(docs_options_test LABELS unit docs SOURCES tests/docs/options_test.cc
           NEEDS berth_base berth_request_text)
foreach(check pages links names)
  add_test(NAME docs_${check} COMMAND Python3::Interpreter
                                      ${PROJECT_SOURCE_DIR}/tests/docs/check.py ${check} ${PROJECT_SOURCE_DIR})
  set_tests_properties(docs_${check} PROPERTIES LABELS "unit;docs" SKIP_RETURN_CODE 77)
endforeach()
add_test(NAME docs_help COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/docs/check.py help
                                ${PROJECT_SOURCE_DIR} $<TARGET_FILE:berth> $<TARGET_FILE:berth-image>)
set_tests_properties(docs_help PROPERTIES LABELS "unit;docs")
