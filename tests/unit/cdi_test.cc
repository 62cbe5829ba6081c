// SPDX-License-Identifier: Apache-2.0
// Specifications of devices, as texts. They are of nobody: made up from the specification's words.
#include "hooks/cdi/spec.h"
#include "hooks/edits_text.h"
#include "hooks/name.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Texts = std::vector<std::string>;

TEST(DeviceNames, AreAVendorAClassAndAName) {
  for (const char* good : {"vendor.com/class=name",
                           "v/c=n",
                           "vendor.example-site.org/my_class=a.b-c_d:e",
                           "vendor.com/net.rdma=0",
                           "vendor.com/gpu=GPU-12ab:0"})
    EXPECT_TRUE(parse_device_name(good)) << good;
  for (const char* bad : {"",
                          "=",
                          "vendor.com=name",
                          "vendor.com/class",
                          "vendor.com/class=",
                          "/class=name",
                          "vendor.com/=name",
                          "1vendor.com/class=name",
                          "vendor.com/1class=name",
                          "vendor.com./class=name",
                          "vendor.com/class-=name",
                          "vendor.com/class=-name",
                          "vendor.com/class=name-",
                          "vendor.com/a/b=name",
                          "vendor.com/class=a=b",
                          "vendor.com/class=a b",
                          "vendor.com/class=\xc3\xa4",
                          "vendor:com/class=name"})
    EXPECT_FALSE(parse_device_name(bad)) << bad;
  // The specification has lengths for both halves.
  EXPECT_TRUE(parse_device_name(std::string(253, 'v') + "/" + std::string(63, 'c') + "=n"));
  EXPECT_FALSE(parse_device_name(std::string(254, 'v') + "/c=n"));
  EXPECT_FALSE(parse_device_name("v/" + std::string(64, 'c') + "=n"));
  EXPECT_EQ(parse_device_name("vendor.com/class=name")->kind, "vendor.com/class");
  EXPECT_EQ(parse_device_name("vendor.com/class=name")->name, "name");
}

TEST(DeviceNames, AreToldFromPaths) {
  EXPECT_TRUE(looks_like_device_name("vendor.com/class=name"));
  EXPECT_FALSE(looks_like_device_name("/dev/fuse"));
  EXPECT_FALSE(looks_like_device_name("/dev/a=b"));
  EXPECT_FALSE(looks_like_device_name("dev"));
}

// All that a file may have.
constexpr const char* kWhole = R"({
  "cdiVersion": "0.8.0",
  "kind": "vendor.com/accel.x",
  "annotations": {"note": "for people"},
  "containerEdits": {
    "env": ["ALL=1"],
    "mounts": [{"hostPath": "tmpfs", "containerPath": "/scratch", "type": "tmpfs", "options": ["size=1m"]}]
  },
  "devices": [
    {
      "name": "0",
      "annotations": {"slot": "3"},
      "containerEdits": {
        "env": ["ONE=a=b", "EMPTY="],
        "deviceNodes": [
          {"path": "/dev/accel0", "hostPath": "/dev/vendor/0", "type": "c", "major": 195, "minor": 255,
           "fileMode": 438, "permissions": "rw", "uid": 0, "gid": 44},
          {"path": "/dev/accelctl"}
        ],
        "mounts": [
          {"hostPath": "/usr/lib/libaccel.so.1", "containerPath": "/usr/lib/libaccel.so.1",
           "options": ["ro", "nosuid", "nodev", "rbind"]}
        ],
        "hooks": [
          {"hookName": "createContainer", "path": "/usr/bin/vendor-hook", "args": ["vendor-hook", "a"],
           "env": ["A=b"], "timeout": 5}
        ],
        "additionalGids": [44, 0],
        "intelRdt": {"closID": "x", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20", "enableCMT": true,
                     "enableMBM": false}
      }
    },
    {"name": "all", "containerEdits": {"env": ["TWO=2"]}}
  ]
})";

