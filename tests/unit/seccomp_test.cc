// SPDX-License-Identifier: Apache-2.0
// Profiles of system calls in OCI's JSON -> the kernel's programs, judged call by call; and the
// default profile beside podman's.
#include "launcher/seccomp/default_profile.h"
#include "launcher/seccomp/filter.h"
#include "tests/unit/seccomp_judge.h"

#include <seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace berth::seccomp {
namespace {

using tests::call;
using tests::verdict;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;

constexpr std::uint32_t refuse(int number) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

Filter compiled(const std::string& json) {
  auto filter = compile_profile(json, "p.json");
  EXPECT_TRUE(filter) << to_text(filter.error());
  return filter ? *filter : Filter{};
}

/// A profile that allows all but what its one rule says.
Filter with_rule(const std::string& rule) {
  return compiled(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + rule + "]}");
}

std::string complaint_of(const std::string& json) {
  const auto filter = compile_profile(json, "p.json");
  return filter ? "none" : to_text(filter.error());
}

TEST(Profile, ItsDefaultIsForAllThatNoRuleNames) {
  const Filter filter = compiled(
      R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
          "syscalls": [{"names": ["read", "no_such_call_at_all"], "action": "SCMP_ACT_ALLOW"}]})");
  EXPECT_EQ(verdict(filter, call(SYS_read)), kAllow);
  EXPECT_EQ(verdict(filter, call(SYS_write)), refuse(ENOSYS));
  EXPECT_EQ(verdict(filter, call(100'000)), refuse(ENOSYS));
}

TEST(Profile, ErrnoIsEpermUnlessItSays) {
  EXPECT_EQ(
      verdict(with_rule(R"({"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"})"), call(SYS_mkdir)),
      refuse(EPERM));
  EXPECT_EQ(
      verdict(with_rule(R"({"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77})"),
              call(SYS_mkdir)),
      refuse(77));
}

TEST(Profile, EachActionIsTheKernels) {
  const std::map<std::string, std::uint32_t> actions = {
      {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
      {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
      {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
      {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE | EPERM}};
  for (const auto& [name, action] : actions)
    EXPECT_EQ(
        verdict(with_rule(R"({"names": ["mkdir"], "action": ")" + name + R"("})"), call(SYS_mkdir)),
        action)
        << name;
}

TEST(Profile, EachComparisonIsDoneOnAllBits) {
  struct Case {
    const char* op;
    std::uint64_t value;
    std::uint64_t second;
    std::set<std::uint64_t> refused;
  };

  constexpr std::uint64_t kHigh = 1ULL << 40;
  const std::set<std::uint64_t> tried = {0, 5, 6, 7, kHigh, kHigh + 6};
  const Case cases[] = {{"SCMP_CMP_EQ", 6, 0, {6}},
                        {"SCMP_CMP_NE", 6, 0, {0, 5, 7, kHigh, kHigh + 6}},
                        {"SCMP_CMP_LT", 6, 0, {0, 5}},
                        {"SCMP_CMP_LE", 6, 0, {0, 5, 6}},
                        {"SCMP_CMP_GT", 6, 0, {7, kHigh, kHigh + 6}},
                        {"SCMP_CMP_GE", 6, 0, {6, 7, kHigh, kHigh + 6}},
                        {"SCMP_CMP_MASKED_EQ", 6, 6, {6, 7, kHigh + 6}}};
  for (const Case& one : cases) {
    const Filter filter = with_rule(
        R"({"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": )" +
        std::to_string(one.value) + R"(, "valueTwo": )" + std::to_string(one.second) +
        R"(, "op": ")" + one.op + R"("}]})");
    for (const std::uint64_t value : tried)
      EXPECT_EQ(verdict(filter, call(SYS_mkdir, {0, value})),
                one.refused.contains(value) ? refuse(EPERM) : kAllow)
          << one.op << " " << value;
  }
}

TEST(Profile, ConditionsOnSeveralArgumentsHoldTogetherAndOnOneAreAlternatives) {
  const std::string zero = R"({"index": 0, "value": 1, "op": "SCMP_CMP_EQ"})";
  const std::string one = R"({"index": 1, "value": 2, "op": "SCMP_CMP_EQ"})";
  const std::string other = R"({"index": 0, "value": 3, "op": "SCMP_CMP_EQ"})";
  const auto rule = [](const std::string& conditions) {
    return R"({"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [)" + conditions + "]}";
  };
  const Filter both = with_rule(rule(zero + "," + one));
  EXPECT_EQ(verdict(both, call(SYS_mkdir, {1, 2})), refuse(EPERM));
  EXPECT_EQ(verdict(both, call(SYS_mkdir, {1, 1})), kAllow);
  const Filter either = with_rule(rule(zero + "," + other));
  EXPECT_EQ(verdict(either, call(SYS_mkdir, {1})), refuse(EPERM));
  EXPECT_EQ(verdict(either, call(SYS_mkdir, {3})), refuse(EPERM));
  EXPECT_EQ(verdict(either, call(SYS_mkdir, {2})), kAllow);
}

TEST(Profile, ConditionsOfEnginesAreAnsweredForOneWithoutCapabilities) {
  const std::map<std::string, bool> conditions = {
      {R"("includes": {"caps": ["CAP_SYS_ADMIN"]})", false},
      {R"("excludes": {"caps": ["CAP_SYS_ADMIN"]})", true},
      {R"("includes": {"arches": ["amd64"]})", true},
      {R"("includes": {"arches": ["s390x"]})", false},
      {R"("excludes": {"arches": ["amd64"]})", false},
      {R"("includes": {"minKernel": "4.8"})", true},
      {R"("includes": {"minKernel": "99.1"})", false},
      {R"("excludes": {"minKernel": "4.8"})", false},
      {R"("includes": {}, "excludes": null)", true}};
  for (const auto& [condition, counts] : conditions) {
    std::string rule = R"({"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", )";
    rule.append(condition).append("}");
    EXPECT_EQ(verdict(with_rule(rule), call(SYS_mkdir)), counts ? refuse(EPERM) : kAllow) << rule;
  }
}

TEST(Profile, CallsByAnArchitectureThatItDoesNotNameKill) {
  constexpr int kMkdir32 = 39;
  const std::string rule = R"("syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]})";
  const Filter native = compiled(R"({"defaultAction": "SCMP_ACT_ALLOW", )" + rule);
  EXPECT_EQ(verdict(native, call(kMkdir32, {}, AUDIT_ARCH_I386)), SECCOMP_RET_KILL_THREAD);
  for (const std::string words :
       {R"("architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], )",
        R"("archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                       {"architecture": "SCMP_ARCH_S390X", "subArchitectures": []}], )"}) {
    std::string json = R"({"defaultAction": "SCMP_ACT_ALLOW", )";
    const Filter both = compiled(json.append(words).append(rule));
    EXPECT_EQ(verdict(both, call(kMkdir32, {}, AUDIT_ARCH_I386)), refuse(EPERM));
    EXPECT_EQ(verdict(both, call(SYS_mkdir)), refuse(EPERM));
  }
}

