// SPDX-License-Identifier: Apache-2.0
// Which of a node's specification files counts for a device.
#include "hooks/cdi/nodes.h"
#include "hooks/cdi/registry.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Texts = std::vector<std::string>;

class RegistryOfDevices : public testing::Test {
 protected:
  RegistryOfDevices() {
    std::string pattern = testing::TempDir() + "berth-cdi-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    for (const char* name : {"/low", "/high"}) {
      std::filesystem::create_directory(folder_ + name);
      ::chmod((folder_ + name).c_str(), 0755);
    }
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A file of the kind v/c whose devices set WHERE to `value`.
  void write(const std::string& name, const Texts& devices, const std::string& value) const {
    std::ofstream file(folder_ + "/" + name);
    file << "cdiVersion: 0.5.0\nkind: v/c\ncontainerEdits: {env: [ALL=" << value
         << "]}\ndevices:\n";
    for (const std::string& device : devices)
      file << "- name: " << device << "\n  containerEdits: {env: [WHERE=" << value << "]}\n";
    file.close();
    ::chmod((folder_ + "/" + name).c_str(), 0644);
  }

  [[nodiscard]] Result<std::vector<Edits>> find(const Texts& names) const {
    std::vector<DeviceName> devices;
    for (const std::string& name : names)
      devices.push_back({"v/c", name});
    const uid_t me = ::getuid();
    return Registry::read(
               {{folder_ + "/missing", me}, {folder_ + "/low", me}, {folder_ + "/high", me}})
        .find(devices);
  }

  [[nodiscard]] std::string variables(const Texts& names) const {
    const auto found = find(names);
    if (!found) return to_text(found.error());
    std::string text;
    for (const Edits& edits : *found)
      for (const std::string& variable : edits.variables)
        text += variable + " ";
    return text;
  }

  std::string folder_;
};

TEST_F(RegistryOfDevices, AllOfAKindComesOnceAndBeforeItsFirstDevice) {
  write("low/a.yaml", {"one", "two"}, "x");
  EXPECT_EQ(variables({"two"}), "ALL=x WHERE=x ");
  EXPECT_EQ(variables({"one", "two", "one"}), "ALL=x WHERE=x WHERE=x ");
}

TEST_F(RegistryOfDevices, TheLaterDirectoryWins) {
  write("low/a.yaml", {"one", "two"}, "low");
  write("high/b.json", {"one"}, "high");
  EXPECT_EQ(variables({"one"}), "ALL=high WHERE=high ");
  EXPECT_EQ(variables({"two"}), "ALL=low WHERE=low ");
}

TEST_F(RegistryOfDevices, TwoOfOneDirectoryAreAConflict) {
  write("low/a.yaml", {"one", "two"}, "a");
  write("low/b.yaml", {"one"}, "b");
  EXPECT_EQ(variables({"one"}),
            "berth: cannot use the device 'v/c=one': both '" + folder_ + "/low/a.yaml' and '" +
                folder_ + "/low/b.yaml' have it\nberth: hint: remove it from one of them");
  EXPECT_EQ(variables({"two"}), "ALL=a WHERE=a ");
  // A directory that goes before both settles it.
  write("high/c.yaml", {"one"}, "c");
  EXPECT_EQ(variables({"one"}), "ALL=c WHERE=c ");
}

TEST_F(RegistryOfDevices, OtherFilesAreNotLookedAt) {
  for (const char* name : {"low/a.txt", "low/.hidden.yaml", "low/yaml", "low/a.yaml.bak"})
    write(name, {"one"}, "x");
  EXPECT_EQ(variables({"one"}),
            "berth: cannot find the device 'v/c=one' on this node\n"
            "berth: hint: there are no specifications in /etc/cdi, /var/run/cdi and ~/.config/cdi");
}

TEST_F(RegistryOfDevices, WhatOthersCanWriteIsNotBelieved) {
  write("low/a.yaml", {"one"}, "x");
  const std::string file = folder_ + "/low/a.yaml";
  for (const mode_t mode : {0664U, 0646U}) {
    ::chmod(file.c_str(), mode);
    EXPECT_NE(variables({"one"}).find("believe '" + file + "': others can write it"),
              std::string::npos);
  }
  ::chmod(file.c_str(), 0644);
  EXPECT_EQ(variables({"one"}), "ALL=x WHERE=x ");
  ::chmod((folder_ + "/low").c_str(), 0775);
  EXPECT_NE(variables({"one"}).find("believe '" + folder_ + "/low': others can write it"),
            std::string::npos);
}

TEST_F(RegistryOfDevices, IsOfTheOwnerThatItHasToBe) {
  write("low/a.yaml", {"one"}, "x");
  if (::getuid() == 0) {
    ASSERT_EQ(::chown((folder_ + "/low/a.yaml").c_str(), 4711, 0), 0);
  }
  const auto found = Registry::read({{folder_ + "/low", ::getuid() + 1}}).find({{"v/c", "one"}});
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().hint.find("others can write it"), std::string::npos);
}

TEST_F(RegistryOfDevices, AWrongFileHarmsOnlyThoseWhoMissItsDevices) {
  write("low/a.yaml", {"one"}, "x");
  std::ofstream(folder_ + "/low/b.yaml") << "cdiVersion: 0.5.0\nkind: v/c\ndevice: []\n";
  EXPECT_EQ(variables({"one"}), "ALL=x WHERE=x ");
  EXPECT_EQ(variables({"two"}),
            "berth: cannot find the device 'v/c=two' on this node\n"
            "berth: hint: a specification was left out: cannot read '" +
                folder_ + "/low/b.yaml:3': the file has no field 'device'");
}

