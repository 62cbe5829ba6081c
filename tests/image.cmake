# SPDX-License-Identifier: Apache-2.0
berth_test(store_test LABELS unit image SOURCES tests/unit/store_test.cc NEEDS berth_store)
berth_test(overlay_test LABELS unit image SOURCES tests/unit/overlay_test.cc NEEDS berth_overlay)
berth_test(settings_test LABELS unit image SOURCES tests/unit/settings_test.cc
           NEEDS berth_settings_file)
berth_test(sha256_test LABELS unit image SOURCES tests/unit/sha256_test.cc
           NEEDS berth_integrity crypto)
berth_test(hash_tree_test LABELS unit image SOURCES tests/unit/hash_tree_test.cc
           NEEDS berth_integrity)
berth_test(source_test LABELS unit image SOURCES tests/unit/source_test.cc NEEDS berth_source)
berth_test(registry_test LABELS unit image SOURCES tests/unit/registry_test.cc
           NEEDS berth_registry)
berth_test(layers_test LABELS unit image SOURCES tests/unit/layers_test.cc NEEDS berth_layers)
berth_test(layers_ahead_test LABELS unit image SOURCES tests/unit/layers_ahead_test.cc
           NEEDS berth_layers)
berth_test(archive_test LABELS unit image SOURCES tests/unit/archive_test.cc NEEDS berth_archive)
berth_test(changes_test LABELS unit image SOURCES tests/unit/changes_test.cc NEEDS berth_image_cli)
berth_test(import_options_test LABELS unit image SOURCES tests/unit/import_options_test.cc
           NEEDS berth_image_cli)
berth_test(import_progress_test LABELS unit image SOURCES tests/unit/import_progress_test.cc
           NEEDS berth_image_cli)
berth_test(squash_writer_test LABELS unit image SOURCES tests/unit/squash_writer_test.cc
           NEEDS berth_squash berth_read)
berth_test(profile_test LABELS unit image SOURCES tests/unit/profile_test.cc NEEDS berth_profile)
berth_test(packing_test LABELS unit image SOURCES tests/unit/packing_test.cc NEEDS berth_image_cli)

# The import of whole images, against umoci, overlayfs and unsquashfs. BERTH_STACKS and BERTH_KILLS
# say how many random stacks and deaths; BERTH_SEED where to begin.
foreach(name atomic bounds errors export formats hostile images integrity outputs people registry save settings squash stacks threads verify web)
  add_test(NAME import_${name}
           COMMAND Python3::Interpreter -B
                   ${PROJECT_SOURCE_DIR}/tests/component/import/${name}_test.py)
  set_tests_properties(import_${name} PROPERTIES
    LABELS "component;image;slow" TIMEOUT 600 ENVIRONMENT BERTH_IMAGE=$<TARGET_FILE:berth-image>)
endforeach()

# The sanitizers' memory is not the import's.
if(NOT BERTH_SANITIZE)
  add_test(NAME import_memory
           COMMAND Python3::Interpreter -B
                   ${PROJECT_SOURCE_DIR}/tests/component/import/memory_test.py)
  set_tests_properties(import_memory PROPERTIES
    LABELS "component;image;slow" TIMEOUT 600 ENVIRONMENT BERTH_IMAGE=$<TARGET_FILE:berth-image>)
endif()

berth_fuzz(oci_documents SOURCES tests/fuzz/oci_documents.cc NEEDS berth_source)
berth_fuzz(settings_file SOURCES tests/fuzz/settings_file.cc NEEDS berth_settings_file)
berth_fuzz(registry_texts SOURCES tests/fuzz/registry_texts.cc NEEDS berth_registry)
berth_fuzz(image_source SOURCES tests/fuzz/image_source.cc NEEDS berth_source berth_store)
berth_fuzz(layer_stack SOURCES tests/fuzz/layer_stack.cc NEEDS berth_layers)
berth_fuzz(sif_header SOURCES tests/fuzz/sif_header.cc NEEDS berth_source)
berth_fuzz(layer_bytes SOURCES tests/fuzz/layer_bytes.cc NEEDS berth_layers)
berth_fuzz(layer_names SOURCES tests/fuzz/layer_names.cc NEEDS berth_layers)
berth_fuzz(hash_tree SOURCES tests/fuzz/hash_tree.cc NEEDS berth_integrity)
berth_fuzz(signature_texts SOURCES tests/fuzz/signature_texts.cc NEEDS berth_signature)
berth_fuzz(profile_texts SOURCES tests/fuzz/profile_texts.cc NEEDS berth_profile)
