// SPDX-License-Identifier: Apache-2.0
// The parts of the Slurm plugin that need no Slurm: releases, settings, the value of --container
// and the task's variable.
#include "base/fd.h"
#include "image/integrity/seal.h"
#include "launcher/model/request.h"
#include "launcher/request/request_text.h"
#include "slurm-plugin/container_value.h"
#include "slurm-plugin/settings.h"
#include "slurm-plugin/task.h"
#include "slurm-plugin/version.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::slurm_plugin {
namespace {

using testing::HasSubstr;

unsigned release(unsigned year, unsigned month) {
  return year << 16 | month << 8;
}

TEST(PluginVersion, IsTheReleaseOfEveryInterfaceFrom2011On) {
  EXPECT_EQ(plugin_version_for(36), release(20, 11));
  EXPECT_EQ(plugin_version_for(kApiOf2108), release(21, 8));
  EXPECT_EQ(plugin_version_for(38), release(22, 5));
  EXPECT_EQ(plugin_version_for(39), release(23, 2));
  EXPECT_EQ(plugin_version_for(40), release(23, 11));
  EXPECT_EQ(plugin_version_for(41), release(24, 5));
  EXPECT_EQ(plugin_version_for(42), release(24, 11));
  EXPECT_EQ(plugin_version_for(45), release(26, 5));
}

TEST(Settings, TakeThePathOfBerth) {
  EXPECT_EQ(parse_settings({"berth=/opt/berth/bin/berth"})->berth, "/opt/berth/bin/berth");
}

TEST(Settings, HaveAPathWithoutBeingTold) {
  EXPECT_TRUE(parse_settings({})->berth.ends_with("/bin/berth"));
  EXPECT_TRUE(parse_settings({})->berth.starts_with("/"));
}

TEST(Settings, PutScriptsInsideOnlyWhenTheSiteSaysSo) {
  EXPECT_FALSE(parse_settings({"berth=/opt/berth"})->scripts_inside);
  EXPECT_TRUE(parse_settings({"scripts=inside", "berth=/opt/berth"})->scripts_inside);
}

TEST(Settings, TakePyxissScope) {
  EXPECT_FALSE(parse_settings({"container_scope=job"})->keeps_for_node);
  EXPECT_TRUE(parse_settings({"container_scope=global"})->keeps_for_node);
  EXPECT_FALSE(parse_settings({})->keeps_for_node);
}

TEST(Settings, RefuseWhatTheyDoNotKnow) {
  // A relative path would be looked up in the user's PATH.
  for (const std::string word : {"bert=/usr/bin/berth",
                                 "berth",
                                 "berth=",
                                 "berth=bin/berth",
                                 "scripts=outside",
                                 "container_scope=node",
                                 ""})
    EXPECT_THAT(sentence_of(parse_settings({word}).error()), HasSubstr("'" + word + "'"));
}

/// A directory of the test's own, the current one meanwhile, gone afterwards.
class InAFolder : public testing::Test {
 protected:
  InAFolder() : before_(std::filesystem::current_path()) {
    std::string pattern = testing::TempDir() + "berth-slurm-XXXXXX";
    folder_ = std::filesystem::canonical(::mkdtemp(pattern.data()));
    std::filesystem::current_path(folder_);
  }

  InAFolder(const InAFolder&) = delete;
  InAFolder& operator=(const InAFolder&) = delete;
  InAFolder(InAFolder&&) = delete;
  InAFolder& operator=(InAFolder&&) = delete;

  ~InAFolder() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void write(const std::string& name, const std::string& text) {
    std::ofstream(name) << text;
  }

  /// The user's images are in "images" here.
  [[nodiscard]] Result<Found> find(const std::string& value,
                                   Directories directories = Directories::no) const {
    return find_image(value, {"", "", folder_ + "/images"}, directories);
  }

  [[nodiscard]] std::string refusal(const std::string& value) const {
    const auto image = find(value);
    return image ? "accepted as " + image->paths : sentence_of(image.error());
  }