TEST_F(RegistryOfDevices, AWrongFileIsSpokenOfInOneSentence) {
  const auto warning = [&] { return Registry::read({{folder_ + "/low", ::getuid()}}).warning(); };
  write("low/a.yaml", {"one"}, "x");
  EXPECT_EQ(warning(), "");
  std::ofstream(folder_ + "/low/b.json") << "{\"kind\": \"v/c\"}";
  const std::string sentence = "a specification was left out: cannot read '" + folder_ +
                               "/low/b.json:1': 'cdiVersion' of the file is missing";
  EXPECT_EQ(warning(), sentence);
  std::ofstream(folder_ + "/low/c.json") << "{}";
  EXPECT_EQ(warning(), sentence + " (and 1 more)");
}

TEST_F(RegistryOfDevices, SaysWhatItOpensBeforeItDoes) {
  write("low/a.yaml", {"one"}, "x");
  Texts heard;
  (void)Registry::read({{folder_ + "/missing"}, {folder_ + "/low", ::getuid()}},
                       [&](const std::string& path) { heard.push_back(path); });
  EXPECT_EQ(heard, (Texts{folder_ + "/missing", folder_ + "/low", folder_ + "/low/a.yaml"}));
}

TEST_F(RegistryOfDevices, AFifoDoesNotHoldItUp) {
  ASSERT_EQ(::mkfifo((folder_ + "/low/a.yaml").c_str(), 0644), 0);
  EXPECT_NE(variables({"one"}).find("a specification was left out"), std::string::npos);
}

TEST_F(RegistryOfDevices, SaysWhichThereAre) {
  write("low/a.yaml", {"gpu0", "gpu1", "all"}, "x");
  EXPECT_EQ(variables({"gpu01"}).substr(variables({"gpu01"}).find("hint")),
            "hint: did you mean 'v/c=gpu0'?");
  EXPECT_NE(
      variables({"completely-other-name"}).find("the devices here: v/c=gpu0, v/c=gpu1, v/c=all"),
      std::string::npos);
}

TEST(SpecDirectories, AreThoseOfTheSpecificationAndThenTheUsers) {
  const auto paths = [](const std::string& config, const std::string& home) {
    Texts all;
    for (const SpecDirectory& directory : spec_directories(config, home, 7))
      all.push_back(directory.path + ":" + std::to_string(directory.owner));
    return all;
  };
  EXPECT_EQ(paths("", ""), (Texts{"/etc/cdi:0", "/var/run/cdi:0"}));
  EXPECT_EQ(paths("", "/home/u"), (Texts{"/etc/cdi:0", "/var/run/cdi:0", "/home/u/.config/cdi:7"}));
  EXPECT_EQ(paths("/c", "/home/u"), (Texts{"/etc/cdi:0", "/var/run/cdi:0", "/c/cdi:7"}));
  EXPECT_EQ(paths("c", "h"), (Texts{"/etc/cdi:0", "/var/run/cdi:0"}));
}

Status check(const DeviceNode& node) {
  Edits edits{.who = "it"};
  edits.devices.push_back(node);
  return check_nodes(edits);
}

TEST(DeviceNodes, HaveToBeWhatTheSpecificationMeans) {
  EXPECT_TRUE(check({"/dev/x", "/dev/null"}));
  EXPECT_TRUE(check({"/dev/x", "/dev/null", 'c', 1, 3}));
  EXPECT_TRUE(check({"/dev/x", "/dev/null", 'c', {}, 3}));
  EXPECT_EQ(check({"/dev/x", "/dev/null", 'b'}).error().goal,
            "give the container '/dev/null' for it: it should be of type b and is of type c");
  EXPECT_EQ(check({"/dev/x", "/dev/null", 'c', 1, 5}).error().goal,
            "give the container '/dev/null' for it: it should be device 1:5 and is 1:3");
  EXPECT_EQ(check({"/dev/x", "/dev/null", '\0', 2}).error().goal,
            "give the container '/dev/null' for it: it should be device 2:* and is 1:3");
  EXPECT_EQ(check({"/dev/x", "/etc/passwd"}).error().goal,
            "give the container '/etc/passwd' for it: it is no device");
  EXPECT_EQ(check({"/dev/x", "/dev/no-such-device"}).error().refusal->number, ENOENT);
}

TEST(DeviceNodes, KeepTheModesAndOwnersOfTheNode) {
  Edits edits{.who = "it"};
  DeviceNode same{"/dev/x", "/dev/null"};
  same.mode = 0666;
  same.rights = "rw";
  DeviceNode other{"/dev/x", "/dev/null"};
  other.mode = 0600;
  other.rights = "r";
  edits.devices = {same, other};
  ASSERT_TRUE(check_nodes(edits));
  EXPECT_EQ(edits.left_out,
            (Texts{"mode 0600 of '/dev/null': it keeps 0666",
                   "only 'r' of '/dev/null': its mode decides, and only root can take more away"}));
}

TEST(Groups, ThatTheCallerIsNotInAreLeftOut) {
  Edits edits;
  edits.groups = {0, ::getgid(), 3999999999U};
  check_groups(edits);
  EXPECT_EQ(edits.left_out,
            Texts{"group 3999999999: the caller is not in it, and only root can add one"});
}

}  // namespace
}  // namespace berth::hooks
