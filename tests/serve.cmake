# SPDX-License-Identifier: Apache-2.0
add_executable(serve_mount ${PROJECT_SOURCE_DIR}/tests/component/serve_mount.cc)
target_link_libraries(serve_mount PRIVATE berth_serve)
