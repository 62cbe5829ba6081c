// SPDX-License-Identifier: Apache-2.0
// GPUs of nodes that are made up: files as the drivers show them, below a directory of the test's
// own.
#include "hooks/gpu/gpus.h"

#include "hooks/gpu/choose.h"
#include "hooks/gpu/job.h"
#include "hooks/gpu/loader_cache.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Texts = std::vector<std::string>;

#if defined(__aarch64__)
constexpr std::uint32_t kOwn = 0x0a03;
#else
constexpr std::uint32_t kOwn = 0x0303;
#endif
constexpr std::uint32_t kOther = 0x0003;  // of 32-bit programs

struct Cached {
  std::uint32_t kind;
  std::string name;
  std::string path;
};

void add_word(std::string& bytes, std::uint32_t word) {
  bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
}

/// As ldconfig(8) writes it.
std::string cache_of(const std::vector<Cached>& libraries) {
  std::string bytes = "glibc-ld.so.cache1.1";
  add_word(bytes, static_cast<std::uint32_t>(libraries.size()));
  bytes.append(24, '\0');
  std::string texts;
  const std::size_t begin = bytes.size() + libraries.size() * 24;
  for (const Cached& library : libraries) {
    add_word(bytes, library.kind);
    add_word(bytes, static_cast<std::uint32_t>(begin + texts.size()));
    texts += library.name + '\0';
    add_word(bytes, static_cast<std::uint32_t>(begin + texts.size()));
    texts += library.path + '\0';
    bytes.append(12, '\0');
  }
  return bytes + texts;
}

TEST(LoaderCache, HasWhatTheLoaderFinds) {
  const std::string cache = cache_of({{kOwn, "liba.so.1", "/usr/lib/liba.so.1"},
                                      {kOther, "liba.so.1", "/usr/lib32/liba.so.1"},
                                      {kOwn, "libb.so.2", "/opt/libb.so.2"}});
  const std::vector<Library> libraries = {{"liba.so.1", "/usr/lib/liba.so.1"},
                                          {"libb.so.2", "/opt/libb.so.2"}};
  EXPECT_EQ(read_loader_cache(cache), libraries);
  // Of a node that still has the older format in front.
  EXPECT_EQ(read_loader_cache("ld.so-1.7.0" + std::string(37, '\0') + cache), libraries);
}

