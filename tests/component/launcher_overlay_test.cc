// SPDX-License-Identifier: Apache-2.0
// The directory that keeps changes, on the real kernel, by an ordinary user: what is attached is
// what was locked, whatever has its name by then.
#include "base/fd.h"
#include "base/text.h"
#include "launcher/enter/carry_out.h"
#include "launcher/enter/explain.h"
#include "launcher/enter/linux_mounts.h"
#include "launcher/enter/linux_process.h"
#include "tests/component/launcher_child.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::enter {
namespace {

class KeptChanges : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = tests::why_no_namespaces(); !why.empty()) BERTH_SKIP_OR_FAIL(why);
    for (const char* folder : {"kept/upper", "other/upper", "base"})
      (void)host_.make(folder);
    host_.write("kept/upper/file", "kept");
    host_.write("other/upper/file", "another's");
    kept_ = host_.path() + "/kept";
    locked_.reset(::open(kept_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  /// Attaches what has the name now, in namespaces of its own.
  [[nodiscard]] std::string attached() const {
    return tests::in_child([&] {
      const std::string base = host_.path() + "/base";
      const std::string uid = std::to_string(::getuid());
      const std::string gid = std::to_string(::getgid());
      const std::vector<Step> steps = {EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS},
                                       WriteFile{"/proc/self/setgroups", "deny"},
                                       WriteFile{"/proc/self/uid_map", uid + " " + uid + " 1\n"},
                                       WriteFile{"/proc/self/gid_map", gid + " " + gid + " 1\n"},
                                       KeepMountsInside{},
                                       TakeTree{kept_, 0},
                                       MountScratch{base, 1 << 20},
                                       MakeDirectory{base + "/kept"},
                                       AttachOverlay{0, kept_, base + "/kept"}};
      LinuxMounts mounts(-1, -1, {}, locked_.get());
      LinuxProcess process(-1, {});
      Kernel kernel{mounts, process};
      const auto stumble = carry_out(steps, {}, kernel);
      if (stumble) return sentence_of(explain(*stumble, steps, {}));
      const bool is_there = ::access((base + "/kept/upper/file").c_str(), W_OK) == 0;
      return std::string(is_there ? "attached" : "nothing");
    });
  }

  tests::OwnFolder host_;
  std::string kept_;
  UniqueFd locked_;
};

TEST_F(KeptChanges, AreAttachedOnTheScratchFileSystem) {
  EXPECT_EQ(attached(), "attached");
}

TEST_F(KeptChanges, AreNotThoseOfADirectoryThatGotTheNameMeanwhile) {
  std::filesystem::rename(kept_, host_.path() + "/away");
  std::filesystem::rename(host_.path() + "/other", kept_);
  EXPECT_EQ(attached(),
            "cannot show the changes in " + quote(kept_) + " on " +
                quote(host_.path() + "/base/kept") + ": fstat: Stale file handle (ESTALE)");
  std::filesystem::remove_all(kept_);
  std::filesystem::create_directory_symlink("away", kept_);
  EXPECT_EQ(attached(), "attached") << "a link to the same directory does no harm";
}

}  // namespace
}  // namespace berth::enter
