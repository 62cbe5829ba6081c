// SPDX-License-Identifier: Apache-2.0
// The fabric of nodes that are made up: links to a device that every machine has stand for device
// files, and directories for sysfs.
#include "hooks/fabric/fabric.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Words = std::vector<std::string>;

class Node : public ::testing::Test {
 protected:
  Node() {
    std::string pattern = ::testing::TempDir() + "berth-fabric.XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }

  ~Node() override { std::filesystem::remove_all(root_); }

  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  Node(Node&&) = delete;
  Node& operator=(Node&&) = delete;

  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::filesystem::create_symlink(target, root_ + path);
  }

  void add_adapter(const std::string& name, const std::string& driver) const {
    if (driver.empty())
      std::filesystem::create_directories(root_ + "/sys/class/infiniband/" + name);
    else
      link("/sys/class/infiniband/" + name + "/device/driver",
           "../../../bus/pci/drivers/" + driver);
  }

  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  std::string root_;
};

using FabricHardware = Node;

TEST_F(FabricHardware, IsThoseFilesThatAreThereAndTheDriversOfTheAdapters) {
  for (const char* name : {"infiniband/uverbs0", "infiniband/rdma_cm", "cxi0", "hfi1_0", "knem"})
    link(std::string("/dev/") + name, "/dev/null");
  link("/dev/null", "/dev/null");
  std::filesystem::create_directories(root() + "/dev/cxi-documents");
  add_adapter("rocep1s0", "mlx5_core");
  add_adapter("rocep1s1", "mlx5_core");
  add_adapter("irdma0", "ice");
  add_adapter("efa_0", "efa");
  const Hardware found = find_hardware(root());
  EXPECT_EQ(found.devices,
            (Words{"/dev/infiniband/rdma_cm",
                   "/dev/infiniband/uverbs0",
                   "/dev/cxi0",
                   "/dev/hfi1_0",
                   "/dev/knem"}));
  EXPECT_EQ(found.providers, (Words{"efa", "irdma", "mlx5"}));
}

TEST_F(FabricHardware, InSoftwareHasOneOfTwoDrivers) {
  link("/dev/infiniband/uverbs0", "/dev/null");
  add_adapter("rxe0", "");
  EXPECT_EQ(find_hardware(root()).providers, (Words{"rxe", "siw"}));
}

TEST_F(FabricHardware, WithoutAFileForProgramsHasNoDriver) {
  add_adapter("mlx5_0", "mlx5_core");
  EXPECT_EQ(find_hardware(root()), Hardware{});
}

/// Files by their paths, all empty; "/" is a directory.
class Made : public Layer {
 public:
  explicit Made(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  Entry look(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return {};
    return {found->second == "/" ? Entry::Kind::directory : Entry::Kind::file};
  }

  std::vector<std::string> names_in(const std::string& /*path*/) override { return {}; }

  std::string read(const std::string& /*path*/,
                   std::uint64_t /*offset*/,
                   std::size_t /*size*/) override {
    return {};
  }

 private:
  std::map<std::string, std::string> files_;
};

Tree tree_of(const std::map<std::string, std::string>& files) {
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(std::make_unique<Made>(files));
  return Tree(std::move(layers));
}

Edits find(const FabricQuestion& question, const std::map<std::string, std::string>& image) {
  Tree image_tree = tree_of(image);
  Tree node = tree_of({});
  return find_fabric(question, image_tree, node);
}

const Hardware kMlx5{{"/dev/infiniband/uverbs0"}, {"mlx5"}};

TEST(Fabric, OfANodeWithoutOneIsNothing) {
  EXPECT_EQ(find({}, {}), (Edits{.who = "fabric", .says = "this node has none"}));
}

TEST(Fabric, IsTheDeviceFilesWhereTheImageHasNoCLibrary) {
  const Edits edits = find({kMlx5}, {});
  ASSERT_EQ(edits.devices.size(), 1U);
  EXPECT_EQ(edits.devices[0].path, "/dev/infiniband/uverbs0");
  EXPECT_EQ(edits.left_out, Words{});
  EXPECT_EQ(find({kMlx5}, {{"/lib", "/"}, {"/lib/ld-musl-x86_64.so.1", ""}}).left_out,
            Words{"this node's libraries: they need glibc, and the image's C library is musl"});
}

TEST(Fabric, NeedsMemoryThatMayBeLocked) {
  const Words line = {
      "memory that an adapter can reach: programs may lock 8192 KiB here (ulimit -l), where "
      "fabrics "
      "need gigabytes or no limit"};
  EXPECT_EQ(find({kMlx5, {}, {}, 8UL << 20}, {}).left_out, line);
  EXPECT_EQ(find({{}, {}, {}, 8UL << 20}, {}).left_out, Words{});
}

}  // namespace
}  // namespace berth::hooks
