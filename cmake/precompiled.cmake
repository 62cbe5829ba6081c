# SPDX-License-Identifier: Apache-2.0
# Half of the time of a build is the standard library's headers, and of a test's GoogleTest's. With
# BERTH_PCH they are compiled once. The release build and the preset `tidy` go without, so that a file which
# forgot a header is found.
set(berth_rooms_headers algorithm array cerrno chrono cstdint cstring filesystem functional map memory optional span
                        string string_view utility vector)
set(berth_tests_headers ${berth_rooms_headers} fstream gmock/gmock.h gtest/gtest.h)

function(berth_precompile target kind)
  if(NOT BERTH_PCH)
    return()
  endif()
  if(NOT TARGET berth_precompiled_${kind})
    file(WRITE ${PROJECT_BINARY_DIR}/precompiled_${kind}.cc "")
    add_library(berth_precompiled_${kind} OBJECT ${PROJECT_BINARY_DIR}/precompiled_${kind}.cc)
    target_link_libraries(berth_precompiled_${kind} PRIVATE berth_settings)
    if(kind STREQUAL "tests")
      target_link_libraries(berth_precompiled_${kind} PRIVATE GTest::gmock)
    endif()
    list(TRANSFORM berth_${kind}_headers REPLACE "(.+)" "<\\1>" OUTPUT_VARIABLE headers)
    target_precompile_headers(berth_precompiled_${kind} PRIVATE ${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM berth_precompiled_${kind})
endfunction()