  std::filesystem::path before_;
  std::string folder_;
};

TEST_F(InAFolder, ADirectoryIsSlurmsAndAnythingElseIsOurs) {
  write("image.sqsh", "hsqs");
  std::filesystem::create_directory("bundle");
  std::filesystem::create_directory_symlink("bundle", "link");
  EXPECT_EQ(find_meaning("bundle"), Meaning::bundle);
  EXPECT_EQ(find_meaning("link"), Meaning::bundle);
  EXPECT_EQ(find_meaning(folder_), Meaning::bundle);
  EXPECT_EQ(find_meaning("image.sqsh"), Meaning::image);
  EXPECT_EQ(find_meaning("imagee.sqsh"), Meaning::image);
  EXPECT_EQ(find_meaning("bundel"), Meaning::image);
  EXPECT_EQ(find_meaning(""), Meaning::image);
}

TEST_F(InAFolder, AnImageIsKnownByItsAbsolutePath) {
  write("image.sqsh", "hsqs and more");
  std::filesystem::create_symlink("image.sqsh", "latest.sqsh");
  EXPECT_EQ(find("image.sqsh")->paths, folder_ + "/image.sqsh");
  EXPECT_EQ(find("latest.sqsh")->paths, folder_ + "/latest.sqsh");
  EXPECT_EQ(find(folder_ + "/image.sqsh")->paths, folder_ + "/image.sqsh");
}

TEST_F(InAFolder, ANameIsOneOfTheUsersImages) {
  std::filesystem::create_directory("images");
  write("images/solver:v2.sqsh", "hsqs");
  write("images/host%tools.sqsh", "hsqs");
  write("here.sqsh", "hsqs");
  EXPECT_EQ(find("solver:v2")->paths, folder_ + "/images/solver:v2.sqsh");
  EXPECT_EQ(find("host/tools+here.sqsh")->paths,
            folder_ + "/images/host%tools.sqsh+" + folder_ + "/here.sqsh");
  EXPECT_EQ(find("solver:v3").error().hint, "did you mean 'solver:v2'?");
}

/// The smallest image whose hash tree can be found: two blocks of which only the first matters.
void write_sealed(const std::string& name, char content) {
  constexpr std::uint64_t kBytes = 2 * integrity::kBlockBytes;
  std::string text(kBytes, content);
  std::memcpy(text.data(), "hsqs", 4);
  std::memcpy(text.data() + 40, &kBytes, sizeof kBytes);  // where a superblock says its size
  std::ofstream(name) << text;
  const UniqueFd file(::open(name.c_str(), O_RDWR | O_CLOEXEC));
  const auto go_on = [](std::uint64_t) -> Status { return Done{}; };
  ASSERT_TRUE(integrity::write_tree(file.get(), kBytes, 1, go_on));
}

TEST_F(InAFolder, AnImageComesWithTheRootOfItsHashTree) {
  write_sealed("one.sqsh", '1');
  write_sealed("other.sqsh", '2');
  write("bare.sqsh", "hsqs");
  const auto found = find("one.sqsh+bare.sqsh+other.sqsh");
  ASSERT_TRUE(found);
  const std::vector<std::string>& hashes = found->root_hashes;
  ASSERT_EQ(hashes.size(), 3U);
  EXPECT_EQ(hashes[0].size(), 64U);
  EXPECT_EQ(hashes[1], "-");
  EXPECT_NE(hashes[0], hashes[2]);
  std::filesystem::copy("one.sqsh", "copy.sqsh");
  EXPECT_EQ(find("copy.sqsh")->root_hashes, std::vector{hashes[0]});
  // Damaged: the node says so, with the image's own words.
  std::filesystem::resize_file("copy.sqsh", 2 * integrity::kBlockBytes + 512);
  EXPECT_EQ(find("copy.sqsh")->root_hashes, std::vector<std::string>{"-"});
}

TEST_F(InAFolder, ADirectoryIsAnImageWhereItIsNoBundle) {
  std::filesystem::create_directory("root");
  EXPECT_EQ(find("root", Directories::yes)->paths, folder_ + "/root");
  EXPECT_EQ(refusal("./root"), "cannot use './root' as an image: it is not a regular file");
}

TEST_F(InAFolder, AMisspeltImageIsRefused) {
  EXPECT_EQ(refusal("image.sqsh"),
            "cannot use 'image.sqsh' as an image: open: No such file or directory (ENOENT)");
  EXPECT_EQ(find("image.sqsh").error().hint,
            "give the path of a .sqsh file that exists on this host");
  EXPECT_EQ(refusal(""), "cannot use '' as an image");
}

TEST_F(InAFolder, WhatIsNotSquashFsIsRefused) {
  write("text.sqsh", "hsq?");
  write("short.sqsh", "hsq");
  write("empty.sqsh", "");
  for (const std::string name : {"text.sqsh", "short.sqsh", "empty.sqsh"})
    EXPECT_EQ(refusal(name), "cannot use '" + name + "' as an image: it is not a SquashFS file");
}

TEST_F(InAFolder, AFifoIsRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo("fifo.sqsh", 0600), 0);
  EXPECT_EQ(refusal("fifo.sqsh"), "cannot use 'fifo.sqsh' as an image: it is not a regular file");
  EXPECT_EQ(refusal("/dev/null"), "cannot use '/dev/null' as an image: it is not a regular file");
}

