// SPDX-License-Identifier: Apache-2.0
// What happens elsewhere on the node while names are resolved is no refusal.
#include "base/fd.h"
#include "launcher/enter/linux_calls.h"

#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace berth::enter {
namespace {

/// A directory that is renamed to and fro, as often as the kernel can.
class Renaming {
 public:
  explicit Renaming(const std::string& folder)
      : thread_([this, one = folder + "/one", two = folder + "/two"] {
          while (!stop_) {
            std::filesystem::rename(one, two);
            std::filesystem::rename(two, one);
            ++count_;
          }
        }) {}

  Renaming(Renaming&&) = delete;
  Renaming(const Renaming&) = delete;
  Renaming& operator=(Renaming&&) = delete;
  Renaming& operator=(const Renaming&) = delete;

  [[nodiscard]] int count() const { return count_; }

  ~Renaming() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> count_ = 0;
  std::thread thread_;
};

TEST(OpenInRoot, IsNotRefusedWhileSomethingElseIsRenamed) {
  std::string folder = ::testing::TempDir() + "berth-race-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  for (const char* name : {"/one", "/root", "/root/a", "/root/a/b"})
    std::filesystem::create_directory(folder + name);
  const UniqueFd root(::open((folder + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  {
    const Renaming renaming(folder);
    for (int i = 0; renaming.count() < 20'000; ++i) {
      const UniqueFd found(open_in_root(root.get(), "/a/../a/../../a/../a/b", O_PATH));
      ASSERT_TRUE(found.is_open()) << "try " << i << ": " << errno;
    }
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace berth::enter