TEST(Spec, HasAllThatAFileSays) {
  const auto spec = parse_spec(kWhole, "/etc/cdi/v.json");
  ASSERT_TRUE(spec) << to_text(spec.error());
  EXPECT_EQ(spec->kind, "vendor.com/accel.x");
  EXPECT_EQ(spec->file, "/etc/cdi/v.json");
  EXPECT_EQ(spec->edits.who, "vendor.com/accel.x (/etc/cdi/v.json)");
  EXPECT_EQ(spec->edits.variables, Texts{"ALL=1"});
  EXPECT_EQ(spec->edits.mounts, (std::vector<Mount>{{"tmpfs", "/scratch", "tmpfs", {"size=1m"}}}));
  ASSERT_EQ(spec->devices.size(), 2U);
  const Edits& first = spec->devices[0].edits;
  EXPECT_EQ(first.who, "vendor.com/accel.x=0 (/etc/cdi/v.json)");
  EXPECT_EQ(first.variables, (Texts{"ONE=a=b", "EMPTY="}));
  EXPECT_EQ(
      first.devices,
      (std::vector<DeviceNode>{{"/dev/accel0", "/dev/vendor/0", 'c', 195, 255, 438, 0, 44, "rw"},
                               {"/dev/accelctl", "/dev/accelctl"}}));
  EXPECT_EQ(first.mounts,
            (std::vector<Mount>{{"/usr/lib/libaccel.so.1",
                                 "/usr/lib/libaccel.so.1",
                                 "",
                                 {"ro", "nosuid", "nodev", "rbind"}}}));
  EXPECT_EQ(first.groups, (std::vector<std::uint32_t>{44, 0}));
  EXPECT_EQ(first.left_out, Texts{"a share of the processor's cache: only root can give one"});
  EXPECT_EQ(first.hooks,
            (std::vector<Hook>{{Stage::create_container,
                                "/usr/bin/vendor-hook",
                                {"vendor-hook", "a"},
                                {"A=b"},
                                5,
                                "vendor.com/accel.x=0 (/etc/cdi/v.json)"}}));
  EXPECT_EQ(spec->devices[1].edits.variables, Texts{"TWO=2"});
}

TEST(Spec, IsYamlAsWell) {
  const auto spec = parse_spec(
      "# made by hand\n"
      "cdiVersion: v0.5.0\n"
      "kind: vendor.com/nic\n"
      "devices:\n"
      "- name: 0a\n"
      "  containerEdits:\n"
      "    deviceNodes:\n"
      "    - {path: /dev/nic, type: u, major: 0x, fileMode: 0660}\n",
      "n.yaml");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().goal,
            "read 'n.yaml:8': 'major' of a device node has to be a number, at most 4294967295");
  const auto good = parse_spec(
      "cdiVersion: v0.5.0\n"
      "kind: vendor.com/nic\n"
      "devices:\n"
      "- name: 0a\n"
      "  containerEdits:\n"
      "    deviceNodes:\n"
      "    - {path: /dev/nic, type: u, major: 10, minor: 010, fileMode: 0660}\n",
      "n.yaml");
  ASSERT_TRUE(good) << to_text(good.error());
  EXPECT_EQ(good->devices[0].edits.devices,
            (std::vector<DeviceNode>{{"/dev/nic", "/dev/nic", 'c', 10, 8, 0660}}));
}

/// The whole file with `old` replaced.
std::string with(const std::string& old, const std::string& text) {
  std::string all = kWhole;
  const auto at = all.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return all.replace(at, old.size(), text);
}

std::string refusal_of(const std::string& text) {
  const auto spec = parse_spec(text, "v");
  return spec ? "accepted" : spec.error().goal;
}

