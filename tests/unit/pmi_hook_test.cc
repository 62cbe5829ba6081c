// SPDX-License-Identifier: Apache-2.0
// Which directories of the node the hook of PMI shows, and who has a say in that.
#include "hooks/pmi/pmi.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Words = std::vector<std::string>;

/// A node on which every place is a directory.
class Everywhere : public Layer {
 public:
  Entry look(const std::string& /*path*/) override { return {Entry::Kind::directory}; }

  std::vector<std::string> names_in(const std::string& /*path*/) override { return {}; }

  std::string read(const std::string& /*path*/,
                   std::uint64_t /*offset*/,
                   std::size_t /*size*/) override {
    return {};
  }
};

Edits find(const PmiQuestion& question) {
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(std::make_unique<Everywhere>());
  Tree node(std::move(layers));
  Tree image(std::vector<std::unique_ptr<Layer>>{});
  return find_pmi(question, image, node);
}

Words shown(const PmiQuestion& question) {
  Words places;
  for (const Mount& mount : find(question).mounts)
    places.push_back(mount.to);
  return places;
}

TEST(Pmi, ShowsDirectoriesThatTheCallersLauncherNames) {
  EXPECT_EQ(shown({.spool_directory = "/var/run/palsd/7", .flux_uri = "local:///run/flux/local-0"}),
            (Words{"/var/run/palsd/7", "/run/flux"}));
  EXPECT_EQ(shown({.flux_uri = "ssh://node/run/flux/local-0"}), Words{});
}

TEST(Pmi, ShowsNothingThatOnlyTheProgramsVariablesName) {
  const Edits edits = find({.environment = {"PALS_SPOOL_DIR=/home/alice/secret",
                                            "FLUX_URI=local:///home/alice/.ssh/x"}});
  EXPECT_EQ(edits.mounts, std::vector<Mount>{});
  EXPECT_EQ(edits.left_out, Words{});
}

TEST(Pmi, ShowsNothingTwice) {
  const Words anyway = {"/tmp", "/dev/shm"};
  EXPECT_EQ(shown({.spool_directory = "/tmp", .flux_uri = "local:///dev/shm/f/0", .shown = anyway}),
            Words{});
  EXPECT_EQ(shown({.spool_directory = "/tmp2", .shown = anyway}), Words{"/tmp2"});
}

TEST(Pmi, SaysWhichDirectoriesItRefuses) {
  const auto refusal = [](const std::string& directory) {
    const Edits edits = find({.spool_directory = directory});
    EXPECT_EQ(edits.mounts, std::vector<Mount>{}) << directory;
    return edits.left_out.empty() ? "" : edits.left_out[0];
  };
  const std::string begin = "the directory of PALS_SPOOL_DIR: ";
  EXPECT_EQ(refusal("/"), begin + "'/' is all of this node");
  EXPECT_EQ(refusal("//./"), begin + "'//./' is all of this node");
  EXPECT_EQ(refusal(""), begin + "'' is no absolute path");
  EXPECT_EQ(refusal("spool"), begin + "'spool' is no absolute path");
  EXPECT_EQ(refusal("/run/../home"), begin + "'/run/../home' has '..' in it");
  EXPECT_EQ(find({.flux_uri = "local:///x"}).left_out,
            Words{"the directory of FLUX_URI: '/' is all of this node"});
  EXPECT_EQ(find({.flux_uri = "local://"}).left_out,
            Words{"the directory of FLUX_URI: '' is no absolute path"});
}

}  // namespace
}  // namespace berth::hooks
