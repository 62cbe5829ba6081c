// SPDX-License-Identifier: Apache-2.0
#include "image/store/store.h"

#include "base/fd.h"
#include "image/store/shelf.h"
#include "image/store/stack.h"

#include <fcntl.h>
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
    std::filesystem::create_directory(folder_ + "/here");
    std::filesystem::current_path(folder_ + "/here");
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

TEST_F(Store, ADirectoryHereComesAfterAnImageOfThatName) {
  std::filesystem::create_directory("solver");
  EXPECT_EQ(*find("solver", here_), "solver");
  make_file(folder_ + "/solver.sqsh");
  EXPECT_EQ(*find("solver", here_), folder_ + "/solver.sqsh");
  EXPECT_EQ(*find("./solver", here_), "./solver");
}

/// "NAME=PATH" of each, with blanks between; or the message.
std::string stack_of(const std::string& text, const Environment& environment) {
  const auto found = find_stack(text, environment);
  if (!found) return to_text(found.error());
  std::string all;
  for (const Named& one : *found)
    all += (all.empty() ? "" : " ") + one.name + "=" + one.path;
  return all;
}

TEST_F(Store, FindsImagesThatLieOnEachOther) {
  make_file(folder_ + "/base.sqsh");
  make_file("tools.sqsh");
  std::filesystem::create_directory("data");
  EXPECT_EQ(stack_of("base", here_), "base=" + folder_ + "/base.sqsh");
  EXPECT_EQ(stack_of("base+tools.sqsh+./data", here_),
            "base=" + folder_ + "/base.sqsh tools.sqsh=tools.sqsh ./data=./data");
}

TEST_F(Store, WhatExistsUnderANameWithAPlusIsOneImage) {
  for (const char* name : {"a.sqsh", "b.sqsh", "a.sqsh+b.sqsh", "c++.sqsh", "c"})
    make_file(name);
  EXPECT_EQ(stack_of("a.sqsh+b.sqsh", here_), "a.sqsh+b.sqsh=a.sqsh+b.sqsh");
  EXPECT_EQ(stack_of("a.sqsh+b.sqsh+c++.sqsh", here_),
            "a.sqsh+b.sqsh=a.sqsh+b.sqsh c++.sqsh=c++.sqsh");
  EXPECT_EQ(stack_of("c+a.sqsh+c++.sqsh+b.sqsh", here_),
            "c=c a.sqsh=a.sqsh c++.sqsh=c++.sqsh b.sqsh=b.sqsh");
}

/// Taken for the name of one image: one that is not there, or a path that somebody else looks at.
bool is_no_stack(const std::string& text, const std::string& answer) {
  return answer.find("cannot find image '" + text) != std::string::npos ||
         answer == text + "=" + text;
}

TEST_F(Store, NamesTheOneOfAStackThatIsMissing) {
  make_file("a.sqsh");
  EXPECT_TRUE(
      stack_of("a.sqsh+app", here_).starts_with("berth: cannot find image 'app' here or in '"));
  // Whoever opens it says what is wrong with it.
  EXPECT_EQ(stack_of("a.sqsh+none.sqsh", here_), "a.sqsh=a.sqsh none.sqsh=none.sqsh");
  EXPECT_EQ(stack_of("a.sqsh+/no/such", here_), "a.sqsh=a.sqsh /no/such=/no/such");
  for (const std::string text : {"a.sqsh+", "+a.sqsh", "a.sqsh++a.sqsh"})
    EXPECT_TRUE(is_no_stack(text, stack_of(text, here_))) << stack_of(text, here_);
}

TEST_F(Store, NamesTheNearestImageWhenThereIsNone) {
  make_file(folder_ + "/solver.sqsh");
  EXPECT_EQ(to_text(find("solvr", here_).error()),
            "berth: cannot find image 'solvr' here or in '" + folder_ +
                "'\n"
                "berth: hint: did you mean 'solver'?");
}

TEST_F(Store, NamesAnImageThatHasAnotherTag) {
  make_file(folder_ + "/solver:experimental.sqsh");
  make_file(folder_ + "/host%solvers.sqsh");
  const std::string begin = "' here or in '" + folder_ + "'\nberth: hint: did you mean ";
  EXPECT_EQ(to_text(find("solver", here_).error()),
            "berth: cannot find image 'solver" + begin + "'solver:experimental'?");
  EXPECT_EQ(to_text(find("solver:v1", here_).error()),
            "berth: cannot find image 'solver:v1" + begin + "'solver:experimental'?");
}

TEST_F(Store, SaysHowToMakeAnImageWhenNothingIsNear) {
  EXPECT_EQ(to_text(find("solver", here_).error()),
            "berth: cannot find image 'solver' here or in '" + folder_ +
                "'\n"
                "berth: hint: make it with 'berth import', or give the path of a .sqsh file");
}