TEST(Spec, IsRefusedWhereItIsNotAsItHasToBe) {
  const std::vector<std::array<std::string, 3>> cases = {
      {R"("cdiVersion": "0.8.0",)", "", "read 'v:1': 'cdiVersion' of the file is missing"},
      {"0.8.0",
       "0.9.0",
       "read 'v:2': 'cdiVersion' of the file '0.9.0' is not one that berth knows: up to 1.1.0"},
      {"0.8.0",
       "latest",
       "read 'v:2': 'cdiVersion' of the file 'latest' is not one that berth knows: up to 1.1.0"},
      {"vendor.com/accel.x",
       "vendor.com",
       "read 'v:3': 'kind' of the file has to be VENDOR/CLASS, as in 'vendor.com/gpu'"},
      {R"("kind": "vendor.com/accel.x",)", "", "read 'v:1': 'kind' of the file is missing"},
      {R"({"note": "for people"})",
       R"(["note"])",
       "read 'v:4': 'annotations' of the file has to be a map of texts"},
      {R"("name": "0")",
       R"("name": "-0")",
       "read 'v:11': 'name' of a device is '-0': letters, "
       "digits and '_-.:' between them, no more"},
      {R"("name": "all")", R"("name": "0")", "read 'v:33': 'name' of a device '0' is there twice"},
      {R"({"env": ["TWO=2"]})",
       "{}",
       "read 'v:33': 'containerEdits' of a device is missing: the device would be nothing"},
      {"EMPTY=", "EMPTY", "read 'v:14': 'env' of 'containerEdits' has to be a list of NAME=VALUE"},
      {"EMPTY=", "=x", "read 'v:14': 'env' of 'containerEdits' has to be a list of NAME=VALUE"},
      {"\"/dev/accelctl\"",
       "\"dev/accelctl\"",
       "read 'v:18': 'path' of a device node has to begin with '/'"},
      {R"({"path": "/dev/accelctl"})",
       R"({"hostPath": "/dev/a"})",
       "read 'v:18': 'path' of a device node is missing"},
      {R"("type": "c")",
       R"("type": "x")",
       "read 'v:16': 'type' of a device node has to be b, c, u or p"},
      {R"("rw")",
       R"("rx")",
       "read 'v:17': 'permissions' of a device node has letters other than r, w and m"},
      {"195",
       "4294967296",
       "read 'v:16': 'major' of a device node has to be a number, at most 4294967295"},
      {R"("path": "/dev/accelctl")",
       R"("path": "/dev/accelctl", "mode": 1)",
       "read 'v:18': a device node has no field 'mode'"},
      {R"("hostPath": "/usr/lib/libaccel.so.1")",
       R"("hostPath": "libaccel.so.1")",
       "read 'v:21': 'hostPath' of a mount has to begin with '/'"},
      {R"("containerPath": "/scratch")",
       R"("containerPath": "")",
       "read 'v:7': 'containerPath' of a mount is empty"},
      {R"(["size=1m"])",
       R"("size=1m")",
       "read 'v:7': 'options' of a mount has to be a list of texts"},
      {"createContainer", "create", "read 'v:25': 'hookName' of a hook is none that there is"},
      {"/usr/bin/vendor-hook",
       "vendor-hook",
       "read 'v:25': 'path' of a hook has to begin with '/'"},
      {R"("timeout": 5)",
       R"("timeout": -5)",
       "read 'v:26': 'timeout' of a hook has to be a number, at most 4294967295"},
      {R"("timeout": 5)",
       R"("timeout": 0)",
       "read 'v:26': 'timeout' of a hook has to be greater than 0"},
      {R"({"env": ["TWO=2"]})",
       R"({"env": [], "mounts": null})",
       "read 'v:33': 'containerEdits' of a device is missing: the device would be nothing"},
      {R"("enableCMT": true)",
       R"("enableCMT": "often")",
       "read 'v:29': 'enableCMT' of 'intelRdt' has to be true or false"},
      {"[44, 0]",
       "[44, -1]",
       "read 'v:28': 'additionalGids' of 'containerEdits' has to be a list of numbers"},
      {"closID", "closId", "read 'v:29': 'intelRdt' has no field 'closId'"}};
  EXPECT_EQ(refusal_of(kWhole), "accepted");
  for (const auto& [old, text, refusal] : cases)
    EXPECT_EQ(refusal_of(with(old, text)), refusal);
  EXPECT_EQ(refusal_of("{}\n" + std::string(1, '\0') + "{"), "read 'v:2': it has a NUL byte");
  EXPECT_EQ(refusal_of(""), "read 'v:1': it is empty");
  EXPECT_EQ(refusal_of("[]"), "read 'v:1': it has to be a map, 'KEY: VALUE'");
  EXPECT_EQ(refusal_of(R"({"cdiVersion": "0.8.0", "kind": "a/b", "devices": []})"),
            "read 'v:1': 'devices' of the file is missing or empty");
}

