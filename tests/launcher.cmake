# SPDX-License-Identifier: Apache-2.0
berth_test(request_test LABELS unit launcher SOURCES tests/unit/request_test.cc
           NEEDS berth_request_text)
berth_test(mount_options_test LABELS unit launcher SOURCES tests/unit/mount_options_test.cc
           NEEDS berth_request_text)
# Launches that several tests plan, and a kernel that refuses on demand.
add_library(launcher_cases STATIC ${PROJECT_SOURCE_DIR}/tests/unit/plan_case.cc
                                  ${PROJECT_SOURCE_DIR}/tests/unit/scripted_kernel.cc)
target_link_libraries(launcher_cases PUBLIC berth_plan berth_request)
target_compile_definitions(launcher_cases PRIVATE BERTH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
berth_test(golden_plan_test LABELS unit launcher SOURCES tests/unit/golden_plan_test.cc
           NEEDS launcher_cases)
berth_test(enter_test LABELS unit launcher SOURCES tests/unit/enter_test.cc
           NEEDS launcher_cases berth_enter)
foreach(part plan place binds environment command hints)
  berth_test(${part}_test LABELS unit launcher SOURCES tests/unit/${part}_test.cc
             NEEDS launcher_cases)
endforeach()
berth_test(device_program_test LABELS unit launcher SOURCES tests/unit/device_program_test.cc
  NEEDS berth_cgroup)
berth_test(cgroup_test LABELS unit launcher SOURCES tests/unit/cgroup_test.cc NEEDS berth_cgroup)
berth_test(pin_test LABELS unit launcher SOURCES tests/unit/pin_test.cc NEEDS berth_pin)
berth_test(draw_test LABELS unit launcher SOURCES tests/unit/draw_test.cc NEEDS berth_pin)
berth_test(golden_map_test LABELS unit launcher SOURCES tests/unit/golden_map_test.cc
           NEEDS berth_pin berth_topology)
berth_test(seccomp_test LABELS unit launcher SOURCES tests/unit/seccomp_test.cc NEEDS berth_seccomp)
berth_test(identity_test LABELS unit launcher SOURCES tests/unit/identity_test.cc
           NEEDS launcher_cases berth_survey)
berth_test(survey_test LABELS unit launcher SOURCES tests/unit/survey_test.cc NEEDS berth_survey)
foreach(part image_config env_file run_settings environment_file)
  berth_test(${part}_test LABELS unit launcher SOURCES tests/unit/${part}_test.cc
             NEEDS berth_request)
endforeach()
# Pieces of these tests enter namespaces and become an ordinary user in processes of their own.
add_library(launcher_child STATIC ${PROJECT_SOURCE_DIR}/tests/component/launcher_child.cc)
target_link_libraries(launcher_child PUBLIC berth_base)
foreach(part mounts overlay process race init)
  berth_test(launcher_${part}_test LABELS component launcher
             SOURCES tests/component/launcher_${part}_test.cc NEEDS launcher_child berth_enter)
endforeach()
berth_test(mount_test LABELS unit launcher SOURCES tests/unit/mount_test.cc NEEDS berth_mount)
berth_test(node_test LABELS unit launcher SOURCES tests/unit/node_test.cc NEEDS berth_node)
berth_test(launcher_node_test LABELS component launcher
           SOURCES tests/component/launcher_node_test.cc tests/component/launcher_ranks.cc
           NEEDS launcher_child berth_node)
berth_test(state_test LABELS unit launcher SOURCES tests/unit/state_test.cc NEEDS berth_state)
berth_test(mpi_check_test LABELS unit launcher SOURCES tests/unit/mpi_check_test.cc NEEDS berth_cli)
berth_test(cli_test LABELS unit launcher SOURCES tests/unit/cli_test.cc NEEDS berth_cli)
berth_test(launcher_plan_test LABELS component launcher
           SOURCES tests/component/launcher_plan_test.cc NEEDS launcher_child berth_cli)
# What the compiler leaves of the child's code when it optimizes; sanitizers add calls of their own.
if(NOT BERTH_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND CMAKE_COMPILER_IS_GNUCXX)
  add_test(NAME child_symbols COMMAND ${PROJECT_SOURCE_DIR}/tests/component/child_symbols.sh
                                      $<TARGET_OBJECTS:berth_enter> $<TARGET_OBJECTS:berth_init>
           COMMAND_EXPAND_LISTS)
  add_test(NAME launcher_light COMMAND ${PROJECT_SOURCE_DIR}/tests/component/launcher_light.sh
                                       $<TARGET_FILE:berth>)
  set_tests_properties(child_symbols launcher_light PROPERTIES LABELS "component;launcher")
endif()
berth_fuzz(machine_text SOURCES tests/fuzz/machine_text.cc NEEDS berth_pin)
berth_fuzz(request_text SOURCES tests/fuzz/request_text.cc NEEDS berth_request_text)
berth_fuzz(run_settings SOURCES tests/fuzz/run_settings.cc NEEDS berth_request)
berth_fuzz(environment_file SOURCES tests/fuzz/environment_file.cc NEEDS berth_request_text)
berth_fuzz(seccomp_profile SOURCES tests/fuzz/seccomp_profile.cc NEEDS berth_seccomp)
berth_fuzz(image_config SOURCES tests/fuzz/image_config.cc NEEDS launcher_cases)
berth_fuzz(command_line SOURCES tests/fuzz/command_line.cc NEEDS launcher_cases)
