// SPDX-License-Identifier: Apache-2.0
// The finished berth.so as Slurm's loader meets it. This program stands where srun would, with an
// interface number of its own.
#include <dlfcn.h>

#include <string>

#include <gtest/gtest.h>

extern "C" long slurm_api_version() {
  return 45L << 16 | 3;
}

namespace {

/// Never closed, as in srun: the plugin's own C++ library keeps a reserve for exceptions.
class LoadedPlugin : public testing::Test {
 protected:
  [[nodiscard]] static void* find(const char* name) {
    static void* plugin = ::dlopen(BERTH_SPANK_FILE, RTLD_LAZY | RTLD_LOCAL);
    EXPECT_NE(plugin, nullptr) << ::dlerror();  // NOLINT(concurrency-mt-unsafe): one thread
    return plugin == nullptr ? nullptr : ::dlsym(plugin, name);
  }
};

TEST_F(LoadedPlugin, SaysThatItIsOfTheRunningSlurmsRelease) {
  const auto* version = static_cast<unsigned*>(find("plugin_version"));
  ASSERT_NE(version, nullptr);
  EXPECT_EQ(*version, 26U << 16 | 5U << 8);
}

TEST_F(LoadedPlugin, IsASpankPlugin) {
  EXPECT_STREQ(static_cast<const char*>(find("plugin_type")), "spank");
  EXPECT_STREQ(static_cast<const char*>(find("plugin_name")), "berth");
  for (const std::string entry :
       {"init", "init_post_opt", "local_user_init", "user_init", "task_init", "task_exit"})
    EXPECT_NE(find(("slurm_spank_" + entry).c_str()), nullptr) << entry;
}

TEST_F(LoadedPlugin, HasNoPartInSlurmdOrAPrivilegedTask) {
  for (const std::string entry : {"task_init_privileged",
                                  "task_post_fork",
                                  "exit",
                                  "job_prolog",
                                  "job_epilog",
                                  "slurmd_exit"})
    EXPECT_EQ(find(("slurm_spank_" + entry).c_str()), nullptr) << entry;
}

}  // namespace