TEST(LoaderCache, IsThisMachinesOwn) {
  std::ifstream file("/etc/ld.so.cache", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto libraries = read_loader_cache(bytes);
  bool has_c = false;
  for (const Library& library : libraries) {
    has_c = has_c || library.name == "libc.so.6";
    EXPECT_EQ(::access(library.path.c_str(), F_OK), 0) << library.path;
  }
  EXPECT_TRUE(has_c);
}

TEST(LoaderCache, GivesNothingBeyondItsEnd) {
  const std::string cache = cache_of({{kOwn, "liba.so.1", "/usr/lib/liba.so.1"}});
  for (std::size_t size = 0; size < cache.size(); ++size)
    EXPECT_TRUE(read_loader_cache(cache.substr(0, size)).empty()) << size;
  std::string many = cache;
  many.replace(20, 4, "\xff\xff\xff\xff");
  EXPECT_TRUE(read_loader_cache(many).empty());
}

/// An image's may be anything: entries that share one text would take a thousand times its room.
TEST(LoaderCache, TakesNoMoreRoomThanItHas) {
  const std::string long_name(5000, 'a');
  EXPECT_TRUE(
      read_loader_cache(cache_of({{kOwn, long_name, "/a"}, {kOwn, "a", "/" + long_name}})).empty());
  constexpr std::uint32_t kEntries = 100'000;
  constexpr std::uint32_t kTexts = 48 + kEntries * 24;
  std::string many = "glibc-ld.so.cache1.1";
  add_word(many, kEntries);
  many.append(24, '\0');
  for (std::uint32_t i = 0; i < kEntries; ++i) {
    for (const std::uint32_t word : {kOwn, kTexts, kTexts + 2})
      add_word(many, word);
    many.append(12, '\0');
  }
  many += std::string("a\0/", 3) + std::string(4000, 'a') + '\0';
  std::size_t size = 0;
  for (const Library& library : read_loader_cache(many))
    size += library.name.size() + library.path.size();
  EXPECT_GT(size, 4000U);
  EXPECT_LT(size, 17UL << 20);
}

TEST(Gpus, AreAllOrANumberOrAName) {
  EXPECT_TRUE(parse_gpus("all")->all);
  EXPECT_EQ(parse_gpus("0,GPU-1a,3")->names, (Texts{"0", "GPU-1a", "3"}));
  for (const char* bad : {"", ",", "0,", "0,all", "a b", "/dev/nvidia0", "-1", "x=y"})
    EXPECT_FALSE(parse_gpus(bad)) << bad;
}

class MadeUpNode : public testing::Test {
 protected:
  MadeUpNode() {
    std::string pattern = testing::TempDir() + "berth-gpus-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }

  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path, std::ios::binary) << text;
  }

  void make_nvidia() const {
    const auto information = [](const std::string& name, const std::string& minor) {
      return "Model: \t\t Some GPU\nIRQ:   \t\t 35\nGPU UUID: \t " + name +
             "\nBus Location: \t 0000:3b:00.0\nDevice Minor: \t " + minor + "\n";
    };
    // The numbers of the files are not in the order of the bus.
    write("/proc/driver/nvidia/gpus/0000:3b:00.0/information", information("GPU-aa", "1"));
    write("/proc/driver/nvidia/gpus/0000:d8:00.0/information", information("GPU-bb", "0"));
    write("/dev/nvidiactl", "");
    write("/dev/nvidia-uvm", "");
    write("/usr/bin/nvidia-smi", "");
    write(
        "/etc/ld.so.cache",
        cache_of({{kOwn, "libcuda.so.1", "/usr/lib/driver/libcuda.so.1"},
                  {kOther, "libcuda.so.1", "/usr/lib32/libcuda.so.1"},
                  {kOwn, "libnvidia-ml.so.1", "/usr/lib/driver/libnvidia-ml.so.1"},
                  {kOwn, "libnvidia-rtcore.so.550.1", "/usr/lib/driver/libnvidia-rtcore.so.550.1"},
                  {kOwn, "libcuda.so.1", "/other/libcuda.so.1"},
                  {kOwn, "libc.so.6", "/lib/libc.so.6"}}));
  }

  void make_amd() const {
    write("/sys/class/kfd/kfd/topology/nodes/0/properties",
          "cpu_cores_count 64\ndrm_render_minor 0\n");
    write("/sys/class/kfd/kfd/topology/nodes/2/properties",
          "simd_count 440\nunique_id 81985529216486895\ndrm_render_minor 128\n");
    write("/sys/class/kfd/kfd/topology/nodes/10/properties",
          "simd_count 440\nunique_id 0\ndrm_render_minor 130\n");
  }

  std::string root_;
};

Texts nodes_of(const Edits& edits) {
  Texts nodes;
  for (const DeviceNode& node : edits.devices)
    nodes.push_back(node.path);
  return nodes;
}

TEST_F(MadeUpNode, WithoutADriverHasNothing) {
  const auto nvidia = find_nvidia({.all = true}, root_, {});
  const auto amd = find_amd({.all = true}, root_, {});
  EXPECT_TRUE(nvidia && !*nvidia);
  EXPECT_TRUE(amd && !*amd);
}

