// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/env_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::request {
namespace {

using Changes = std::vector<EnvChange>;
using Kind = EnvChange::Kind;

class EnvFile : public testing::Test {
 protected:
  EnvFile() {
    std::string pattern = testing::TempDir() + "berth-env-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Result<Changes> read(const std::string& text) const {
    std::ofstream(folder_ + "/vars") << text;
    return read_env_file(folder_ + "/vars");
  }

  std::string folder_;
};

TEST_F(EnvFile, KeepsLinesToTheLetter) {
  auto variables = read("A=1\n\n# comment\n  B = \"x y\" \nHOME\nC=a=b#c");
  ASSERT_TRUE(variables);
  const std::string file = folder_ + "/vars";
  EXPECT_EQ(*variables,
            (Changes{{Kind::set, "A=1", file, 1},
                     {Kind::set, "  B = \"x y\" ", file, 4},
                     {Kind::take, "HOME", file, 5},
                     {Kind::set, "C=a=b#c", file, 6}}));
  EXPECT_EQ(*read(""), Changes{});
}

TEST_F(EnvFile, NamesTheLineThatIsNoVariable) {
  for (const std::string& wrong : {std::string("=x"), std::string("A=\0b", 4)}) {
    auto variables = read("A=1\n#\n" + wrong + "\n");
    ASSERT_FALSE(variables);
    EXPECT_EQ(to_text(variables.error()),
              "berth: cannot use line 3 of '" + folder_ +
                  "/vars' as a variable\nberth: hint: write NAME=VALUE");
  }
}

TEST_F(EnvFile, StandsWhereItsOptionStands) {
  std::ofstream(folder_ + "/vars") << "A=2\nB";
  const std::string file = folder_ + "/vars";
  Changes changes = {{Kind::set, "A=1"}, {Kind::file, file}, {Kind::unset, "A"}};
  std::size_t preset = 0;
  ASSERT_TRUE(read_env_files(changes, preset));
  EXPECT_EQ(preset, 0U);
  EXPECT_EQ(changes,
            (Changes{{Kind::set, "A=1"},
                     {Kind::set, "A=2", file, 1},
                     {Kind::take, "B", file, 2},
                     {Kind::unset, "A"}}));
  changes = {{Kind::file, folder_ + "/none"}};

  EXPECT_FALSE(read_env_files(changes, preset));
}

TEST_F(EnvFile, HasToBeThere) {
  auto variables = read_env_file(folder_ + "/none");
  ASSERT_FALSE(variables);
  EXPECT_EQ(to_text(variables.error()),
            "berth: cannot read '" + folder_ + "/none': open: No such file or directory (ENOENT)");
}

/// What is in front of the others stays so, however many lines files have.
TEST_F(EnvFile, KeepsApartWhatRunConfSays) {
  std::ofstream(folder_ + "/three") << "A=1\nB=2\nC=3\n";
  std::ofstream(folder_ + "/empty") << "";
  const EnvChange three{Kind::file, folder_ + "/three"};
  const EnvChange empty{Kind::file, folder_ + "/empty"};
  const EnvChange plain{Kind::set, "X=1"};

  struct Case {
    Changes changes;
    std::size_t before;
    std::size_t after;
  };

  for (const auto& [given, before, after] : {Case{{empty}, 1, 0},
                                             Case{{empty, plain}, 1, 0},
                                             Case{{three, plain}, 1, 3},
                                             Case{{plain, empty, plain, three}, 3, 2},
                                             Case{{plain, three}, 0, 0},
                                             Case{{three, plain}, 2, 4},
                                             Case{{}, 0, 0}}) {
    Changes changes = given;
    std::size_t preset = before;
    ASSERT_TRUE(read_env_files(changes, preset));
    EXPECT_EQ(preset, after);
  }
}

}  // namespace
}  // namespace berth::request
