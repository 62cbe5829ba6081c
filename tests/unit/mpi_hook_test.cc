// SPDX-License-Identifier: Apache-2.0
// Trees of files, looked up as a program in them would: links, layers, and loops.
#include "hooks/mpi/loader.h"
#include "hooks/mpi/mpi.h"
#include "hooks/mpi/tree.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

/// Files by their paths; what begins with "->" is a link, and "/" a directory.
class Made : public Layer {
 public:
  explicit Made(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  Entry look(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return {};
    if (found->second.starts_with("->")) return {Entry::Kind::link, found->second.substr(2)};
    if (found->second == "whiteout") return {Entry::Kind::other};
    return {found->second == "/" ? Entry::Kind::directory : Entry::Kind::file};
  }

  std::vector<std::string> names_in(const std::string& path) override {
    std::vector<std::string> names;
    for (const auto& [file, text] : files_)
      if (directory_of(file) == path) names.push_back(name_of_file(file));
    return names;
  }

  std::string read(const std::string& path, std::uint64_t offset, std::size_t size) override {
    const std::string& text = files_.at(path);
    return offset < text.size() ? text.substr(offset, size) : "";
  }

 private:
  std::map<std::string, std::string> files_;
};

Tree tree_of(const std::vector<std::map<std::string, std::string>>& layers) {
  std::vector<std::unique_ptr<Layer>> all;
  all.reserve(layers.size());
  for (const auto& layer : layers)
    all.push_back(std::make_unique<Made>(layer));
  return Tree(std::move(all));
}

TEST(Tree, FollowsLinksAndNoneLeadsOut) {
  Tree tree = tree_of({{{"/usr", "/"},
                        {"/usr/lib", "/"},
                        {"/lib", "->usr/lib"},
                        {"/usr/lib/a.so", "->../../../../etc/a.so"},
                        {"/etc", "/"},
                        {"/etc/a.so", "text"},
                        {"/loop", "->/loop"},
                        {"/round", "->usr/../round/x"}}});
  EXPECT_EQ(tree.follow("/lib/a.so"), "/etc/a.so");
  EXPECT_EQ(tree.follow("//lib/./../lib/"), "/usr/lib");
  EXPECT_EQ(tree.follow("/../.."), "/");
  EXPECT_EQ(tree.find_file("/lib"), std::nullopt);
  EXPECT_EQ(tree.find_directory("/lib"), "/usr/lib");
  for (const char* nowhere : {"/loop", "/round", "/nothing", "/lib/b.so"})
    EXPECT_EQ(tree.follow(nowhere), std::nullopt) << nowhere;
}

TEST(Tree, UpperLayersHideLowerOnes) {
  Tree tree = tree_of({{{"/lib", "/"}, {"/lib/a", "upper"}, {"/lib/gone", "whiteout"}},
                       {{"/lib", "/"}, {"/lib/a", "lower"}, {"/lib/b", "b"}, {"/lib/gone", "c"}}});
  EXPECT_EQ(tree.read("/lib/a", 10), "upper");
  EXPECT_EQ(tree.read("/lib/b", 10), "b");
  EXPECT_EQ(tree.read("/lib/b", 0), std::nullopt);
  EXPECT_EQ(tree.find_file("/lib/gone"), std::nullopt);
  EXPECT_EQ(tree.names_in("/lib").size(), 3U);
}

TEST(Tree, WhatIsNoDirectoryHidesWhatIsBelowOne) {
  for (const char* upper : {"whiteout", "a file"}) {
    Tree tree = tree_of({{{"/opt", upper}},
                         {{"/opt", "/"}, {"/opt/lib", "/"}, {"/opt/lib/libmpi.so.40", "lower"}}});
    EXPECT_EQ(tree.find_file("/opt/lib/libmpi.so.40"), std::nullopt) << upper;
    EXPECT_EQ(tree.find_directory("/opt/lib"), std::nullopt) << upper;
  }
}

TEST(Loader, TakesNoNameForAPath) {
  Tree tree = tree_of({{{"/lib64", "/"}, {"/lib64/libx.so.1", "no library"}}});
  Loader loader(tree, {"/lib64"});
  for (const char* name : {"", "../lib64/libx.so.1", "/lib64/libx.so.1", "libx.so.1"})
    EXPECT_FALSE(loader.find(name)) << name;
}

TEST(Mpi, AnImageWithoutOneHasNothingToBeReplaced) {
  Tree image = tree_of({{{"/lib64", "/"}, {"/lib64/libmpi.so.40", "no library"}}});
  Tree node = tree_of({{}});
  const MpiSwap swap = find_mpi({"full"}, image, node);
  EXPECT_FALSE(swap.has_mpi);
  EXPECT_EQ(swap.refused, "");
  EXPECT_EQ(swap.edits.says, "the image has no MPI");
  EXPECT_TRUE(swap.edits.mounts.empty());
}

}  // namespace
}  // namespace berth::hooks
