// SPDX-License-Identifier: Apache-2.0
#include "image/layers/made.h"
#include "image/layers/merge.h"
#include "image/layers/path.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::layers {
namespace {

using Items = std::vector<MadeStream::Item>;

MadeStream::Item item(const std::string& path, Kind kind, const std::string& content = "") {
  Entry entry;
  entry.path = path;
  entry.kind = kind;
  return {entry, content};
}

MadeStream::Item file(const std::string& path, const std::string& content = "x") {
  return item(path, Kind::file, content);
}

MadeStream::Item folder(const std::string& path, std::uint16_t mode = 0755) {
  MadeStream::Item made = item(path, Kind::directory);
  made.entry.attributes.mode = mode;
  return made;
}

MadeStream::Item link(const std::string& path, const std::string& target) {
  MadeStream::Item made = item(path, Kind::hard_link);
  made.entry.target = target;
  return made;
}

/// Keeps the files' contents by number.
class Kept : public FileSink {
 public:
  Result<unsigned> begin(const Entry& /*entry*/) override {
    files.emplace_back();
    return static_cast<unsigned>(files.size() - 1);
  }

  Status append(std::string_view bytes) override {
    files.back() += bytes;
    return Done{};
  }

  Status end() override { return Done{}; }

  std::vector<std::string> files;
};

/// "path=content", "path/" for directories; what `find -printf` would show of the merged tree.
void list(const Node& node,
          const std::string& path,
          const Kept& kept,
          std::vector<std::string>& into) {
  for (const auto& [name, child] : node.children) {
    const auto inode = settled(child->inode);
    if (!inode) continue;
    const std::string whole = path + name;
    if (inode->kind == Kind::directory) {
      into.push_back(whole + "/");
      list(*child, whole + "/", kept, into);
    } else {
      into.push_back(whole + "=" + (inode->content ? kept.files[*inode->content] : "-"));
    }
  }
}

/// Layers lowest first, merged from the top down.
struct Merged {
  explicit Merged(const std::vector<Items>& layers) : merger(kept) {
    for (std::size_t i = layers.size(); i-- > 0;) {
      MadeStream stream(layers[i]);
      const Status done = merger.add_layer(static_cast<int>(i), stream, source::Whiteouts::apply);
      if (!done) error = to_text(done.error());
    }
    for (const int layer : merger.layers_to_reread()) {
      MadeStream stream(layers[static_cast<std::size_t>(layer)]);
      if (!merger.reread(layer, stream)) error = "reread";
    }
    const Status done = merger.finish();
    if (!done) error = to_text(done.error());
    list(merger.root(), "", kept, tree);
  }

  Kept kept;
  Merger merger;
  std::vector<std::string> tree;
  std::string error;
};

using testing::ElementsAre;

TEST(Merge, MeasuresWhatIsDeletedToo) {
  constexpr std::uint64_t kMost = 100'000;
  std::vector<Mark> marks;
  marks.reserve(1000);
  for (int i = 0; i < 1000; ++i)
    marks.push_back({Mark::Kind::whiteout, "d/" + std::to_string(i)});
  Kept kept;
  Merger merger(kept, kMost);
  EXPECT_TRUE(merger.add_marks(1, {marks.begin(), marks.begin() + 100}));
  const std::string words =
      ": the names and attributes of the image are too many to keep in memory";
  const Status many = merger.add_marks(1, marks);
  ASSERT_FALSE(many);
  EXPECT_TRUE(many.error().goal.starts_with("use the entry 'd/")) << many.error().goal;
  EXPECT_TRUE(many.error().goal.ends_with("'" + words)) << many.error().goal;
  const Status root = merger.add_marks(1, {{Mark::Kind::opaque, ""}});
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().goal, "use the entry '/'" + words);
}

TEST(Path, IsNormalised) {
  EXPECT_EQ(*parse_path("./a//b/./c/"), "a/b/c");
  EXPECT_EQ(*parse_path("/a"), "a");
  EXPECT_EQ(*parse_path("."), "");
  EXPECT_EQ(*parse_path("..."), "...");
  EXPECT_EQ(*parse_path("\xff\xfe"), "\xff\xfe");
}

TEST(Path, WhatClimbsIsRefused) {
  for (const std::string path : {"..", "a/..", "/../a", "a/../../b"})
    EXPECT_EQ(sentence_of(parse_path(path).error()),
              "cannot use the entry '" + path + "': its path has '..' in it");
}