TEST_F(MadeUpNode, OfNvidiaGivesNodesAndLibraries) {
  make_nvidia();
  const auto found = find_nvidia({.all = true}, root_, {});
  ASSERT_TRUE(found && *found);
  const Edits& edits = **found;
  EXPECT_EQ(nodes_of(edits),
            (Texts{"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia1", "/dev/nvidia0"}));
  EXPECT_EQ(edits.variables, Texts{"NVIDIA_VISIBLE_DEVICES=GPU-aa,GPU-bb"});
  EXPECT_EQ(edits.prepended, Texts{"LD_LIBRARY_PATH=/run/berth/driver"});
  const std::vector<std::string> read_only = {"ro", "nosuid", "nodev"};
  EXPECT_EQ(edits.mounts,
            (std::vector<Mount>{
                {"/usr/lib/driver/libcuda.so.1", "/run/berth/driver/libcuda.so.1", "", read_only},
                {"/usr/lib/driver/libnvidia-ml.so.1",
                 "/run/berth/driver/libnvidia-ml.so.1",
                 "",
                 read_only},
                {"/usr/lib/driver/libnvidia-rtcore.so.550.1",
                 "/run/berth/driver/libnvidia-rtcore.so.550.1",
                 "",
                 read_only},
                {"/usr/bin/nvidia-smi", "/usr/bin/nvidia-smi", "", read_only}}));
  EXPECT_TRUE(edits.left_out.empty());
}

