// SPDX-License-Identifier: Apache-2.0
// What hooks have found, kept from launch to launch: when it is believed, and how long it stays.
#include "hooks/memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

namespace fs = std::filesystem;

class Remembered : public ::testing::Test {
 protected:
  Remembered() {
    std::string pattern = ::testing::TempDir() + "berth-memory.XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    std::ofstream(node()) << "library";
    fs::create_symlink("library", link());
  }

  ~Remembered() override { fs::remove_all(root_); }

  Remembered(const Remembered&) = delete;
  Remembered& operator=(const Remembered&) = delete;
  Remembered(Remembered&&) = delete;
  Remembered& operator=(Remembered&&) = delete;

  [[nodiscard]] std::string node() const { return root_ + "/library"; }

  [[nodiscard]] std::string link() const { return root_ + "/link"; }

  [[nodiscard]] std::string missing() const { return root_ + "/missing"; }

  [[nodiscard]] std::string cache() const { return root_ + "/cache/berth/hooks"; }

  [[nodiscard]] Memory memory(const std::string& key = "key") const {
    return {cache(), "mpi", key};
  }

  [[nodiscard]] Edits edits() const {
    Edits edits{.who = "mpi", .says = "found"};
    edits.mounts = {{"/a", "/b", "", {"ro"}}};
    edits.seen = {{node(), link(), missing()}};
    return edits;
  }

  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(cache()))
      all.push_back(entry.path());
    return all;
  }

 private:
  std::string root_;
};

TEST_F(Remembered, IsWhatWasFoundAsLongAsNothingHasChanged) {
  EXPECT_EQ(memory().read(), std::nullopt);
  memory().write({edits()});
  EXPECT_EQ(memory().read(), std::vector{edits()});
  EXPECT_EQ(memory("another").read(), std::nullopt);
  std::ofstream(node()) << "another library";
  EXPECT_EQ(memory().read(), std::nullopt);
}

TEST_F(Remembered, IsAllThatWasFoundTogetherOrNothing) {
  Edits other{.who = "pmi", .says = "nothing is missing"};
  other.seen = {{missing()}};
  Edits alone{.who = "fabric"};
  alone.seen.emplace();
  const std::vector<Edits> all = {edits(), other, alone};
  memory().write(all);
  EXPECT_EQ(memory().read(), all);
  std::ofstream(missing()) << "";
  EXPECT_EQ(memory().read(), std::nullopt);
}

TEST_F(Remembered, EndsWhereALinkLeadsElsewhereOrSomethingComes) {
  memory().write({edits()});
  fs::remove(link());
  fs::create_symlink("./library", link());
  EXPECT_EQ(memory().read(), std::nullopt);
  memory().write({edits()});
  ASSERT_NE(memory().read(), std::nullopt);
  std::ofstream(missing()) << "";
  EXPECT_EQ(memory().read(), std::nullopt);
}

TEST_F(Remembered, IsNothingWhereNobodyKnowsWhatItHangsOn) {
  Edits unknown = edits();
  unknown.seen.reset();
  memory().write({unknown});
  memory().write({edits(), unknown});
  EXPECT_FALSE(fs::exists(cache()));
  Memory("", "mpi", "key").write({edits()});
  Memory("relative", "mpi", "key").write({edits()});
  EXPECT_EQ(Memory("", "mpi", "key").read(), std::nullopt);
}

TEST_F(Remembered, IsNotBelievedWhereOthersCanWriteItOrItIsALink) {
  memory().write({edits()});
  const auto file = files().at(0);
  ASSERT_EQ(::chmod(file.c_str(), 0620), 0);
  EXPECT_EQ(memory().read(), std::nullopt);
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(memory().read(), std::vector{edits()});
  fs::rename(file, file.string() + ".elsewhere");
  fs::create_symlink(file.string() + ".elsewhere", file);
  EXPECT_EQ(memory().read(), std::nullopt);
}

TEST_F(Remembered, IsNothingInADirectoryThatIsALinkOrThatOthersCanWrite) {
  fs::create_directories(fs::path(cache()).parent_path());
  fs::create_directory(cache() + ".elsewhere");
  fs::create_directory_symlink(cache() + ".elsewhere", cache());
  memory().write({edits()});
  EXPECT_TRUE(fs::is_empty(cache() + ".elsewhere"));
  fs::remove(cache());
  memory().write({edits()});
  EXPECT_NE(memory().read(), std::nullopt);
  ASSERT_EQ(::chmod(cache().c_str(), 0770), 0);
  EXPECT_EQ(memory().read(), std::nullopt);
}

TEST_F(Remembered, IsNotBelievedWhereItIsDamaged) {
  memory().write({edits()});
  const auto file = files().at(0);
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    std::ofstream(file, std::ios::trunc) << text.substr(0, size);
    EXPECT_EQ(memory().read(), std::nullopt) << size;
  }
  for (const char* other : {"[]\n[]\n", "{\"key\":1,\"state\":2}\n{}\n", "\n\n", "{}\n{}\n"}) {
    std::ofstream(file, std::ios::trunc) << other;
    EXPECT_EQ(memory().read(), std::nullopt) << other;
  }
}

TEST_F(Remembered, IsForgottenWhenNobodyHasReadItForLongOrThereAreTooMany) {
  memory("old").write({edits()});
  const auto old = files().at(0);
  const timespec then{::time(nullptr) - kRememberedFor - 1, 0};
  const std::array<timespec, 2> times{then, then};
  ASSERT_EQ(::utimensat(AT_FDCWD, old.c_str(), times.data(), 0), 0);
  // Who reads it keeps it.
  ASSERT_NE(memory("old").read(), std::nullopt);
  memory("new").write({edits()});
  EXPECT_EQ(files().size(), 2U);
  ASSERT_EQ(::utimensat(AT_FDCWD, old.c_str(), times.data(), 0), 0);
  for (const char* name : {"/mine.txt", "/mine.json", "/mpi-mine.json", "/hooks-1.json.bak"}) {
    std::ofstream(cache() + name) << "not ours";
    ASSERT_EQ(::utimensat(AT_FDCWD, (cache() + name).c_str(), times.data(), 0), 0);
  }
  memory("newer").write({edits()});
  EXPECT_EQ(memory("old").read(), std::nullopt);
  for (const char* name : {"/mine.txt", "/mine.json", "/mpi-mine.json", "/hooks-1.json.bak"})
    EXPECT_TRUE(fs::remove(cache() + name)) << name;
  for (unsigned i = 0; i < kMostRemembered + 10; ++i)
    memory(std::to_string(i)).write({edits()});
  EXPECT_EQ(files().size(), kMostRemembered);
  EXPECT_NE(memory(std::to_string(kMostRemembered + 9)).read(), std::nullopt);
}

}  // namespace
}  // namespace berth::hooks