TEST(Path, HasTheKernelsLimits) {
  EXPECT_TRUE(parse_path(std::string(255, 'n')));
  EXPECT_FALSE(parse_path(std::string(256, 'n')));
  std::string deep;
  for (int i = 0; i < 2047; ++i)
    deep += "n/";
  EXPECT_TRUE(parse_path(deep + "n"));    // 4095 bytes
  EXPECT_FALSE(parse_path(deep + "nn"));  // 4096
}

TEST(Mark, TellsWhiteoutsFromOtherNames) {
  EXPECT_EQ(parse_mark("a/b")->kind, Mark::Kind::none);
  EXPECT_EQ(parse_mark("a/.why")->kind, Mark::Kind::none);
  EXPECT_EQ(parse_mark("a/.wh.b")->path, "a/b");
  EXPECT_EQ(parse_mark(".wh.b")->path, "b");
  EXPECT_EQ(parse_mark(".wh..b")->path, ".b");
  EXPECT_EQ(parse_mark("a/.wh..wh..opq")->kind, Mark::Kind::opaque);
  EXPECT_EQ(parse_mark("a/.wh..wh..opq")->path, "a");
  EXPECT_EQ(parse_mark(".wh..wh..opq")->path, "");
  EXPECT_EQ(parse_mark(".wh..wh.plnk")->kind, Mark::Kind::ignored);
  EXPECT_EQ(parse_mark(".wh..wh.plnk/1.2")->kind, Mark::Kind::ignored);
}

TEST(Mark, AWhiteoutIsNoFolder) {
  for (const std::string path : {".wh.a/b", "d/.wh.a/b/c"})
    EXPECT_EQ(sentence_of(parse_mark(path).error()),
              "cannot use the entry '" + path + "': a whiteout has nothing in it");
}

TEST(Mark, MayDeleteTheLongestName) {
  const std::string longest(kLongestName, 'n');
  EXPECT_EQ(parse_mark(*parse_path("d/.wh." + longest))->path, "d/" + longest);
  EXPECT_FALSE(parse_path("d/.wh." + longest + "n"));
  EXPECT_FALSE(parse_path(".wh." + longest + "/d"));
}

TEST(Mark, AWhiteoutOfNothingIsRefused) {
  for (const std::string path : {".wh.", "a/.wh..", ".wh..."})
    EXPECT_EQ(sentence_of(parse_mark(path).error()),
              "cannot use the entry '" + path + "': it deletes nothing that has a name");
}

TEST(Xattrs, OnlyTheUsersAreKept) {
  EXPECT_TRUE(is_kept("user.a", Xattrs::users));
  for (const char* name : {"user.", "security.capability", "trusted.a", "user.overlay.redirect"})
    EXPECT_FALSE(is_kept(name, Xattrs::users)) << name;
}

TEST(Xattrs, PrivilegedOnesAreKeptWhenAskedForButNeverThoseThatSteerAnOverlay) {
  for (const char* name : {"user.a", "security.capability", "security.selinux", "trusted.a"})
    EXPECT_TRUE(is_kept(name, Xattrs::privileged)) << name;
  for (const char* name : {"security.",
                           "trusted.overlay.opaque",
                           "user.overlay.opaque",
                           "system.posix_acl_access",
                           "other.a"})
    EXPECT_FALSE(is_kept(name, Xattrs::privileged)) << name;
}

TEST(Time, OutOfRangeIsTheNearestThatFits) {
  EXPECT_EQ(mtime_of(-1), 0U);
  EXPECT_EQ(mtime_of(1700000000), 1700000000U);
  EXPECT_EQ(mtime_of(1LL << 40), 0xffffffffU);
}

TEST(Merge, AHiddenFileIsNeverStored) {
  const Merged merged({{file("a", "low"), file("b")}, {file("a", "up")}});
  EXPECT_THAT(merged.tree, ElementsAre("a=up", "b=x"));
  EXPECT_THAT(merged.kept.files, ElementsAre("up", "x"));
  EXPECT_EQ(merged.merger.counts().hidden, 1U);
}

TEST(Merge, AWhiteoutHidesAllBelow) {
  const Merged merged({{folder("d"), file("d/a"), file("d/e/b")}, {file(".wh.d")}});
  EXPECT_THAT(merged.tree, ElementsAre());
  EXPECT_THAT(merged.kept.files, ElementsAre());
}

TEST(Merge, AWhiteoutSparesItsOwnLayerAndThoseAbove) {
  const Merged merged({{file("d/low")}, {file("d/own"), file(".wh.d")}, {file("d/up")}});
  EXPECT_THAT(merged.tree, ElementsAre("d/", "d/own=x", "d/up=x"));
}

