// SPDX-License-Identifier: Apache-2.0
// berth's own hooks on nodes that are made up: files below a directory of the test's own.
#include "hooks/edits_text.h"
#include "hooks/own/own.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

class Node : public ::testing::Test {
 protected:
  Node() {
    std::string pattern = ::testing::TempDir() + "berth-node.XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }

  ~Node() override { std::filesystem::remove_all(root_); }

  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  Node(Node&&) = delete;
  Node& operator=(Node&&) = delete;

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path, std::ios::binary) << text;
  }

  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::filesystem::create_symlink(target, root_ + path);
  }

  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  std::string root_;
};

const std::string kZone("TZif2\0\xff zone", 12);

/// The files of an answer, as they are behind berth-hooks' pipe.
std::vector<OwnFile> files_of(const Result<Edits>& edits) {
  if (!edits) return {{"error", to_text(edits.error())}};
  const auto answer = parse_answer(to_text(Answer{{*edits}, {}}));
  return answer ? answer->edits.at(0).files : std::vector<OwnFile>{{"lost", ""}};
}

using Files = std::vector<OwnFile>;

using Localtime = Node;

TEST_F(Localtime, IsTheNodesFileWithItsNameWhereTheNodeHasOne) {
  write("/usr/share/zoneinfo/America/Indiana/Knox", kZone);
  link("/etc/localtime", "../usr/share/zoneinfo/America/Indiana/Knox");
  write("/etc/timezone", "Some/Thing-Old\n");
  const auto linked = find_localtime(root());
  EXPECT_EQ(files_of(linked),
            (Files{{"/etc/localtime", kZone}, {"/etc/timezone", "America/Indiana/Knox\n"}}));
  EXPECT_EQ(linked->says, "America/Indiana/Knox");
  std::filesystem::remove(root() + "/etc/localtime");
  write("/etc/localtime", kZone);
  EXPECT_EQ(files_of(find_localtime(root())),
            (Files{{"/etc/localtime", kZone}, {"/etc/timezone", "Some/Thing-Old\n"}}));
  std::filesystem::remove(root() + "/etc/timezone");
  EXPECT_EQ(files_of(find_localtime(root())), (Files{{"/etc/localtime", kZone}}));
}

TEST_F(Localtime, IsUtcWhereTheNodeHasNone) {
  const auto files = files_of(find_localtime(root()));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[1].bytes, "Etc/UTC\n");
  // The C library takes it for a zone, and for this one: in another's place it would be UTC too,
  // but without these letters.
  write("/zone", files[0].bytes);
  // NOLINTBEGIN(concurrency-mt-unsafe): one thread
  ASSERT_EQ(::setenv("TZ", (":" + root() + "/zone").c_str(), 1), 0);
  ::tzset();
  EXPECT_STREQ(::tzname[0], "UTC");
  EXPECT_EQ(::timezone, 0);
  ::unsetenv("TZ");
  // NOLINTEND(concurrency-mt-unsafe)
}

TEST_F(Localtime, IsAnErrorWhereTheNodesFileIsNone) {
  write("/etc/localtime", "Europe/Berlin\n");
  const auto edits = find_localtime(root());
  ASSERT_FALSE(edits);
  EXPECT_EQ(edits.error().goal,
            "take this node's time zone: '" + root() + "/etc/localtime' is no file of time zones");
  EXPECT_EQ(edits.error().hint, "leave it out: --no-hook=localtime");
}

using Ssh = Node;

TEST_F(Ssh, GivesWhatSettingsIncludeAsFilesOfTheUsersOwn) {
  write("/etc/ssh/ssh_config", "Include /etc/ssh/ssh_config.d/*.conf\n");
  write("/etc/ssh/ssh_config.d/b.conf", "Compression yes\n");
  write("/etc/ssh/ssh_config.d/a.conf", "");
  write("/etc/ssh/ssh_config.d/odd\n.conf", "");
  std::filesystem::create_directories(root() + "/etc/ssh/ssh_config.d/more");
  const Edits edits = find_ssh(root(), {});
  EXPECT_EQ(files_of(edits),
            (Files{{"/etc/ssh/ssh_config.d/a.conf", ""},
                   {"/etc/ssh/ssh_config.d/b.conf", "Compression yes\n"}}));
  ASSERT_EQ(edits.mounts.size(), 1U);
  EXPECT_EQ(edits.mounts[0].to, "/etc/ssh/ssh_config");
  ASSERT_EQ(edits.left_out.size(), 1U);
  EXPECT_NE(edits.left_out[0].find("its name has odd characters"), std::string::npos);
}

