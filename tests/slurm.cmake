# SPDX-License-Identifier: Apache-2.0
berth_test(slurm_plugin_test LABELS unit slurm-plugin SOURCES tests/unit/slurm_plugin_test.cc
           NEEDS berth_slurm_parts)
berth_test(slurm_plugin_wish_test LABELS unit slurm-plugin
           SOURCES tests/unit/slurm_plugin_wish_test.cc NEEDS berth_slurm_parts)
berth_test(slurm_plugin_announce_test LABELS unit slurm-plugin
           SOURCES tests/unit/slurm_plugin_announce_test.cc NEEDS berth_node)
if(TARGET berth_spank)
  berth_test(slurm_plugin_loaded_test LABELS unit slurm-plugin
             SOURCES tests/unit/slurm_plugin_loaded_test.cc NEEDS ${CMAKE_DL_LIBS})
  target_compile_definitions(slurm_plugin_loaded_test
                             PRIVATE BERTH_SPANK_FILE="$<TARGET_FILE:berth_spank>")
  # The plugin finds slurm_api_version in the program that loads it.
  set_target_properties(slurm_plugin_loaded_test PROPERTIES ENABLE_EXPORTS ON)
  add_dependencies(slurm_plugin_loaded_test berth_spank)
  add_test(NAME slurm_plugin_binary
           COMMAND bash ${PROJECT_SOURCE_DIR}/tests/unit/slurm_plugin_binary_test.sh
                   $<TARGET_FILE:berth_spank>)
  set_tests_properties(slurm_plugin_binary PROPERTIES LABELS "unit;slurm-plugin")
endif()