TEST_F(InAFolder, AnImageThatOneMayNotReadIsRefused) {
  if (::geteuid() == 0) {
    // Root may read everything; on the cluster the tests are an ordinary user.
    ASSERT_EQ(::seteuid(65534), 0);
    EXPECT_EQ(refusal("/etc/shadow"),
              "cannot use '/etc/shadow' as an image: open: Permission denied (EACCES)");
    ASSERT_EQ(::seteuid(0), 0);
    return;
  }
  write("closed.sqsh", "hsqs");
  ASSERT_EQ(::chmod("closed.sqsh", 0), 0);
  EXPECT_EQ(refusal("closed.sqsh"),
            "cannot use 'closed.sqsh' as an image: open: Permission denied (EACCES)");
}

TEST(TaskText, IsARequestThatTheLauncherUnderstands) {
  Request asked;
  asked.image = "/a b;c/img.sqsh";
  asked.command = {"./my app"};
  asked.step_key = "0123abcd";
  const auto text = make_task_text(asked);
  ASSERT_TRUE(text);
  const auto request = request::parse_request_text(*text);
  ASSERT_TRUE(request);
  EXPECT_EQ(*request, asked);
}

TEST(TaskText, IsNoLongerThanAVariableMayBe) {
  Request asked;
  asked.image = "/i";
  asked.env.push_back({EnvChange::Kind::set, "A=" + std::string(100000, 'a')});
  EXPECT_TRUE(make_task_text(asked));
  asked.env.push_back({EnvChange::Kind::set, "B=" + std::string(100000, 'b')});
  const auto text = make_task_text(asked);
  ASSERT_FALSE(text);
  EXPECT_EQ(sentence_of(text.error()),
            "cannot hand 195 KiB of options to a task, which may have 128 KiB");
}

TEST(TaskText, TravelsUnderANameThatSlurmAlwaysPassesOn) {
  EXPECT_TRUE(std::string(kTravellingVariable).starts_with("SLURM"));
}

TEST(Programs, HaveBerthBeforeEach) {
  EXPECT_EQ(with_berth("0 app one\n 1-3,5\t./app %t\n*  app", "/b"),
            "0 /b app one\n 1-3,5 /b\t./app %t\n* /b  app");
}

TEST(Programs, KeepLinesThatStartNothing) {
  const std::string lines = "# 0 app\n\n  \n  # 1 app\n";
  EXPECT_EQ(with_berth(lines, "/b"), lines);
  EXPECT_EQ(with_berth("0 app \\\n more words\n1 app\n", "/b"),
            "0 /b app \\\n more words\n1 /b app\n");
  // Slurm refuses a line without a program.
  EXPECT_EQ(with_berth("0", "/b"), "0");
}

TEST(StepKey, IsThirtyTwoDigitsAndNeverTheSame) {
  const auto key = make_step_key();
  ASSERT_TRUE(key);
  EXPECT_THAT(*key, testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(*key, *make_step_key());
}

TEST(TypedProgram, IsTheWordOnTheCommandLine) {
  EXPECT_EQ(typed_program({"srun", "-n1", "ls", "-l"}, {"/usr/bin/ls", "-l"}), "ls");
  EXPECT_EQ(typed_program({"srun", "bin/app"}, {"/home/alice/bin/app"}), "bin/app");
}

TEST(TypedProgram, IsSlurmsWordWhereTheCommandLineSaysSomethingElse) {
  EXPECT_EQ(typed_program({"srun", "ls", "-a"}, {"/usr/bin/ls", "-l"}), "/usr/bin/ls");
  EXPECT_EQ(typed_program({"srun", "cat", "-l"}, {"/usr/bin/ls", "-l"}), "/usr/bin/ls");
  EXPECT_EQ(typed_program({"ls"}, {"/usr/bin/ls"}), "/usr/bin/ls");
  EXPECT_EQ(typed_program({}, {"/usr/bin/ls"}), "/usr/bin/ls");
  EXPECT_EQ(typed_program({"srun"}, {}), "");
}

}  // namespace
}  // namespace berth::slurm_plugin
