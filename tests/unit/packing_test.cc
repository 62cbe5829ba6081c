// SPDX-License-Identifier: Apache-2.0
#include "image/cli/packing.h"

#include "image/cli/convert.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
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

TEST(FirstRead, IsWhatEveryLaunchLooksFor) {
  EXPECT_TRUE(is_first_read("x86_64-linux-gnu", "libc.so.6"));
  EXPECT_TRUE(is_first_read("lib64", "ld-linux-x86-64.so.2"));
  for (const char* name : {"passwd", "group", "ld.so.cache"}) {
    EXPECT_TRUE(is_first_read("etc", name)) << name;
    EXPECT_FALSE(is_first_read("cracklib", name)) << name;
  }
  EXPECT_TRUE(is_first_read(".berth", "config.json"));
  EXPECT_FALSE(is_first_read("node_modules", "config.json"));
  EXPECT_FALSE(is_first_read("etc", "hosts"));
}

/// A layer's tree with one path; every part but the last is a directory.
void add_path(layers::Node& root, const std::string& path) {
  layers::Node* node = &root;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    auto& child = node->children[path.substr(begin, end - begin)];
    if (!child) {
      child = std::make_unique<layers::Node>();
      child->inode = std::make_shared<layers::Inode>();
      child->inode->kind = end == path.size() ? layers::Kind::file : layers::Kind::directory;
    }
    node = child.get();
    begin = end + 1;
  }
}

TEST(FirstRead, IsTheWayThereToo) {
  layers::Node root;
  root.inode = std::make_shared<layers::Inode>();
  root.inode->kind = layers::Kind::directory;
  for (const char* path : {"usr/lib/libc.so.6", "usr/lib/libm.so.6", "usr/share/doc", "var/log"})
    add_path(root, path);
  const squash::Tree tree = convert(std::move(root), {}).tree;
  std::vector<std::string> marked;
  for (const squash::Inode& inode : tree.inodes)
    for (const squash::Name& name : inode.names)
      if (tree.inodes[name.inode].is_first_read) marked.push_back(name.name);
  EXPECT_TRUE(tree.inodes[0].is_first_read);
  EXPECT_THAT(marked, testing::UnorderedElementsAre("usr", "lib", "libc.so.6"));
}

}  // namespace
}  // namespace berth::cli