TEST(Merge, AnOpaqueDirectoryKeepsItsOwnAttributes) {
  const Merged merged({{folder("d", 0700), file("d/low")},
                       {folder("d", 0711), file("d/.wh..wh..opq"), file("d/up")}});
  EXPECT_THAT(merged.tree, ElementsAre("d/", "d/up=x"));
  EXPECT_EQ(merged.merger.root().children.at("d")->inode->attributes.mode, 0711);
}

TEST(Merge, AnOpaqueRootKeepsTheAttributesOfLowerLayers) {
  const Merged merged({{folder("", 0700), file("low")}, {file(".wh..wh..opq"), file("up")}});
  EXPECT_THAT(merged.tree, ElementsAre("up=x"));
  EXPECT_EQ(merged.merger.root().inode->attributes.mode, 0700);
}

TEST(Merge, ADirectoryLeftOutIsDescribedByTheLowerLayer) {
  const Merged merged({{folder("d", 0700)}, {file("d/up")}});
  EXPECT_EQ(merged.merger.root().children.at("d")->inode->attributes.mode, 0700);
}

TEST(Merge, AFileBetweenTwoDirectoriesSeparatesThem) {
  const Merged merged({{folder("d", 0700), file("d/low")}, {file("d")}, {file("d/up")}});
  EXPECT_THAT(merged.tree, ElementsAre("d/", "d/up=x"));
  EXPECT_EQ(merged.merger.root().children.at("d")->inode->attributes.mode, 0755);
}

TEST(Merge, TheLastOfTwoInOneLayerCounts) {
  const Merged files({{file("a", "1"), file("a", "2")}});
  EXPECT_THAT(files.tree, ElementsAre("a=2"));
  const Merged into_file({{folder("a"), file("a/b"), file("a", "f")}});
  EXPECT_THAT(into_file.tree, ElementsAre("a=f"));
  const Merged into_folder({{file("a", "f"), file("a/b")}});
  EXPECT_THAT(into_folder.tree, ElementsAre("a/", "a/b=x"));
  const Merged both({{file("a/low")}, {file("a"), folder("a")}, {folder("a")}});
  EXPECT_THAT(both.tree, ElementsAre("a/", "a/low=x"));
}

TEST(Merge, ALinkSharesTheInodeOfItsTarget) {
  const Merged merged({{file("a", "low"), link("b", "a")}});
  EXPECT_THAT(merged.tree, ElementsAre("a=low", "b=low"));
  EXPECT_THAT(merged.kept.files, ElementsAre("low"));
}

TEST(Merge, ALinkToAFileHiddenFromAboveHasItReadAgain) {
  const Merged merged({{file("a", "low"), link("b", "a"), link("c", "b")}, {file("a", "up")}});
  EXPECT_THAT(merged.tree, ElementsAre("a=up", "b=low", "c=low"));
  EXPECT_THAT(merged.merger.layers_to_reread(), ElementsAre(0));
}

TEST(Merge, ALinkIntoALowerLayerKeepsWhatIsHiddenThere) {
  const Merged merged({{file("a", "low")}, {link("b", "a")}, {file(".wh.a")}});
  EXPECT_THAT(merged.tree, ElementsAre("b=low"));
  EXPECT_THAT(merged.merger.layers_to_reread(), ElementsAre());
}

TEST(Merge, ALinkMeansWhatWasThereBeforeIt) {
  const Merged merged({{file("a", "low")}, {link("b", "a"), file("a", "up")}});
  EXPECT_THAT(merged.tree, ElementsAre("a=up", "b=low"));
}

TEST(Merge, RingsOfLinksAreRefused) {
  const Merged merged({{link("a", "b"), link("b", "a")}});
  EXPECT_EQ(
      merged.error,
      "berth: cannot use the entry 'a': it is a hard link to 'b', which neither its layer nor "
      "a lower one has");
}

TEST(Merge, ALinkCannotPassWhatALayerBetweenDeleted) {
  for (const Items& between : {Items{file(".wh.d")},
                               Items{file("d/.wh.a")},
                               Items{file("d/.wh..wh..opq")},
                               Items{file("d")},
                               Items{folder("d/a")}}) {
    const Merged merged({{file("d/a")}, between, {link("b", "d/a")}});
    EXPECT_EQ(
        merged.error,
        "berth: cannot use the entry 'b': it is a hard link to 'd/a', which neither its layer "
        "nor a lower one has");
  }
}

TEST(Merge, ADeviceHidesWhatLiesBelow) {
  const Merged merged({{file("null", "low")}, {item("null", Kind::device)}});
  EXPECT_THAT(merged.tree, ElementsAre("null=-"));  // left out when the image is written
}

}  // namespace
}  // namespace berth::layers