TEST_F(Store, RefusesWhatIsNoName) {
  const std::string rule =
      "\nberth: hint: a name is like 'app', 'app:v1' or 'host/app:v1'; no part of it begins with "
      "'.' or '-'";
  EXPECT_EQ(to_text(find("", here_).error()), "berth: cannot take '' as an image's name" + rule);
  EXPECT_EQ(to_text(find("..", here_).error()),
            "berth: cannot take '..' as an image's name" + rule);
  for (const std::string name : {"a//b", "/a", "a/", "a/../b", "-q", "a/-q", ":v1", "a/:v1"})
    EXPECT_EQ(to_text(path_for(name, here_).error()),
              std::string("berth: cannot take '").append(name) + "' as an image's name" + rule);
  EXPECT_FALSE(path_for(std::string(181, 'x'), here_));
  // What is made of a text is one, also where it had to be cut.
  EXPECT_TRUE(path_for(name_for(std::string(179, 'x') + "/y"), here_));
}

TEST_F(Store, ANameWithItsTagIsOneFile) {
  EXPECT_EQ(*path_for("app", here_), folder_ + "/app.sqsh");
  EXPECT_EQ(*path_for("app:latest", here_), folder_ + "/app.sqsh");
  EXPECT_EQ(*path_for("app:v1", here_), folder_ + "/app:v1.sqsh");
  EXPECT_EQ(*path_for("host:5000/team/app:v1", here_), folder_ + "/host:5000%team%app:v1.sqsh");
  EXPECT_EQ(*path_for("app@sha256:0123456789abcdef0123", here_),
            folder_ + "/app:sha256-0123456789ab.sqsh");
  EXPECT_EQ(*path_for("app:v1@sha256:0123456789abcdef0123", here_),
            folder_ + "/app:sha256-0123456789ab.sqsh");
}

TEST_F(Store, DockersOwnRegistryMayBeLeftOut) {
  for (const std::string name : {"debian",
                                 "debian:latest",
                                 "docker.io/debian",
                                 "docker.io/library/debian",
                                 "docker.io/library/debian:latest"})
    EXPECT_EQ(*path_for(name, here_), folder_ + "/debian.sqsh") << name;
  EXPECT_EQ(short_name("docker.io/user/app:v1"), "user/app:v1");
  EXPECT_EQ(short_name("library/app"), "library/app");
}

TEST_F(Store, FilesStandForNames) {
  EXPECT_EQ(name_of_file("host:5000%team%app:v1.sqsh"), "host:5000/team/app:v1");
  EXPECT_EQ(name_of_file(".app.sqsh"), "");
  EXPECT_EQ(name_of_file("app.sqsh.part"), "");
}

TEST_F(Store, ANameWithASlashComesFromTheStoreOrIsAPath) {
  make_file(folder_ + "/host%app:v1.sqsh");
  EXPECT_EQ(*find("host/app:v1", here_), folder_ + "/host%app:v1.sqsh");
  EXPECT_EQ(to_text(find("host/app:v2", here_).error()),
            "berth: cannot find image 'host/app:v2' here or in '" + folder_ +
                "'\n"
                "berth: hint: did you mean 'host/app:v1'?");
  std::filesystem::create_directory("host");
  EXPECT_EQ(*find("host/app:v2", here_), "host/app:v2");
  make_file("host/app:v1");
  EXPECT_EQ(*find("host/app:v1", here_), "host/app:v1");
}

TEST_F(Store, KnowsTheDigestOfTheOpenFileWhateverItsNameMeansNow) {
  const std::string digits(64, 'a');
  make_file(folder_ + "/app.sqsh");
  std::filesystem::create_hard_link(folder_ + "/app.sqsh", folder_ + "/.sha256-" + digits);
  const UniqueFd fd(::open((folder_ + "/app.sqsh").c_str(), O_RDONLY | O_CLOEXEC));
  make_file(folder_ + "/new");
  std::filesystem::rename(folder_ + "/new", folder_ + "/app.sqsh");
  EXPECT_EQ(*read_digest(fd.get(), folder_ + "/app.sqsh"), "sha256:" + digits);
  const UniqueFd other(::open((folder_ + "/app.sqsh").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(*read_digest(other.get(), folder_ + "/app.sqsh"), "");
}

TEST(StoreName, IsMadeOfSafeCharacters) {
  EXPECT_EQ(name_for("demo:v1.2"), "demo:v1.2");
  EXPECT_EQ(name_for("../-a b/\n"), "a-b");
  EXPECT_EQ(name_for("host:5000/app:v1"), "host:5000/app:v1");
  EXPECT_EQ(name_for("a%b\x1b"), "a-b-");
  EXPECT_EQ(name_for("..."), "");
}

TEST_F(Store, MakesItsFolderAndTheOnesAbove) {
  ASSERT_TRUE(write_folder(folder_ + "/a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ + "/a/b/c"));
  ASSERT_TRUE(write_folder(folder_ + "/a/b/c"));
  ASSERT_TRUE(write_folder("relative/too"));
  EXPECT_TRUE(std::filesystem::is_directory(folder_ + "/here/relative/too"));
}

TEST_F(Store, AFileInTheWayIsNamed) {
  make_file(folder_ + "/file");
  EXPECT_EQ(sentence_of(write_folder(folder_ + "/file/sub").error()),
            "cannot make folder '" + folder_ + "/file/sub': mkdir: Not a directory (ENOTDIR)");
}

}  // namespace
}  // namespace berth::store