TEST(Profile, WhatIsNotOneIsRefusedWithItsReason) {
  const auto rule = [](const std::string& fields) {
    return R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [)" + fields + "]}";
  };
  const std::map<std::string, std::string> cases = {
      {"", "not a map in JSON"},
      {"[]", "not a map in JSON"},
      {"{", "not a map in JSON"},
      {"{}", "no text as defaultAction"},
      {R"({"defaultAction": 7})", "no text as defaultAction"},
      {R"({"defaultAction": "SCMP_ACT_NO\u0000"})", "there is no action"},
      {R"({"defaultAction": "SCMP_ACT_NOTIFY"})", "needs a supervisor"},
      {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 5000})", "up to 4095"},
      {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1})", "up to 4095"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["VAX"]})",
       "there is no architecture 'VAX'"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": "X"})", "architectures is not"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "archMap": {}})", "archMap is not"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{}]})", "archMap has an entry"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}})", "syscalls is not a list"},
      {rule("7"), "syscalls is not a list"},
      {rule("{}"), "no list of names"},
      {rule(R"({"names": [7], "action": "SCMP_ACT_LOG"})"), "no list of names"},
      {rule(R"({"names": ["read"]})"), "the rule for 'read': it has no text as action"},
      {rule(R"({"names": ["read"], "action": "SCMP_ACT_LOG", "args": [7]})"),
       "'read': args is not"},
      {rule(R"({"names": ["read"], "action": "SCMP_ACT_LOG", "args": {}})"), "'read': args is not"},
      {rule(R"({"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 6}]})"),
       "out of range"},
      {rule(R"({"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"op": "MAYBE"}]})"),
       "no op that is known"},
      {rule(R"({"names": ["read"], "action": "SCMP_ACT_LOG", "includes": []})"),
       "includes is not a map"},
      {rule(R"({"names": ["read"], "action": "SCMP_ACT_LOG", "excludes": {"minKernel": 4}})"),
       "excludes has caps"}};
  for (const auto& [json, reason] : cases) {
    const std::string said = complaint_of(json);
    EXPECT_NE(said.find("cannot use 'p.json' as a profile of system calls: "), std::string::npos)
        << json << "\n"
        << said;
    EXPECT_NE(said.find(reason), std::string::npos) << json << "\n" << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;  // the hint
  }
}

