// SPDX-License-Identifier: Apache-2.0
#include "image/store/store.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace berth::store {
namespace {

/// A store of the test's own, which is also the working directory.
class Store : public testing::Test {
 protected:
  Store() : before_(std::filesystem::current_path()) {
    std::string pattern = testing::TempDir() + "berth-store-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ + "/work");
    std::filesystem::current_path(folder_ + "/work");
    here_.store = folder_;
  }

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  Store(Store&&) = delete;
  Store& operator=(Store&&) = delete;

  ~Store() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void make_file(const std::string& path) { std::ofstream(path) << "x"; }

  std::filesystem::path before_;
  std::string folder_;
  Environment here_;
};

TEST(StoreFolder, FollowsTheVariablesInTheirOrder) {
  EXPECT_EQ(*folder_for({"/home/u", "/data", "/images"}), "/images");
  EXPECT_EQ(*folder_for({"/home/u", "/data", ""}), "/data/berth/images");
  EXPECT_EQ(*folder_for({"/home/u", "", ""}), "/home/u/.local/share/berth/images");
}

TEST(StoreFolder, IgnoresARelativeDataHomeAsTheSpecificationSays) {
  EXPECT_EQ(*folder_for({"/home/u", "data", ""}), "/home/u/.local/share/berth/images");
}

TEST(StoreFolder, IsUnknownWithoutAHome) {
  EXPECT_EQ(to_text(folder_for({}).error()),
            "berth: cannot find the image store: HOME is not set\n"
            "berth: hint: set BERTH_STORE");
}

TEST_F(Store, TakesWhatLooksLikeAPathAsAPath) {
  EXPECT_EQ(*find("./solver", here_), "./solver");
  EXPECT_EQ(*find("/none/at/all", here_), "/none/at/all");
  EXPECT_EQ(*find("solver.sqsh", here_), "solver.sqsh");
}

TEST_F(Store, AFileHereComesBeforeAnImageOfThatName) {
  make_file(folder_ + "/solver.sqsh");
  EXPECT_EQ(*find("solver", here_), folder_ + "/solver.sqsh");
  make_file("solver");
  EXPECT_EQ(*find("solver", here_), "solver");
}

TEST_F(Store, NamesTheNearestImageWhenThereIsNone) {
  make_file(folder_ + "/solver.sqsh");
  EXPECT_EQ(to_text(find("solvr", here_).error()),
            "berth: cannot find image 'solvr' here or in '" + folder_ +
                "'\n"
                "berth: hint: did you mean 'solver'?");
}

TEST_F(Store, SaysHowToMakeAnImageWhenNothingIsNear) {
  EXPECT_EQ(to_text(find("solver", here_).error()),
            "berth: cannot find image 'solver' here or in '" + folder_ +
                "'\n"
                "berth: hint: make it with 'berth import', or give the path of a .sqsh file");
}

TEST_F(Store, RefusesWhatIsNoName) {
  const std::string rule = "\nberth: hint: a name has no '/' and begins with neither '.' nor '-'";
  EXPECT_EQ(to_text(find("", here_).error()), "berth: cannot take '' as an image's name" + rule);
  EXPECT_EQ(to_text(find("..", here_).error()),
            "berth: cannot take '..' as an image's name" + rule);
  EXPECT_EQ(to_text(path_for("a/b", here_).error()),
            "berth: cannot take 'a/b' as an image's name" + rule);
  EXPECT_EQ(to_text(path_for("-q", here_).error()),
            "berth: cannot take '-q' as an image's name" + rule);
}

TEST(StoreName, IsMadeOfSafeCharacters) {
  EXPECT_EQ(name_for("demo:v1.2"), "demo-v1.2");
  EXPECT_EQ(name_for("../-a b/\n"), "a-b--");
  EXPECT_EQ(name_for("..."), "");
}

TEST_F(Store, MakesItsFolderAndTheOnesAbove) {
  ASSERT_TRUE(write_folder(folder_ + "/a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ + "/a/b/c"));
  ASSERT_TRUE(write_folder(folder_ + "/a/b/c"));
  ASSERT_TRUE(write_folder("relative/too"));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ + "/work/relative/too"));
}

TEST_F(Store, AFileInTheWayIsNamed) {
  make_file(folder_ + "/file");
  EXPECT_EQ(sentence_of(write_folder(folder_ + "/file/sub").error()),
            "cannot make folder '" + folder_ + "/file/sub': mkdir: Not a directory (ENOTDIR)");
}

}  // namespace
}  // namespace berth::store