TEST_F(MadeUpNode, OfNvidiaGivesTheOnesAskedFor) {
  make_nvidia();
  for (const char* second : {"1", "GPU-bb"}) {
    const auto found = find_nvidia({.names = {second, second}}, root_, {});
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(nodes_of(**found), (Texts{"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0"}));
    EXPECT_EQ((*found)->variables,
              (Texts{"NVIDIA_VISIBLE_DEVICES=GPU-bb", "CUDA_VISIBLE_DEVICES=GPU-bb"}));
  }
  const auto third = find_nvidia({.names = {"2"}}, root_, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(to_text(third.error()),
            "berth: cannot find the GPU '2' on this node\n"
            "berth: hint: this node has 0 (GPU-aa), 1 (GPU-bb)");
}

JobGpus job_with(const std::string& name, const std::string& value) {
  return find_job_gpus([&](const char* asked) { return name == asked ? value : std::string(); });
}

TEST_F(MadeUpNode, GivesAJobWhatItHasBeenGiven) {
  make_nvidia();
  // Slurm's numbers are those of the files, others those of the driver's tools.
  for (const JobGpus& job : {job_with("SLURM_STEP_GPUS", "0"),
                             job_with("SLURM_JOB_GPUS", "0"),
                             job_with("CUDA_VISIBLE_DEVICES", "1"),
                             job_with("CUDA_VISIBLE_DEVICES", "GPU-bb")}) {
    const auto all = find_nvidia({.all = true}, root_, job);
    ASSERT_TRUE(all && *all) << job.variable;
    EXPECT_EQ(nodes_of(**all), (Texts{"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0"}));
    EXPECT_EQ((*all)->variables,
              (Texts{"NVIDIA_VISIBLE_DEVICES=GPU-bb", "CUDA_VISIBLE_DEVICES=GPU-bb"}));
    EXPECT_TRUE(find_nvidia({.names = {"1"}}, root_, job));
    const auto other = find_nvidia({.names = {"0"}}, root_, job);
    ASSERT_FALSE(other) << job.variable;
    EXPECT_EQ(to_text(other.error()),
              "berth: cannot use the GPU 'GPU-aa': this job has not been given it\n"
              "berth: hint: write --gpus all for what it has: " +
                  job.variable + " is GPU-bb");
  }
  // What is said of other nodes' GPUs is not about these.
  EXPECT_EQ(nodes_of(**find_nvidia({.all = true}, root_, job_with("SLURM_JOB_GPUS", "7"))).size(),
            4U);
  make_amd();
  EXPECT_EQ(nodes_of(**find_amd({.all = true}, root_, job_with("ROCR_VISIBLE_DEVICES", "1"))),
            (Texts{"/dev/kfd", "/dev/dri/renderD130"}));
}

TEST_F(MadeUpNode, OfNvidiaGivesParts) {
  make_nvidia();
  const std::string mig = "/proc/driver/nvidia/capabilities/gpu1/mig";
  const auto minor = [](const std::string& number) {
    return "DeviceFileMinor: " + number + "\nDeviceFileMode: 292\nDeviceFileModify: 1\n";
  };
  write(mig + "/gi2/access", minor("21"));
  write(mig + "/gi2/ci0/access", minor("22"));
  write(mig + "/gi2/ci1/access", minor("23"));
  write(mig + "/gi11/access", minor("102"));
  write(mig + "/gi11/ci0/access", minor("103"));
  const auto one = find_nvidia({.names = {"0:2", "0:2"}}, root_, {});
  ASSERT_TRUE(one && *one);
  EXPECT_EQ(nodes_of(**one),
            (Texts{"/dev/nvidiactl",
                   "/dev/nvidia-uvm",
                   "/dev/nvidia1",
                   "/dev/nvidia-caps/nvidia-cap102",
                   "/dev/nvidia-caps/nvidia-cap103"}));
  EXPECT_EQ(
      (*one)->variables,
      (Texts{"NVIDIA_VISIBLE_DEVICES=MIG-GPU-aa/11/0", "CUDA_VISIBLE_DEVICES=MIG-GPU-aa/11/0"}));
  const auto whole = find_nvidia({.names = {"GPU-aa"}}, root_, {});
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ(nodes_of(**whole).size(), 8U);
  EXPECT_EQ((*whole)->variables.at(0), "NVIDIA_VISIBLE_DEVICES=GPU-aa");
  const auto missing = find_nvidia({.names = {"0:3"}}, root_, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_text(missing.error()),
            "berth: cannot find the part '0:3' of a GPU on this node\n"
            "berth: hint: GPU-aa has parts 0 to 2");
  EXPECT_EQ(find_nvidia({.names = {"1:0"}}, root_, {}).error().hint, "GPU-bb is not divided");
}

TEST_F(MadeUpNode, OfNvidiaSaysWhereItsLibrariesAreNot) {
  make_nvidia();
  write("/etc/ld.so.cache", cache_of({{kOwn, "libc.so.6", "/lib/libc.so.6"}}));
  EXPECT_EQ((*find_nvidia({.all = true}, root_, {}))->left_out,
            Texts{"the driver's libraries: the loader of this node knows none"});
  std::filesystem::remove(root_ + "/etc/ld.so.cache");
  EXPECT_EQ((*find_nvidia({.all = true}, root_, {}))->left_out,
            Texts{"the driver's libraries: there is no /etc/ld.so.cache to find them by"});
}

TEST_F(MadeUpNode, OfAmdGivesNodes) {
  make_amd();
  const auto all = find_amd({.all = true}, root_, {});
  ASSERT_TRUE(all && *all);
  EXPECT_EQ(nodes_of(**all), (Texts{"/dev/kfd", "/dev/dri/renderD128", "/dev/dri/renderD130"}));
  EXPECT_TRUE((*all)->variables.empty());
  const auto one = find_amd({.names = {"GPU-0123456789abcdef"}}, root_, {});
  ASSERT_TRUE(one && *one);
  EXPECT_EQ(nodes_of(**one), (Texts{"/dev/kfd", "/dev/dri/renderD128"}));
  EXPECT_EQ((*one)->variables, Texts{"ROCR_VISIBLE_DEVICES=GPU-0123456789abcdef"});
  const auto other = find_amd({.names = {"1"}}, root_, {});
  ASSERT_TRUE(other && *other);
  EXPECT_EQ((*other)->variables, Texts{"ROCR_VISIBLE_DEVICES=1"});
}

}  // namespace
}  // namespace berth::hooks