TEST(Spec, MayUseWhatItsVersionHas) {
  const std::string file =
      R"({"cdiVersion": "VERSION", "kind": "a/KIND", "devices": [{"name": "NAME", ANNOTATED "containerEdits": EDITS}]})";
  const auto filled = [&](const std::string& version,
                          const std::string& kind,
                          const std::string& name,
                          const std::string& annotated,
                          const std::string& edits) {
    std::string text = file;
    for (const auto& [word, value] : {std::pair<std::string, std::string>{"VERSION", version},
                                      {"KIND", kind},
                                      {"NAME", name},
                                      {"ANNOTATED", annotated},
                                      {"EDITS", edits}})
      text.replace(text.find(word), word.size(), value);
    return text;
  };
  const std::string plain = R"({"env": ["A=b"]})";

  struct Newer {
    std::string before;
    std::string since;
    std::string kind = "b";
    std::string name = "n";
    std::string annotated = {};
    std::string edits = {};
  };

  const std::vector<Newer> newer = {
      {"0.3.0",
       "0.4.0",
       "b",
       "n",
       "",
       R"({"mounts": [{"hostPath": "/a", "containerPath": "/a", "type": "bind"}]})"},
      {"0.4.0",
       "0.5.0",
       "b",
       "n",
       "",
       R"({"deviceNodes": [{"path": "/dev/a", "hostPath": "/dev/b"}]})"},
      {"0.4.0", "0.5.0", "b", "0", "", plain},
      {"0.5.0", "0.6.0", "b.c", "n", "", plain},
      {"0.5.0", "0.6.0", "b", "n", R"("annotations": {"a": "b"},)", plain},
      {"0.6.0", "0.7.0", "b", "n", "", R"({"additionalGids": [1]})"},
      {"0.6.0", "0.7.0", "b", "n", "", R"({"intelRdt": {"closID": "x"}})"},
      {"1.0.0", "1.1.0", "b", "n", "", R"({"intelRdt": {"schemata": ["L3:0=f"]}})"},
      {"1.0.0", "1.1.0", "b", "n", "", R"({"intelRdt": {"enableMonitoring": true}})"},
      {"1.0.0",
       "1.1.0",
       "b",
       "n",
       "",
       R"({"netDevices": [{"hostInterfaceName": "hsn0", "name": "eth0"}]})"}};
  for (const Newer& one : newer) {
    EXPECT_EQ(refusal_of(filled(one.since, one.kind, one.name, one.annotated, one.edits)),
              "accepted");
    const std::string refusal =
        refusal_of(filled(one.before, one.kind, one.name, one.annotated, one.edits));
    EXPECT_NE(refusal.find("needs cdiVersion " + one.since), std::string::npos) << refusal;
  }
}

TEST(Spec, LeavesOutWhatOnlyRootCanGive) {
  const auto spec = parse_spec(
      R"({"cdiVersion": "1.1.0", "kind": "a/b", "devices": [{"name": "n", "containerEdits":
          {"netDevices": [{"hostInterfaceName": "hsn0", "name": "eth0"}]}}]})",
      "v");
  ASSERT_TRUE(spec) << to_text(spec.error());
  EXPECT_EQ(spec->devices[0].edits.left_out,
            Texts{"the network interface 'hsn0': only root can take one from this node"});
}

TEST(Spec, HasABindWhereAnOptionSaysSo) {
  const auto mount_of = [](const std::string& mount) {
    const auto spec = parse_spec(
        R"({"cdiVersion": "0.8.0", "kind": "a/b", "devices": [{"name": "n", "containerEdits": {"mounts": [)" +
            mount + "]}}]}",
        "v");
    return spec ? spec->devices[0].edits.mounts[0] : Mount{"", spec.error().goal};
  };
  const Mount bind{"/a", "/b", "", {"rbind", "ro"}};
  for (const char* type : {"none", "bind", "ext4", "dummy"})
    EXPECT_EQ(mount_of(std::string(R"({"hostPath": "/a", "containerPath": "/b", "type": ")") +
                       type + R"(", "options": ["rbind", "ro"]})"),
              bind);
  EXPECT_EQ(
      mount_of(R"({"hostPath": "a", "containerPath": "/b", "type": "x", "options": ["bind"]})").to,
      "read 'v:1': 'hostPath' of a mount has to begin with '/'");
}

