// SPDX-License-Identifier: Apache-2.0
// Control groups of both versions, on trees that the test makes.
#include "base/file.h"
#include "launcher/cgroup/choose.h"
#include "launcher/cgroup/device_rules.h"
#include "launcher/cgroup/freezer.h"
#include "launcher/cgroup/group.h"
#include "launcher/cgroup/hierarchy.h"
#include "launcher/cgroup/nodes.h"
#include "launcher/cgroup/usage.h"
#include "tests/unit/errors_document.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::cgroup {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMounts =
    "30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 30 0:31 /docker/ab /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "39 30 0:36 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "40 30 0:37 / /sys/fs/with\\040blank rw,relatime - cgroup2 cgroup2 rw\n";

TEST(Hierarchies, AreThoseThatAreMountedAndHaveControllers) {
  const auto found = parse_hierarchies(
      "5:cpu,cpuacct:/\n4:memory:/docker/ab/job\n3:name=systemd:/\n2:pids:/\n0::/user.slice/x\n",
      kMounts);
  const std::vector<Hierarchy> expected = {
      {false, {"cpu", "cpuacct"}, "/sys/fs/cgroup/cpu,cpuacct"},
      {false, {"memory"}, "/sys/fs/cgroup/memory/job"},
      {true, {}, "/sys/fs/with blank/user.slice/x"}};
  EXPECT_EQ(found, expected);
}

TEST(Hierarchies, SayNothingOfWhatIsOutOfSight) {
  for (const char* path : {"/docker/abc", "/docker", "/../x", "/docker/ab/../x"}) {
    const auto found = parse_hierarchies(std::string("4:memory:") + path + "\n", kMounts);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].place, "") << path;
  }
  EXPECT_EQ(parse_hierarchies("4:memory:/docker/ab\n", kMounts)[0].place, "/sys/fs/cgroup/memory");
  for (const char* text : {"", "4", "4:memory", "\n\n", ":::"})
    EXPECT_TRUE(parse_hierarchies(text, "1 - cgroup\n- cgroup2 x\n").empty()) << text;
}

