// SPDX-License-Identifier: Apache-2.0
// The directory that keeps changes, without a container: its mark, and what is said of it.
#include "image/overlay/overlay.h"

#include "image/overlay/mark.h"
#include "tests/unit/errors_document.h"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace berth::overlay {
namespace {

class Marks : public testing::Test {
 protected:
  Marks() {
    std::string pattern = testing::TempDir() + "berth-overlay-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fd_.reset(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string error_of(const std::string& text) {
    std::ofstream(folder_ + "/image") << text;
    const auto mark = read_mark(fd_.get(), "keep");
    return mark ? "none" : to_text(mark.error());
  }

  std::string folder_;
  UniqueFd fd_;
};

TEST_F(Marks, AreReadAsTheyWereWritten) {
  const auto none = read_mark(fd_.get(), "keep");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  ASSERT_TRUE(write_mark(fd_.get(), {"7-abc", "a\nname"}));
  const auto mark = read_mark(fd_.get(), "keep");
  ASSERT_TRUE(mark && *mark);
  EXPECT_EQ((*mark)->identity, "7-abc");
  EXPECT_EQ((*mark)->name, "a name") << "a name must not make another line";
}

TEST_F(Marks, AreNeverReplaced) {
  ASSERT_TRUE(write_mark(fd_.get(), {"1", "a"}));
  EXPECT_FALSE(write_mark(fd_.get(), {"2", "b"}));
  const auto mark = read_mark(fd_.get(), "keep");
  ASSERT_TRUE(mark && *mark);
  EXPECT_EQ((*mark)->identity, "1");
}

TEST_F(Marks, OfOthersAreRefused) {
  const std::string foreign =
      "berth: cannot keep: berth has not filled it\n"
      "berth: hint: make a directory of your own for the changes: mkdir DIR";
  for (const char* text : {"", "\n", "berth-overlay 1\n", "berth-overlay 2\n1\na\n", "x\n1\na\n"})
    EXPECT_EQ(error_of(text), foreign);
  std::filesystem::remove(folder_ + "/image");
  std::filesystem::create_symlink("/etc/passwd", folder_ + "/image");
  const auto mark = read_mark(fd_.get(), "keep");
  ASSERT_FALSE(mark);
  EXPECT_EQ(to_text(mark.error()), foreign);
}

TEST(ErrorsDocument, GivesEachHintOfKeptChangesItsCauseCheckAndCure) {
  tests::expect_paragraphs_for({kMakeHint, kPrivateHint, kInUseHint, kOtherImageHint, kDiskHint});
}

}  // namespace
}  // namespace berth::overlay