TEST(Spec, AreTheSameForBothParsers) {
  const auto by_json = parse_spec(kWhole, "v");
  const auto by_yaml = parse_spec(std::string("# no JSON\n") + kWhole, "v");
  ASSERT_TRUE(by_json);
  ASSERT_TRUE(by_yaml);
  EXPECT_EQ(by_json->kind, by_yaml->kind);
  EXPECT_EQ(by_json->edits, by_yaml->edits);
  ASSERT_EQ(by_json->devices.size(), by_yaml->devices.size());
  for (std::size_t i = 0; i < by_json->devices.size(); ++i) {
    EXPECT_EQ(by_json->devices[i].name, by_yaml->devices[i].name);
    EXPECT_EQ(by_json->devices[i].edits, by_yaml->devices[i].edits);
  }
}

TEST(Spec, OfJsonAreRefusedWithTheLine) {
  const auto refusal = [](const std::string& text) {
    const auto spec = parse_spec(text, "v");
    return spec ? "" : spec.error().goal;
  };
  const std::string head = "{\n\"cdiVersion\": \"0.8.0\",\n\"kind\":\n\"v/c\",\n";
  EXPECT_EQ(refusal(head + "\"devices\": 7\n}"),
            "read 'v:5': 'devices' of the file has to be a list");
  EXPECT_EQ(refusal(head + "\"devices\"\n:\n7\n\n}"),
            "read 'v:7': 'devices' of the file has to be a list");
  EXPECT_EQ(refusal(head + "\"kind\": \"v/d\"}"), "read 'v:5': the key 'kind' is there twice");
  EXPECT_EQ(refusal(head + "\"x\": [[[[[[[[[]]]]]]]]]}"), "read 'v:5': it is nested too deeply");
  std::string many = head + "\"x\": [";
  for (unsigned i = 0; i < 20000; ++i)
    many += "1,";
  EXPECT_EQ(refusal(many + "1]}"), "read 'v:5': it has too many values");
  // What is no JSON may still be YAML, whose parser says what is wrong.
  EXPECT_TRUE(parse_spec(
      "{cdiVersion: 0.8.0, kind: v/c, devices: [{name: a, containerEdits: {env: [A=b]}}]}", "v"));
  EXPECT_EQ(refusal("{\"cdiVersion\": \"0.8.0\",\n").substr(0, 22), "read 'v:2': it is not ");
}

TEST(EditsText, IsReadAsItWasWritten) {
  const auto spec = parse_spec(kWhole, "v");
  ASSERT_TRUE(spec);
  Answer answer{{spec->edits, spec->devices[0].edits, {.who = "x\n\"\\"}}, {"one", "two"}};
  for (DeviceNode& node : answer.edits[1].devices) {  // what is compared on the other side
    node.mode = node.uid = node.gid = {};
    node.rights.clear();
  }
  const std::string text = to_text(answer);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  for (const char* before : {"", "@/a\n", "@/a\n@/b\n"}) {
    const auto again = parse_answer(before + text);
    ASSERT_TRUE(again) << before;
    EXPECT_EQ(*again, answer);
  }
}

TEST(EditsText, SaysWhatIsLookedAt) {
  EXPECT_EQ(last_look(""), "");
  EXPECT_EQ(last_look("@/a\n"), "/a");
  EXPECT_EQ(last_look("@/a\n@/b c\n"), "/b c");
  EXPECT_EQ(last_look("@/a\n{}\n"), "");
}

TEST(EditsText, HandsErrorsOn) {
  const Error error = refused("open", "read 'x'", EACCES);
  const auto again = parse_answer(to_text(Result<Answer>(error)));
  ASSERT_FALSE(again);
  EXPECT_EQ(sentence_of(again.error()), sentence_of(error));
  EXPECT_EQ(again.error().blame, error.blame);
  for (const char* bad : {"",
                          "@",
                          "@/a",
                          "@/a\n",
                          "{",
                          "[]",
                          "{}",
                          R"({"edits": []})",
                          R"({"edits": 1})",
                          R"({"edits": [{"who": 1}]})"})
    EXPECT_FALSE(parse_answer(bad)) << bad;
}

}  // namespace
}  // namespace berth::hooks
