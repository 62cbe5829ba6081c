// SPDX-License-Identifier: Apache-2.0
#include "image/cli/packing.h"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

using Packing = squash::Writer::Packing;

TEST(Packing, LeavesPlainWhatEveryProgramStartReads) {
  for (const char* path : {"lib/x86_64-linux-gnu/libc.so.6",
                           "usr/lib64/ld-linux-x86-64.so.2",
                           "lib/ld-musl-x86_64.so.1",
                           "etc/ld.so.cache"})
    EXPECT_EQ(packing_for(path, 0755), Packing::plain) << path;
}

TEST(Packing, GivesProgramsAndWhatBerthReadsTheirOwnBlocks) {
  EXPECT_EQ(packing_for("usr/bin/env", 0755), Packing::own_block);
  for (const char* path : {".berth/config.json", "etc/passwd", "etc/group"})
    EXPECT_EQ(packing_for(path, 0644), Packing::own_block) << path;
}

TEST(Packing, PutsTheRestTogether) {
  for (const char* path : {"usr/share/doc/libc.so.6/copyright",
                           "etc/passwd-",
                           "srv/etc/passwd",
                           "usr/lib/libcrypt.so.1",
                           "etc/ld.so.conf"})
    EXPECT_EQ(packing_for(path, 0644), Packing::shared) << path;
}

}  // namespace
}  // namespace berth::cli