using Words = std::vector<std::string>;

class Ranks : public Node {
 protected:
  [[nodiscard]] Edits find(const RanksQuestion& question) const {
    for (const char* place : {"/var/run/palsd/7", "/run/flux", "/dev/shm/f", "/tmp", "/tmp2"})
      std::filesystem::create_directories(root() + place);
    return find_for_ranks(root(), question);
  }

  [[nodiscard]] Words shown(const RanksQuestion& question) const {
    Words places;
    for (const Mount& mount : find(question).mounts)
      places.push_back(mount.to);
    return places;
  }
};

TEST_F(Ranks, SeeDirectoriesThatTheirLauncherNames) {
  EXPECT_EQ(shown({{"PALS_SPOOL_DIR=/var/run/palsd/7", "FLUX_URI=local:///run/flux/local-0"}}),
            (Words{"/var/run/palsd/7", "/run/flux"}));
  for (const char* none : {"", "/", "x/", "ssh://node/run/flux/local-0", "local:///none/local-0"})
    EXPECT_EQ(shown({{std::string("FLUX_URI=") + none, "PALS_SPOOL_DIR="}}), Words{}) << none;
}

TEST_F(Ranks, SeeNothingTwice) {
  const Words anyway = {"/tmp", "/dev/shm"};
  EXPECT_EQ(shown({.environment = {"PALS_SPOOL_DIR=/tmp", "FLUX_URI=local:///dev/shm/f/0"},
                   .shown = anyway}),
            Words{});
  EXPECT_EQ(shown({.environment = {"PALS_SPOOL_DIR=/tmp2"}, .shown = anyway}), Words{"/tmp2"});
}

TEST_F(Ranks, AreToldWhichDirectoriesAreRefused) {
  const auto refusal = [&](const std::string& variable) {
    const Edits edits = find({{variable}});
    EXPECT_EQ(edits.mounts, std::vector<Mount>{}) << variable;
    return edits.left_out.empty() ? "" : edits.left_out[0];
  };
  const std::string spool = "the directory of PALS_SPOOL_DIR: ";
  EXPECT_EQ(refusal("PALS_SPOOL_DIR=/"), spool + "'/' is all of this node");
  EXPECT_EQ(refusal("PALS_SPOOL_DIR=//./"), spool + "'//./' is all of this node");
  EXPECT_EQ(refusal("PALS_SPOOL_DIR="), "");
  EXPECT_EQ(refusal("PALS_SPOOL_DIR=spool"), spool + "'spool' is no absolute path");
  EXPECT_EQ(refusal("PALS_SPOOL_DIR=/run/../home"), spool + "'/run/../home' has '..' in it");
  const std::string flux = "the directory of FLUX_URI: ";
  EXPECT_EQ(refusal("FLUX_URI=local:///x"), flux + "'/' is all of this node");
  EXPECT_EQ(refusal("FLUX_URI=local://"), flux + "'' is no absolute path");
}

TEST_F(Ranks, AreToldThatANetworkOfTheirOwnHasNoServer) {
  const Words environment = {"PMIX_SERVER_URI4=7.0;tcp4://127.0.0.1:4711"};
  EXPECT_EQ(find({environment}).left_out, Words{});
  const Edits apart = find({.environment = environment, .has_own_network = true});
  ASSERT_EQ(apart.left_out.size(), 1U);
  EXPECT_NE(apart.left_out[0].find("it listens on '127.0.0.1:4711'"), std::string::npos);
}

}  // namespace
}  // namespace berth::hooks