void put(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

std::string content(const fs::path& file) {
  const auto text = read_text_file(file, 1 << 16);
  return text ? *text : "(none)";
}

/// A tree that is taken for a mounted hierarchy.
class Tree : public testing::Test {
 protected:
  Tree() {
    std::string name = (fs::temp_directory_path() / "berth-cgroup.XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }

  void TearDown() override { fs::remove_all(root_); }

  /// As the kernel fills a new directory of version 2.
  fs::path unified(const std::string& name) {
    fs::path at = root_ / name;
    put(at / "cgroup.procs", "");
    put(at / "cgroup.type", "domain\n");
    put(at / "cgroup.subtree_control", "");
    put(at / "cgroup.controllers", "cpu memory pids\n");
    return at;
  }

  fs::path first(const std::string& name) {
    fs::path at = root_ / name;
    put(at / "cgroup.procs", "");
    return at;
  }

  fs::path root_;
};

using Grounds = Tree;

TEST_F(Grounds, OfVersionOneAreOurPlaceOrADirectoryInItThatIsOurs) {
  const fs::path at = first("job");
  EXPECT_EQ(find_ground({false, {"memory"}, at}).parent, at);
  first("job/ada");
  first("job/berth-1-2-3");
  // Nobody may write what is not there, root included.
  fs::remove(at / "cgroup.procs");
  EXPECT_EQ(find_ground({false, {"memory"}, at}).parent, at / "ada");
  fs::remove(at / "ada/cgroup.procs");
  EXPECT_EQ(find_ground({false, {"memory"}, at}).parent, "");
}

TEST_F(Grounds, OfVersionTwoAreOurPlaceWhoseProcessesMakeRoom) {
  const fs::path at = unified("scope");
  const Ground ground = find_ground({true, {}, at});
  EXPECT_EQ(ground.parent, at);
  EXPECT_EQ(ground.leaf, at / "berth-others");
  EXPECT_EQ(ground.controllers, (std::vector<std::string>{"cpu", "memory", "pids"}));
  // In the leaf already, the place above is the one, and nobody has to go.
  const Ground again = find_ground({true, {}, unified("scope/berth-others")});
  EXPECT_EQ(again.parent, at);
  EXPECT_EQ(again.leaf, "");
  fs::remove(at / "cgroup.type");
  EXPECT_EQ(find_ground({true, {}, at}).leaf, "") << "the root of all may have processes";
  fs::remove(at / "cgroup.subtree_control");
  EXPECT_EQ(find_ground({true, {}, at}).parent, "");
  EXPECT_EQ(find_ground({true, {}, ""}).parent, "");
}

const GroupLimit kMemory{LimitKind::memory, {}, 64 << 20, "64M"};
const GroupLimit kSwap{LimitKind::memory_swap, {}, 96 << 20, "96M"};
const GroupLimit kCpus{LimitKind::cpus, {}, 50'000, "0.5"};
const GroupLimit kPids{LimitKind::pids, {}, kUnbounded, "-1"};
const GroupLimit kHigh{LimitKind::memory_high, {}, 1 << 20, "1M"};
const GroupLimit kRead{LimitKind::read_bps, "/dev/sda", 1024, "/dev/sda:1K"};
const GroupLimit kWeight{LimitKind::cpu_weight, {}, 200, "200"};

Ground two() {
  return {true, {"cpu", "memory", "io"}, "/g", "/g", "/g/berth-others"};
}

std::vector<Ground> one() {
  return {{false, {"memory"}, "/m", "/m/ada"},
          {false, {"cpu"}, "/c", "/c/ada"},
          {false, {"cpuacct"}, "/a", "/a/ada"},
          {false, {"freezer"}, "/f", "/f/ada"},
          {false, {"blkio"}, "/b", "/b/ada"},
          {false, {"pids"}, "/p"}};
}

std::string files_of(const GroupPart& part) {
  std::string text = part.parent + ":";
  for (const GroupSetting& setting : part.settings)
    text += " " + setting.file + "=" + setting.text;
  return text;
}

TEST(Choice, OfVersionTwoIsOneGroupWithWhatItNeeds) {
  const auto choice = choose_group(
      {{kMemory, kSwap, kCpus, kHigh, kRead, kWeight}}, {two()}, {{{"/dev/sda", "8:0"}}});
  EXPECT_TRUE(choice.refused.empty());
  ASSERT_EQ(choice.plan.parts.size(), 1U);
  const GroupPart& part = choice.plan.parts[0];
  EXPECT_EQ(files_of(part),
            "/g: memory.max=67108864 memory.swap.max=33554432 cpu.max=50000 100000 "
            "memory.high=1048576 io.max=8:0 rbps=1024 cpu.weight=200");
  EXPECT_EQ(part.enabled, "+memory +cpu +io");
  EXPECT_EQ(part.leaf, "/g/berth-others");
  EXPECT_EQ(part.settings[0].words, "--memory=64M");
}

TEST(Choice, OfVersionOneIsAGroupInEachHierarchyThatCanHaveOne) {
  const auto choice =
      choose_group({{kMemory, kSwap, kCpus, kRead, kWeight}}, one(), {{{"/dev/sda", "8:0"}}});
  EXPECT_TRUE(choice.refused.empty());
  std::string all;
  for (const GroupPart& part : choice.plan.parts)
    all += files_of(part) + "\n";
  EXPECT_EQ(all,
            "/m/ada: memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=100663296\n"
            "/c/ada: cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000 cpu.shares=2048\n"
            "/a/ada:\n"
            "/b/ada: blkio.throttle.read_bps_device=8:0 1024\n");
}

TEST(Choice, OfMemoryAndSwapTakesThemInTheKernelsOrder) {
  const auto choice = choose_group({{kSwap, kMemory}}, one(), {});
  EXPECT_TRUE(choice.refused.empty());
  EXPECT_EQ(files_of(choice.plan.parts.front()),
            "/m/ada: memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=100663296");
  EXPECT_EQ(to_text(choose_group({{kSwap}}, one(), {}).refused.at(0)),
            "berth: cannot enforce --memory-swap=96M: there is no --memory\nberth: hint: " +
                std::string(kSwapWithMemory));
  const GroupLimit more{LimitKind::memory, {}, 97 << 20, "97M"};
  EXPECT_EQ(choose_group({{more, kSwap}}, {two()}, {}).refused.at(0).goal,
            "enforce --memory-swap=96M: --memory is more than that");
}

Disks sda(std::set<std::string> bfq, std::set<std::string> costs) {
  return {.numbers = {{"/dev/sda", "8:0"}}, .costs = std::move(costs), .bfq = std::move(bfq)};
}

TEST(Choice, OfDevicesIsTheirListOfVersionOneAndAProgramInVersionTwo) {
  const GroupLimit weight{LimitKind::device_weight, "/dev/sda", 5000, "/dev/sda:5000"};
  const GroupLimit deny{LimitKind::device_rule, "deny a", 0, "deny a"};
  const GroupLimit allow{LimitKind::device_rule, "allow c 1:3 rw", 0, "allow c 1:3 rw"};
  const std::vector<Ground> grounds = {{false, {"devices"}, "/d", "/d"},
                                       {false, {"blkio"}, "/b", "/b"}};
  const auto first = choose_group({{deny, weight, allow}}, grounds, sda({"8:0"}, {}));
  EXPECT_TRUE(first.refused.empty());
  ASSERT_EQ(first.plan.parts.size(), 2U);
  EXPECT_EQ(files_of(first.plan.parts[0]), "/d: devices.deny=a devices.allow=c 1:3 rw");
  EXPECT_EQ(files_of(first.plan.parts[1]), "/b: blkio.bfq.weight_device=8:0 1000");
  const auto second = choose_group({{deny, weight, allow}}, {two()}, sda({}, {"8:0"}));
  EXPECT_TRUE(second.refused.empty());
  EXPECT_EQ(files_of(second.plan.parts.at(0)),
            "/g: (BPF program)=deny a io.weight=8:0 5000 (BPF program)=allow c 1:3 rw");
  EXPECT_EQ(second.plan.parts[0].enabled, "+io +cpu +memory") << "a program needs no controller";
  // Where both are, the list is the one.
  EXPECT_EQ(files_of(choose_group({{deny}}, {two(), grounds[0]}, {}).plan.parts.back()),
            "/d: devices.deny=a");
}

TEST(Choice, OfAWeightForADiskIsForWhoLooksAtItThere) {
  const GroupLimit weight{LimitKind::device_weight, "/dev/sda", 5000, "/dev/sda:5000"};
  const std::vector<Ground> first = {{false, {"blkio"}, "/b", "/b"}};
  EXPECT_EQ(choose_group({{weight}}, first, sda({"8:16"}, {"8:0"})).refused.at(0).hint,
            kNothingWeighs);
  EXPECT_EQ(choose_group({{weight}}, {two()}, sda({}, {"8:16"})).refused.at(0).hint,
            kNothingWeighs);
  const auto files = [&](const Disks& disks) {
    return files_of(choose_group({{weight}}, {two()}, disks).plan.parts.at(0));
  };
  EXPECT_EQ(files(sda({"8:0"}, {})), "/g: io.bfq.weight=8:0 1000");
  EXPECT_EQ(files(sda({"8:0"}, {"8:0"})), "/g: io.weight=8:0 5000 io.bfq.weight=8:0 1000");
}

/// What version 1 of control groups makes of it.
std::string list_of(const std::vector<std::string>& rules) {
  GroupWishes wishes;
  for (const std::string& rule : rules)
    wishes.limits.push_back({LimitKind::device_rule, rule, 0, rule});
  const auto choice = choose_group(wishes, {{false, {"devices"}, "/d", "/d"}}, {});
  if (choice.refused.empty()) return files_of(choice.plan.parts.at(0));
  EXPECT_EQ(choice.refused[0].hint, kPartOfARule);
  return sentence_of(choice.refused[0]);
}

TEST(DeviceRules, ThatAListCannotTakeBackInPartAreRefused) {
  EXPECT_EQ(list_of({"deny a", "allow c 1:* rwm", "deny c 1:5 rwm"}),
            "cannot enforce --device-rule=deny c 1:5 rwm: control groups of version 1 cannot take "
            "back a part of 'allow c 1:* rwm'");
  using testing::HasSubstr;
  EXPECT_THAT(list_of({"deny a", "allow c 1:5 rwm", "deny c *:5 w"}), HasSubstr("take back"));
  EXPECT_THAT(list_of({"deny c 1:* rwm", "allow c 1:3 r"}), HasSubstr("take back"));
  EXPECT_THAT(list_of({"allow a", "deny b 8:* w", "allow b 8:1 w"}), HasSubstr("take back"));
  // The same devices, none in common, no right in common, or an exception from the default.
  for (const std::vector<std::string>& rules :
       std::vector<std::vector<std::string>>{{"deny a", "allow c 1:5 rwm", "deny c 1:5 w"},
                                             {"deny a", "allow c 1:* rwm", "deny c 2:5 rwm"},
                                             {"deny a", "allow c 1:* rwm", "deny b 1:5 rwm"},
                                             {"deny a", "allow c 1:* r", "deny c 1:5 w"},
                                             {"deny a", "deny c 1:5 rwm", "allow c 1:* rwm"},
                                             {"allow a", "allow c 1:3 r", "deny c 1:* rwm"},
                                             {"allow c 1:* rwm", "deny a", "deny c 1:5 rwm"}})
    EXPECT_THAT(list_of(rules), testing::StartsWith("/d: ")) << rules.back();
}

TEST(DeviceRules, ThatTheGroupAboveKeepsAListAgainstAreSeenThere) {
  EXPECT_EQ(still_allowed("c 1:3 rwm\nc 195:* rw\n", "c 195:0 r"), "c 195:* rw");
  EXPECT_EQ(still_allowed("c 1:3 rwm\nc 195:* rw\n", "c 195:0 m"), "");
  EXPECT_EQ(still_allowed("a *:* rwm\n", "c 195:0 r"), "") << "it does not show its exceptions";
  EXPECT_EQ(still_allowed("", "a"), "");
}

TEST(Choice, OfAWeightIsForWhoLooksAtIt) {
  const GroupLimit weight{LimitKind::io_weight, {}, 5000, "5000"};
  const std::vector<Ground> first = {{false, {"blkio"}, "/b", "/b"}};
  EXPECT_EQ(choose_group({{weight}}, first, {}).refused.at(0).hint, kNothingWeighs);
  EXPECT_EQ(choose_group({{weight}}, {two()}, {}).refused.at(0).hint, kNothingWeighs);
  EXPECT_EQ(choose_group({{weight}}, first, {.have_costs = true}).refused.size(), 1U);
  const auto files = [&](const std::vector<Ground>& grounds, const Disks& disks) {
    return files_of(choose_group({{weight}}, grounds, disks).plan.parts.at(0));
  };
  EXPECT_EQ(files(first, {.have_bfq = true}), "/b: blkio.bfq.weight=1000");
  EXPECT_EQ(files({two()}, {.have_costs = true}), "/g: io.weight=default 5000");
  EXPECT_EQ(files({two()}, {.have_bfq = true}), "/g: io.bfq.weight=default 1000");
  EXPECT_EQ(files({two()}, {.have_costs = true, .have_bfq = true}),
            "/g: io.weight=default 5000 io.bfq.weight=default 1000");
}

TEST_F(Grounds, HaveDisksThatAreWeighedOrNot) {
  const GroupWishes wishes{{{LimitKind::io_weight, {}, 50, "50"}}};
  put(root_ / "blocks/sda/queue/scheduler", "none [mq-deadline] bfq\n");
  put(root_ / "all/io.cost.qos", "8:0 enable=0 ctrl=auto\n");
  const std::vector<Ground> grounds = {{true, {"io"}, root_ / "all/user/job"}};
  Disks disks = find_disks(wishes, grounds, root_ / "blocks");
  EXPECT_FALSE(disks.have_bfq);
  EXPECT_FALSE(disks.have_costs);
  put(root_ / "blocks/sdb/queue/scheduler", "none mq-deadline [bfq]\n");
  put(root_ / "blocks/sdb/dev", "8:16\n");
  put(root_ / "all/io.cost.qos", "8:0 enable=0 ctrl=auto\n8:16 enable=1 ctrl=auto\n");
  disks = find_disks(wishes, grounds, root_ / "blocks");
  EXPECT_TRUE(disks.have_bfq);
  EXPECT_TRUE(disks.have_costs);
  EXPECT_EQ(disks.bfq, (std::set<std::string>{"8:16"}));
  EXPECT_EQ(disks.costs, (std::set<std::string>{"8:16"}));
  EXPECT_FALSE(find_disks({}, grounds, root_ / "blocks").have_bfq) << "nobody asks";
}

TEST(Choice, OfWhatMayBePausedHasWhatStopsIt) {
  GroupWishes wishes{{kMemory}};
  EXPECT_EQ(choose_group(wishes, one(), {}).plan.parts.size(), 3U);
  wishes.can_pause = true;
  EXPECT_EQ(choose_group(wishes, one(), {}).plan.parts.size(), 4U);
  // Who stands still in a group of version 2 can be killed.
  auto both = one();
  both.push_back({true, {}, "/g", "/g"});
  const auto parts = choose_group(wishes, both, {}).plan.parts;
  EXPECT_EQ(parts.size(), 4U);
  for (const GroupPart& part : parts)
    EXPECT_NE(part.parent, "/f/ada");
  both.back().parent.clear();
  EXPECT_EQ(choose_group(wishes, both, {}).plan.parts.back().parent, "/f/ada") << "not of ours";
}

TEST(Choice, OfAPartitionIsMadeWhenTheGroupHasItsCpus) {
  const GroupLimit partition{LimitKind::cpuset_partition, "isolated", 0, "isolated"};
  const GroupLimit cpus{LimitKind::cpuset_cpus, "2-3", 0, "2-3"};
  const Ground ground{true, {"cpuset"}, "/g", "/g"};
  EXPECT_EQ(files_of(choose_group({{partition, cpus}}, {ground}, {}).plan.parts.at(0)),
            "/g: cpuset.cpus=2-3 cpuset.cpus.partition=isolated");
  EXPECT_EQ(choose_group({{partition}}, {ground}, {}).refused.at(0).hint, kPartitionOfCpus);
  EXPECT_EQ(
      choose_group({{partition, cpus}}, {{false, {"cpuset"}, "/c", "/c"}}, {}).refused.at(0).hint,
      kOtherVersion);
}

TEST(Choice, RefusesWhatCannotBeEnforcedAndNamesWhatIsMissing) {
  const GroupLimit huge{LimitKind::hugetlb, "2MB", 1, "2M=1"};
  const auto choice = choose_group({{kPids, kHigh, huge, kRead}}, one(), {});
  std::string all;
  for (const Error& error : choice.refused)
    all += to_text(error) + "\n";
  EXPECT_EQ(all,
            "berth: cannot enforce --pids-limit=-1: you may make no control group for 'pids' in "
            "'/p'\nberth: hint: " +
                std::string(kNoDirectory) +
                "\nberth: cannot enforce --memory-high=1M: this node has control groups of version "
                "1 for 'memory', which have nothing like it\nberth: hint: " +
                kOtherVersion +
                "\nberth: cannot enforce --hugetlb=2M=1: no control group here has the controller "
                "'hugetlb'\nberth: hint: " +
                kNoController +
                "\nberth: cannot enforce --device-read-bps=/dev/sda:1K: '/dev/sda' is no block "
                "device of this node\nberth: hint: " +
                kNoDisk + "\n");
  EXPECT_TRUE(choice.plan.parts.empty()) << "nothing is left to be enforced";
  Ground closed = two();
  closed.parent = "";
  EXPECT_EQ(choose_group({{kMemory}}, {closed}, {}).refused.at(0).hint, kNoDelegation);
  closed.place = "/sys/fs/cgroup/system.slice/n1_slurmstepd.scope/job_7/step_0/user/task_0";
  EXPECT_EQ(choose_group({{kMemory}}, {closed}, {}).refused.at(0).hint, kNoneFromSlurm);
  closed.place = "";
  EXPECT_EQ(choose_group({{kMemory}}, {closed}, {}).refused.at(0).hint, kOutOfSight);
}

TEST(Places, OfSlurmsJobsAreKnownWithoutVariables) {
  for (const std::string place : {"/sys/fs/cgroup/system.slice/n1_slurmstepd.scope/job_7/step_0",
                                  "/sys/fs/cgroup/freezer/slurm/uid_1000/job_7/step_batch",
                                  "/sys/fs/cgroup/memory/slurm_n1/uid_1000/job_7"})
    EXPECT_TRUE(is_of_slurm(place)) << place;
  for (const std::string place : {"",
                                  "/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope",
                                  "/sys/fs/cgroup/job_7/slurm",
                                  "/sys/fs/cgroup/system.slice/slurmd.service"})
    EXPECT_FALSE(is_of_slurm(place)) << place;
}

TEST(Choice, OfNothingButAccountsTakesWhatCounts) {
  GroupWishes wishes;
  wishes.stats = true;
  EXPECT_EQ(choose_group(wishes, one(), {}).plan.parts.size(), 3U);
  const auto unified = choose_group(wishes, {two()}, {}).plan.parts;
  ASSERT_EQ(unified.size(), 1U);
  EXPECT_EQ(unified[0].enabled, "+cpu +memory");
}

TEST(Hints, HaveAParagraphEach) {
  tests::expect_paragraphs_for(
      {kNoDirectory,     kOtherVersion, kNoController,     kNoDelegation,    kNoneFromSlurm,
       kOutOfSight,      kNoDisk,       kNoFile,           kEmptySet,        kOfOthers,
       kDevicesAreRoots, kNoPartition,  kLeaveOne,         kNotWeighed,      kNothingWeighs,
       kPartOfARule,     kNotAllOfSet,  kProgramsAreRoots, kPartitionOfCpus, kSwapWithMemory});
}

using Groups = Tree;

/// What the kernel would put into a new group is not there: each file is made by the test.
TEST_F(Groups, AreMadeWithTheirLeafAndTheirControllers) {
  const fs::path at = unified("scope");
  put(at / "berth-others/cgroup.procs", "");
  put(at / "berth-1-2-3/cgroup.procs", "");
  GroupPart part{at, true, at / "berth-others", "+memory +cpu"};
  std::vector<Error> refused;
  const auto made = make_group({{part}}, "berth-x", false, refused);
  ASSERT_FALSE(made) << "a directory of this file system has no cgroup.procs";
  EXPECT_EQ(made.error().refusal->number, ENOENT);
  EXPECT_EQ(content(at / "cgroup.subtree_control"), "+memory +cpu");
  EXPECT_FALSE(fs::exists(at / "berth-x")) << "nothing stays of what was refused";
}

TEST_F(Groups, SayWhichSettingWasRefused) {
  const fs::path at = first("job");
  GroupPart part{at};
  part.settings = {{"memory.high", "1", "--memory-high=1"}};
  std::vector<Error> refused;
  const auto made = make_group({{part}}, "berth-x", false, refused);
  ASSERT_FALSE(made);
  EXPECT_EQ(to_text(made.error()),
            "berth: cannot enforce --memory-high=1 ('" + (at / "berth-x/memory.high").string() +
                "'): write: No such file or directory (ENOENT)\nberth: hint: " + kNoFile);
  EXPECT_FALSE(fs::exists(at / "berth-x"));
}

TEST_F(Groups, OfTheGoneAreRemovedAndThoseOfOthersAreNot) {
  const fs::path at = first("job");
  std::string own = group_name();
  const std::string space = own.substr(6, own.find('-', 6) - 6);
  const std::string gone = "berth-" + space + "-" + std::to_string(::getpid()) + "-1";
  const std::string elsewhere = "berth-1-" + std::to_string(::getpid()) + "-1";
  for (const std::string& name : {own, gone, elsewhere, std::string("ada")})
    fs::create_directories(at / name);
  std::vector<Error> refused;
  EXPECT_FALSE(make_group({{GroupPart{at}}}, "berth-x", false, refused));
  EXPECT_TRUE(fs::exists(at / own)) << "this process lives";
  EXPECT_FALSE(fs::exists(at / gone));
  EXPECT_TRUE(fs::exists(at / elsewhere)) << "of another pid namespace nobody knows";
  EXPECT_TRUE(fs::exists(at / "ada"));
  EXPECT_TRUE(remove_group(std::vector<std::string>{at / own, at / "missing"}));
  // A launch that nobody has waited for yet is gone as well.
  const pid_t child = ::fork();
  if (child == 0) {
    const fs::path of_child = at / group_name();
    ::_exit(::mkdir(of_child.c_str(), 0755));
  }
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  ASSERT_EQ(info.si_status, 0);
  const std::string prefix = "berth-" + space + "-" + std::to_string(child) + "-";
  const auto is_there = [&] {
    return std::any_of(fs::directory_iterator(at), {}, [&](const auto& entry) {
      return entry.path().filename().string().starts_with(prefix);
    });
  };
  EXPECT_TRUE(is_there());
  remove_abandoned(at);
  EXPECT_FALSE(is_there());
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(remove_group(std::vector<std::string>{at}));
}

TEST_F(Groups, TellWhatWasUsed) {
  put(root_ / "cpu/cpu.stat", "nr_periods 50\nnr_throttled 45\nthrottled_time 1\n");
  put(root_ / "acct/cpuacct.usage", "1234567890\n");
  put(root_ / "mem/memory.max_usage_in_bytes", "67108864\n");
  put(root_ / "mem/memory.failcnt", "12\n");
  put(root_ / "mem/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  put(root_ / "two/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull x\n");
  const Usage usage = read_usage(std::vector<std::string>{
      root_ / "cpu", root_ / "acct", root_ / "mem", root_ / "two", root_ / "missing"});
  EXPECT_EQ(usage.cpu, 1234567U);
  EXPECT_EQ(throttled_share(usage), 90U);
  EXPECT_EQ(summary_of(usage),
            "used CPU 1.23 s, throttled in 90 % of its time, memory 64.0 MiB at most, OOM kills 2; "
            "waited for CPU 2.50 s");
  const GroupWishes wishes{{kMemory, kCpus, kPids}};
  EXPECT_EQ(remarks_on(usage, wishes, "app", true),
            (std::vector<std::string>{"'app' was killed: its memory is bounded by --memory=64M",
                                      "'app' had to wait for CPUs in 90 % of its time: it is "
                                      "bounded by --cpus=0.5"}));
  EXPECT_EQ(remarks_on(usage, {}, "app", false),
            (std::vector<std::string>{"2 processes of 'app' were killed: the memory of the job or "
                                      "of the node was used up"}));
  EXPECT_TRUE(remarks_on({}, wishes, "app", true).empty());
}

TEST_F(Groups, OfVersionTwoTellItInFilesOfTheirOwn) {
  put(root_ / "cpu.stat", "usage_usec 2000000\nuser_usec 1\nnr_periods 100\nnr_throttled 10\n");
  put(root_ / "memory.current", "4096\n");
  put(root_ / "memory.max", "max\n");
  put(root_ / "memory.peak", "8192\n");
  put(root_ / "memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n");
  put(root_ / "memory.stat", "anon 1\nnuma_pages_migrated 12\nnuma_hint_faults 40\n");
  put(root_ / "pids.current", "3\n");
  put(root_ / "pids.events", "max 4\n");
  const Usage usage = read_usage(std::vector<std::string>{root_});
  EXPECT_EQ(usage.cpu, 2'000'000U);
  EXPECT_EQ(usage.memory, 4096U);
  EXPECT_FALSE(usage.memory_limit);
  EXPECT_EQ(usage.memory_peak, 8192U);
  EXPECT_EQ(usage.memory_full, 3U);
  EXPECT_EQ(usage.oom_kills, 1U);
  EXPECT_EQ(usage.pids, 3U);
  EXPECT_EQ(usage.pids_refused, 4U);
  EXPECT_EQ(usage.balancing_faults, 40U);
  EXPECT_THAT(summary_of(usage),
              testing::EndsWith("; 12 pages were on another memory node than the CPU, and moved "
                                "there"));
  EXPECT_EQ(throttled_share(usage), 10U);
  const GroupLimit pids{LimitKind::pids, {}, 5, "5"};
  EXPECT_EQ(remarks_on(usage, {{kCpus, pids}}, "app", false).back(),
            "'app' was refused new processes 4 times: it is bounded by --pids-limit=5");
}

TEST_F(Groups, AreStoppedInTheFileOfTheirVersion) {
  put(root_ / "first/freezer.state", "THAWED\n");
  put(root_ / "second/cgroup.freeze", "0\n");
  put(root_ / "second/cgroup.events", "populated 1\nfrozen 1\n");
  put(root_ / "none/cpu.stat", "");
  EXPECT_FALSE(Freezer::find(std::vector<std::string>{root_ / "none"}).is_there());
  EXPECT_FALSE(Freezer().is_frozen());
  for (const char* name : {"first", "second"}) {
    const Freezer freezer = Freezer::find(std::vector<std::string>{root_ / "none", root_ / name});
    ASSERT_TRUE(freezer.is_there());
    EXPECT_EQ(freezer.group(), root_ / name);
    EXPECT_FALSE(freezer.is_frozen());
    EXPECT_EQ(freezer.freeze(), 0);
    EXPECT_TRUE(freezer.is_frozen()) << name;
  }
  // Of both, the one in which who stands still can be killed; or the one that is frozen.
  const std::vector<std::string> both = {root_ / "first", root_ / "second"};
  put(root_ / "first/freezer.state", "THAWED\n");
  EXPECT_EQ(Freezer::find(both).group(), root_ / "second");
  put(root_ / "second/cgroup.freeze", "0\n");
  EXPECT_EQ(Freezer::find(both).group(), root_ / "second");
  put(root_ / "first/freezer.state", "FROZEN\n");
  EXPECT_EQ(Freezer::find(both).group(), root_ / "first");
  // As where a group above stands still.
  put(root_ / "below/freezer.state", "FROZEN FROZEN");
  EXPECT_EQ(Freezer::find(std::vector<std::string>{root_ / "below"}).thaw(), EBUSY);
  // A file system keeps what is longer than the new words; the kernel does not.
  put(root_ / "second/cgroup.freeze", "");
  EXPECT_EQ(Freezer::find(std::vector<std::string>{root_ / "second"}).thaw(), 0);
  EXPECT_EQ(content(root_ / "second/cgroup.freeze"), "0");
}

TEST(Nodes, OfAGroupsMemoryAreReadFromEitherVersion) {
  using Bytes = std::vector<std::uint64_t>;
  EXPECT_EQ(
      parse_numa_stat("anon N0=4096 N1=8192\nfile N0=1 N2=2\nkernel_stack N0=99 N1=99\n", 4096),
      (Bytes{4097, 8192, 2}));
  EXPECT_EQ(parse_numa_stat("total=3 N0=1 N1=2\nfile=1 N0=1 N1=0\n", 4096), (Bytes{4096, 8192}));
  EXPECT_EQ(parse_numa_stat("total=3 N0=1 N1=2\nhierarchical_total=9 N0=4 N1=5\n", 1),
            (Bytes{4, 5}));
  for (const char* text : {"", "anon", "anon N=1 Nx=1 N0 N0=x N70000=1 0=1\n", "total=1\n"})
    EXPECT_FALSE(parse_numa_stat(text, 1)) << text;
}

TEST(Nodes, AreFarWhereNoneOfTheCpusIs) {
  const std::vector<MemoryNode> nodes = {
      {0, *parse_numbers("0-1")}, {1, *parse_numbers("2-3")}, {2, {}}};
  EXPECT_EQ(far_memory({1, 10, 100}, nodes, *parse_numbers("0")), 10U);
  EXPECT_EQ(far_memory({1, 10, 100}, nodes, *parse_numbers("0,3")), 0U);
  EXPECT_EQ(far_memory({1}, nodes, *parse_numbers("3")), 1U);
}

TEST_F(Groups, OfAMachineWithNodesTellWhatCameFromFar) {
  put(root_ / "has_memory", "0-1\n");
  for (const char* node : {"node0", "node1"}) {
    put(root_ / node / "cpulist", "0-1\n");
    put(root_ / node / "numastat", "numa_hit 9\nlocal_node 40\nother_node 2\n");
  }
  EXPECT_EQ(read_nodes(root_).size(), 2U);
  const auto given = read_pages_given(root_);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->near, 80U);
  EXPECT_EQ(given->far, 4U);
  put(root_ / "has_memory", "0\n");
  EXPECT_FALSE(read_pages_given(root_)) << "with one node nothing is far";
  Usage usage;
  usage.cpu = usage.memory_peak = 0;
  usage.pages_near = 900;
  usage.pages_far = 100;
  EXPECT_EQ(summary_of(usage),
            "used CPU 0.00 s, memory 0 B at most; of all 1000 pages that this machine gave out "
            "meanwhile 10 % lay on another memory node than the CPU");
}

TEST(Names, OfContainersAreKnownByTheirNames) {
  EXPECT_EQ(directories_of({{false, {"memory"}, "/m/ada/berth-4026-12-99"},
                            {false, {"cpu"}, "/c/ada"},
                            {true, {}, "/g/berth-others"}}),
            (std::vector<std::string>{"/m/ada/berth-4026-12-99"}));
}

TEST(Names, AreFoundAboveWhatTheContainerHasMade) {
  const std::vector<Hierarchy> below = {{false, {"memory"}, "/m/ada/berth-4026-12-99/sub/berth-x"},
                                        {true, {}, "/g/berth-4026-12-99/berth-others"},
                                        {false, {"cpu"}, "/c/berth-1-2-3/berth-1-5-7"}};
  EXPECT_EQ(directories_of(below),
            (std::vector<std::string>{
                "/m/ada/berth-4026-12-99", "/g/berth-4026-12-99", "/c/berth-1-2-3/berth-1-5-7"}));
  EXPECT_EQ(places_in_group(below),
            (std::vector<std::string>{below[0].place, below[1].place, below[2].place}));
}

}  // namespace
}  // namespace berth::cgroup