std::string name_of(std::uint32_t architecture, int number) {
  char* name = ::seccomp_syscall_resolve_num_arch(architecture, number);
  std::string text = name == nullptr ? "" : name;
  std::free(name);  // NOLINT: libseccomp says so
  return text;
}

/// Calls on which two filters differ, where all arguments are `value`.
std::set<std::string> differences(const Filter& one,
                                  const Filter& other,
                                  std::uint64_t value,
                                  bool is_32_bit) {
  std::set<std::string> names;
  for (int number = 0; number < 1024; ++number) {
    const seccomp_data data = call(number,
                                   {value, value, value, value, value, value},
                                   is_32_bit ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64);
    if (verdict(one, data) == verdict(other, data)) continue;
    names.insert(name_of(is_32_bit ? SCMP_ARCH_X86 : SCMP_ARCH_X86_64, number));
  }
  return names;
}

/// Where we differ from podman on purpose.
const std::set<std::string> kDecided = {
    "io_pgetevents",
    "io_pgetevents_time64",  // waiting for asynchronous reads, as io_getevents
    "migrate_pages",
    "move_pages",    // NUMA libraries place memory with them
    "keyctl",        // we make no session keyring, so it'd be the user's
    "quotactl_fd"};  // EPERM, as quotactl

/// Let through or refused, Linux answers ENOSYS: never written, or gone.
const std::set<std::string> kDead = {"_sysctl",
                                     "afs_syscall",
                                     "break",
                                     "create_module",
                                     "ftime",
                                     "get_kernel_syms",
                                     "getpmsg",
                                     "gtty",
                                     "idle",
                                     "lock",
                                     "mpx",
                                     "prof",
                                     "profil",
                                     "putpmsg",
                                     "security",
                                     "stty",
                                     "tuxcall",
                                     "ulimit",
                                     "vserver"};

/// What old 32-bit programs use; newer calls do the same.
const std::set<std::string> kOld = {
    "nice", "oldfstat", "oldlstat", "oldolduname", "oldstat", "olduname"};

// podman comes with its profile, in the package golang-github-containers-common.
TEST(DefaultProfile, DiffersFromPodmansWhereWeSaySo) {
  const auto podmans = read_profile("/usr/share/containers/seccomp.json");
  ASSERT_TRUE(podmans) << to_text(podmans.error());
  const Filter ours = default_filter();
  for (const bool is_32_bit : {false, true})
    for (const std::uint64_t value : {0ULL, 8ULL, 9ULL, 16ULL, 0x20000ULL, 0xffffffffULL}) {
      SCOPED_TRACE((is_32_bit ? "32 bits, " : "64 bits, ") + std::to_string(value));
      std::set<std::string> unexpected = differences(ours, *podmans, value, is_32_bit);
      for (const auto* known : {&kDecided, &kDead, &kOld})
        std::erase_if(unexpected, [&](const std::string& name) { return known->contains(name); });
      EXPECT_EQ(unexpected, std::set<std::string>{});
    }
}

TEST(DefaultProfile, LetsMpiCopyBetweenRanksAndRefusesWhatIsTheNodes) {
  const Filter filter = default_filter();
  for (const long allowed : {SYS_process_vm_readv,
                             SYS_ptrace,
                             SYS_mbind,
                             SYS_move_pages,
                             SYS_clone3,
                             SYS_unshare,
                             SYS_read})
    EXPECT_EQ(verdict(filter, call(static_cast<int>(allowed))), kAllow) << allowed;
  for (const long refused : {SYS_bpf,
                             SYS_perf_event_open,
                             SYS_kexec_load,
                             SYS_init_module,
                             SYS_open_by_handle_at,
                             SYS_userfaultfd,
                             SYS_settimeofday})
    EXPECT_EQ(verdict(filter, call(static_cast<int>(refused))), refuse(EPERM)) << refused;
  for (const int absent : {SYS_io_uring_setup, SYS_keyctl, SYS_add_key, 449, 460})
    EXPECT_EQ(verdict(filter, call(absent)), refuse(ENOSYS)) << absent;
  // The table of x32, which no distribution's programs use.
  EXPECT_EQ(verdict(filter, call(0x40000000)), SECCOMP_RET_KILL_THREAD);
}

TEST(DefaultProfile, IsWhatTheBuildHasCompiled) {
  const auto now = compile_default();
  ASSERT_TRUE(now);
  const Filter built = default_filter();
  ASSERT_EQ(now->size(), built.size());
  EXPECT_EQ(std::memcmp(now->data(), built.data(), built.size() * sizeof(sock_filter)), 0);
}

}  // namespace
}  // namespace berth::seccomp
