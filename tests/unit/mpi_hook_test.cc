// SPDX-License-Identifier: Apache-2.0
// Trees of files, looked up as a program in them would: links, layers, and loops.
#include "hooks/mpi/apart.h"
#include "hooks/mpi/copies.h"
#include "hooks/mpi/loader.h"
#include "hooks/mpi/mpi.h"
#include "hooks/mpi/tree.h"

#include <unistd.h>

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
      if (file != "/" && directory_of(file) == (path == "/" ? "" : path))
        names.push_back(name_of_file(file));
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

TEST(Tree, WhatIsMountedHidesWhatIsBelow) {
  Tree tree = tree_of({{{"/lib", "->usr/lib"},
                        {"/usr", "/"},
                        {"/usr/lib", "/"},
                        {"/usr/lib/a", "image's"},
                        {"/usr/lib/b", "image's"},
                        {"/opt", "/"},
                        {"/opt/mpi", "image's"}}});
  const auto made = [](const std::map<std::string, std::string>& files) {
    return std::make_unique<Made>(files);
  };
  tree.mount("/lib/a", made({{"/", "mounted"}}));
  tree.mount("/opt/", made({{"/", "/"}, {"/lib", "/"}, {"/lib/x", "mounted"}}));
  tree.mount("/new/place", nullptr);
  EXPECT_EQ(tree.read("/usr/lib/a", 10), "mounted");
  EXPECT_EQ(tree.read("/usr/lib/b", 10), "image's");
  EXPECT_EQ(tree.find_file("/opt/mpi"), std::nullopt);
  EXPECT_EQ(tree.read("/opt/lib/x", 10), "mounted");
  EXPECT_EQ(tree.names_in("/opt"), std::vector<std::string>{"lib"});
  EXPECT_EQ(tree.find_directory("/new/place"), "/new/place");
  EXPECT_EQ(tree.find_directory("/new"), "/new");
  EXPECT_EQ(tree.find_file("/new/place/x"), std::nullopt);
  EXPECT_EQ(tree.mounted_above("/opt/lib/libmpi.so"), "/opt");
  EXPECT_EQ(tree.mounted_above("/optional"), "");
}

TEST(Tree, HasDirectoriesAmongItsNames) {
  Tree tree = tree_of({{{"/opt", "/"}, {"/opt/a", "/"}, {"/opt/b", "text"}, {"/opt/c", "->a"}},
                       {{"/opt", "/"}, {"/opt/b", "/"}, {"/opt/d", "/"}}});
  EXPECT_EQ(tree.directories_in("/opt"), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(tree.directories_in("/"), std::vector<std::string>{"opt"});
  EXPECT_TRUE(tree.directories_in("/none").empty());
}

TEST(TreeApart, SaysWhatATreeIs) {
  const auto make = [] {
    return Result<Tree>(tree_of({{{"/lib", "/"}, {"/lib/a", "no library"}, {"/b", "->lib/a"}}}));
  };
  auto tree = TreeApart::start(make, {}, {});
  ASSERT_TRUE(tree) << to_text(tree.error());
  EXPECT_EQ((*tree)->follow("/b"), "/lib/a");
  EXPECT_EQ((*tree)->find_file("/lib"), std::nullopt);
  EXPECT_EQ((*tree)->find_directory("/lib"), "/lib");
  EXPECT_EQ((*tree)->names_in("/lib"), std::vector<std::string>{"a"});
  EXPECT_EQ((*tree)->directories_in("/"), std::vector<std::string>{"lib"});
  EXPECT_EQ((*tree)->elf("/lib/a"), nullptr);
  EXPECT_FALSE((*tree)->symbols("/lib/a"));
  EXPECT_TRUE((*tree)->loader_cache().empty());
  EXPECT_TRUE((*tree)->is_sound());
}

TEST(TreeApart, IsNothingWhereWhoReadsItHasGone) {
  const auto make = [] {
    class Broken : public Made {
     public:
      Broken() : Made(std::map<std::string, std::string>{{"/a", "a file"}}) {}

      std::vector<std::string> names_in(const std::string& path) override {
        (void)path;
        ::_exit(7);
      }
    };
    std::vector<std::unique_ptr<Layer>> layers;
    layers.push_back(std::make_unique<Broken>());
    return Result<Tree>(Tree(std::move(layers)));
  };
  auto tree = TreeApart::start(make, {}, {});
  ASSERT_TRUE(tree);
  EXPECT_EQ((*tree)->find_file("/a"), "/a");
  EXPECT_TRUE((*tree)->names_in("/").empty());
  EXPECT_EQ((*tree)->find_file("/a"), std::nullopt);
  EXPECT_FALSE((*tree)->is_sound());
  const auto failed = TreeApart::start(
      [] {
        return Result<Tree>(Error{Blame::image, "read it"});
      },
      {},
      {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().goal, "read it");
}

TEST(Family, HasNoOthersThatBeginAlike) {
  for (const char* name : {"libmpi.so.40",
                           "libmpifort.so.12",
                           "libmpi_usempif08.so.40",
                           "libopen-pal.so.40",
                           "libmca_common_sm.so.40",
                           "libmpi_gnu_91.so.12"})
    EXPECT_TRUE(is_of_family(name)) << name;
  for (const char* name : {"libmpiwrapper.so.1", "libmpis.so", "libmpigraph.so.2", "libmplex.so.1"})
    EXPECT_FALSE(is_of_family(name)) << name;
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
