// SPDX-License-Identifier: Apache-2.0
// The BPF program about devices, run by a machine that knows the dozen instructions of it.
#include "launcher/cgroup/device_program.h"

#include "base/text.h"

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::cgroup {
namespace {

constexpr unsigned kMost = 1000;  ///< more steps than any of these programs takes

/// What it says; -1 where it does not end, or does what the kernel would refuse.
int run(const std::vector<bpf_insn>& program, const bpf_cgroup_dev_ctx& asked) {
  std::array<std::uint64_t, 11> registers{};
  std::size_t at = 0;
  for (unsigned step = 0; step < kMost && at < program.size(); ++step) {
    const bpf_insn& one = program[at++];
    std::uint64_t& target = registers.at(one.dst_reg);
    const auto number = static_cast<std::uint64_t>(static_cast<std::int64_t>(one.imm));
    switch (one.code) {
      case BPF_LDX | BPF_MEM | BPF_W: {
        std::uint32_t word = 0;
        const auto place = static_cast<std::size_t>(one.off);  // a negative one is too large
        if (place > sizeof asked - sizeof word) return -1;
        std::memcpy(&word, reinterpret_cast<const char*>(&asked) + place, sizeof word);
        target = word;
        break;
      }
      case BPF_ALU64 | BPF_MOV | BPF_X:
        target = registers.at(one.src_reg);
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        target = number;
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        target &= number;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        target >>= number;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (target != number) at += static_cast<std::size_t>(one.off);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        if (target == number) at += static_cast<std::size_t>(one.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return static_cast<int>(registers[BPF_REG_0]);
      default:
        return -1;
    }
  }
  return -1;
}

struct Question {
  char kind;
  unsigned major;
  unsigned minor;
  std::string access;
};

unsigned bits_of(const std::string& access) {
  unsigned bits = 0;
  if (access.find('m') != access.npos) bits |= BPF_DEVCG_ACC_MKNOD;
  if (access.find('r') != access.npos) bits |= BPF_DEVCG_ACC_READ;
  if (access.find('w') != access.npos) bits |= BPF_DEVCG_ACC_WRITE;
  return bits;
}

int ask(const std::vector<std::string>& rules, const Question& question) {
  const unsigned kind = question.kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
  return run(assemble_device_program(rules),
             {bits_of(question.access) << 16U | kind, question.major, question.minor});
}

TEST(DeviceProgram, WithoutRulesAllowsAll) {
  EXPECT_EQ(ask({}, {'c', 1, 3, "rw"}), 1);
}

TEST(DeviceProgram, RefusesWhatIsDeniedAndNothingElse) {
  const std::vector<std::string> rules = {"deny c 1:5 rw"};
  EXPECT_EQ(ask(rules, {'c', 1, 5, "r"}), 0);
  EXPECT_EQ(ask(rules, {'c', 1, 5, "rw"}), 0);
  EXPECT_EQ(ask(rules, {'c', 1, 5, "m"}), 1);
  EXPECT_EQ(ask(rules, {'b', 1, 5, "r"}), 1);
  EXPECT_EQ(ask(rules, {'c', 1, 3, "r"}), 1);
  EXPECT_EQ(ask(rules, {'c', 2, 5, "r"}), 1);
}

TEST(DeviceProgram, TheLastRuleCountsForEachRight) {
  const std::vector<std::string> rules = {
      "deny a", "allow c 1:5 r", "allow c 1:* w", "deny b 8:* w"};
  EXPECT_EQ(ask(rules, {'c', 1, 5, "r"}), 1);
  EXPECT_EQ(ask(rules, {'c', 1, 5, "rw"}), 1);
  EXPECT_EQ(ask(rules, {'c', 1, 3, "rw"}), 0);
  EXPECT_EQ(ask(rules, {'c', 1, 5, "m"}), 0);
  EXPECT_EQ(ask({"deny c 1:5 rwm", "allow a"}, {'c', 1, 5, "rwm"}), 1);
}

TEST(DeviceProgram, NumbersThatNoDeviceHasAreNobodys) {
  for (const char* number : {"4294967296:5", "99999999999999999999:*", "2147483648:*"}) {
    EXPECT_EQ(ask({"deny a", "allow c " + std::string(number) + " rwm"}, {'c', 1, 5, "r"}), 0);
    EXPECT_EQ(ask({"deny a", "allow c " + std::string(number) + " rwm"}, {'c', ~0U, 5, "r"}), 0);
  }
}

/// The same, said plainly.
int expected(const std::vector<std::string>& rules, const Question& question) {
  for (const char right : question.access)
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
      const auto words = split(*rule, ' ');
      const auto numbers = words.size() > 2 ? split(words[2], ':') : std::vector<std::string>();
      const bool is_about =
          words[1] == "a" || (words[1][0] == question.kind &&
                              (numbers[0] == "*" || numbers[0] == std::to_string(question.major)) &&
                              (numbers[1] == "*" || numbers[1] == std::to_string(question.minor)) &&
                              words[3].find(right) != std::string::npos);
      if (!is_about) continue;
      if (words[0] == "deny") return 0;
      break;
    }
  return 1;
}

TEST(DeviceProgram, SaysOfAnyRulesWhatTheySay) {
  std::mt19937 random(5);
  const auto one_of = [&](const std::vector<std::string>& all) {
    return all[random() % all.size()];
  };
  const std::vector<std::string> rights = {"r", "w", "m", "rw", "rm", "wm", "rwm"};
  for (int i = 0; i < 500; ++i) {
    std::vector<std::string> rules;
    for (auto left = random() % 6; left > 0; --left)
      rules.push_back(one_of({"allow ", "deny "}) +
                      (random() % 6 == 0 ? "a"
                                         : one_of({"b ", "c "}) + one_of({"1", "2", "*"}) + ":" +
                                               one_of({"1", "2", "*"}) + " " + one_of(rights)));
    for (const char kind : {'b', 'c'})
      for (const unsigned major : {1U, 2U, 3U})
        for (const std::string& access : rights) {
          const Question question{kind, major, 1, access};
          std::string all;
          for (const std::string& rule : rules)
            all += rule + "; ";
          ASSERT_EQ(ask(rules, question), expected(rules, question))
              << all << kind << major << " " << access;
        }
  }
}

}  // namespace
}  // namespace berth::cgroup
