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

using Texts = std::vector<std::string>;

class EnvFile : public testing::Test {
 protected:
  EnvFile() {
    std::string pattern = testing::TempDir() + "berth-env-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Result<Texts> read(const std::string& text) const {
    std::ofstream(folder_ + "/vars") << text;
    return read_env_file(folder_ + "/vars");
  }

  std::string folder_;
};

TEST_F(EnvFile, KeepsLinesToTheLetter) {
  auto variables = read("A=1\n\n# comment\n  B = \"x y\" \nHOME\nC=a=b#c");
  ASSERT_TRUE(variables);
  EXPECT_EQ(*variables, (Texts{"A=1", "  B = \"x y\" ", "HOME", "C=a=b#c"}));
  EXPECT_EQ(*read(""), Texts{});
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

TEST_F(EnvFile, HasToBeThere) {
  auto variables = read_env_file(folder_ + "/none");
  ASSERT_FALSE(variables);
  EXPECT_EQ(to_text(variables.error()),
            "berth: cannot read '" + folder_ + "/none': open: No such file or directory (ENOENT)");
}

}  // namespace
}  // namespace berth::request
