# SPDX-License-Identifier: Apache-2.0
foreach(name superblock block_cache)
  berth_test(read_${name}_test LABELS unit serve SOURCES tests/unit/read_${name}_test.cc
             NEEDS berth_read)
endforeach()
berth_test(read_decompress_test LABELS unit serve SOURCES
           tests/unit/read_decompress_test.cc tests/component/pack.cc tests/component/forge.cc
           NEEDS berth_read)
foreach(name sandbox fuse_reply start_files)
  berth_test(serve_${name}_test LABELS unit serve SOURCES tests/unit/serve_${name}_test.cc
             NEEDS berth_serve)
endforeach()
berth_test(serve_start_test LABELS component serve SOURCES tests/component/serve_start_test.cc
           NEEDS berth_serve)
berth_test(serve_image_test LABELS component serve SOURCES
           tests/component/serve_image_test.cc tests/component/image_look.cc NEEDS berth_serve)
berth_test(serve_proof_test LABELS component serve SOURCES
           tests/component/serve_proof_test.cc NEEDS berth_serve)
berth_fuzz(start_files SOURCES tests/fuzz/start_files.cc NEEDS berth_serve)
berth_test(serve_verified_test LABELS component serve SOURCES
           tests/component/serve_verified_test.cc NEEDS berth_read)
berth_test(serve_hostile_test LABELS component serve SOURCES
           tests/component/serve_hostile_test.cc tests/component/serve_hostile_tables_test.cc
           tests/component/serve_long_walk_test.cc tests/component/forge.cc
           tests/component/image_look.cc tests/component/pack.cc NEEDS berth_read)
berth_fuzz(squashfs_reader SOURCES
           tests/fuzz/squashfs_reader.cc tests/fuzz/squashfs_fields.cc tests/fuzz/squashfs_parts.cc
           tests/component/forge.cc tests/component/image_look.cc NEEDS berth_serve)
berth_fuzz(squashfs_tables SOURCES
           tests/fuzz/squashfs_tables.cc tests/fuzz/squashfs_fields.cc tests/component/forge.cc
           tests/component/image_look.cc NEEDS berth_read)

# The launcher's part, for tests that mount.
add_executable(serve_mount ${PROJECT_SOURCE_DIR}/tests/component/serve_mount.cc)
target_link_libraries(serve_mount PRIVATE berth_serve)
# Static as the launcher is: bench/serve measures with it how soon a mount answers.
if(NOT BERTH_SANITIZE)
  target_link_options(serve_mount PRIVATE -static -no-pie)
endif()

# berth_serve_test(name): tests/component/NAME.bats with that program. Without bats it fails.
function(berth_serve_test name)
  add_test(NAME ${name} COMMAND bats ${PROJECT_SOURCE_DIR}/tests/component/${name}.bats)
  set_tests_properties(${name} PROPERTIES
    LABELS "component;serve;slow" TIMEOUT 600
    ENVIRONMENT "SERVE_MOUNT=$<TARGET_FILE:serve_mount>;BERTH_IMAGE=$<TARGET_FILE:berth-image>")
endfunction()

berth_serve_test(serve_trees)
berth_serve_test(serve_life)
berth_serve_test(serve_damage)
berth_serve_test(serve_verified)
berth_serve_test(serve_extremes)
berth_serve_test(serve_corpus)
# The sanitizers' memory is not the server's.
if(NOT BERTH_SANITIZE)
  berth_serve_test(serve_memory)
endif()
