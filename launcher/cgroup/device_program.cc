// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/device_program.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace berth::cgroup {

namespace {

// What is in which register.
constexpr unsigned kAnswer = BPF_REG_0;
constexpr unsigned kAsked = BPF_REG_1;   ///< bpf_cgroup_dev_ctx
constexpr unsigned kKind = BPF_REG_2;    ///< BPF_DEVCG_DEV_BLOCK or _CHAR
constexpr unsigned kAccess = BPF_REG_3;  ///< of which no later rule has spoken
constexpr unsigned kMajor = BPF_REG_4;
constexpr unsigned kMinor = BPF_REG_5;

constexpr unsigned kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

bpf_insn instruction(unsigned code, unsigned target, unsigned source, int offset, int number) {
  bpf_insn one{};
  one.code = static_cast<std::uint8_t>(code);
  one.dst_reg = target & 0xfU;
  one.src_reg = source & 0xfU;
  one.off = static_cast<std::int16_t>(offset);
  one.imm = number;
  return one;
}

bpf_insn load(unsigned target, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, target, kAsked, static_cast<int>(offset), 0);
}

bpf_insn move(unsigned target, unsigned source) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, target, source, 0, 0);
}

bpf_insn calculate(unsigned operation, unsigned target, int number) {
  return instruction(BPF_ALU64 | operation | BPF_K, target, 0, 0, number);
}

bpf_insn jump(unsigned condition, unsigned target, int number, std::size_t over) {
  return instruction(BPF_JMP | condition | BPF_K, target, 0, static_cast<int>(over), number);
}

/// "1"; nothing for "*". What no device can have becomes -1, which the kernel extends to 64 bits:
/// none has that.
std::optional<int> number_in(std::string_view text) {
  if (text == "*") return std::nullopt;
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  return trouble == std::errc{} && rest == end ? number : -1;
}

int access_in(const std::string& letters) {
  unsigned access = 0;
  for (const char letter : letters)
    access |= letter == 'r'   ? unsigned(BPF_DEVCG_ACC_READ)
              : letter == 'w' ? unsigned(BPF_DEVCG_ACC_WRITE)
                              : unsigned(BPF_DEVCG_ACC_MKNOD);
  return static_cast<int>(access);
}

/// What is left to be done where the rule is about the device.
std::vector<bpf_insn> verdict(bool allows, int access) {
  if (allows)
    return {calculate(BPF_AND, kAccess, ~access),
            jump(BPF_JNE, kAccess, 0, 2),
            calculate(BPF_MOV, kAnswer, 1),
            instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
  return {move(kAnswer, kAccess),
          calculate(BPF_AND, kAnswer, access),
          jump(BPF_JEQ, kAnswer, 0, 2),
          calculate(BPF_MOV, kAnswer, 0),
          instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
}

void add_rule(std::vector<bpf_insn>& program, const std::string& rule) {
  struct Test {
    unsigned place;
    int number;
  };

  const auto words = split(rule, ' ');
  const bool is_of_all = words.size() < 4;
  std::vector<Test> tests;
  if (!is_of_all) {
    const auto numbers = split(words[2], ':');
    tests.push_back({kKind, words[1] == "b" ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR});
    if (const auto major = number_in(numbers[0])) tests.push_back({kMajor, *major});
    if (const auto minor = number_in(numbers[1])) tests.push_back({kMinor, *minor});
  }
  const auto rest =
      verdict(words[0] == "allow", is_of_all ? static_cast<int>(kAllAccess) : access_in(words[3]));
  for (std::size_t i = 0; i < tests.size(); ++i)
    program.push_back(
        jump(BPF_JNE, tests[i].place, tests[i].number, tests.size() - i - 1 + rest.size()));
  program.insert(program.end(), rest.begin(), rest.end());
}

long ask_kernel(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

}  // namespace

std::vector<bpf_insn> assemble_device_program(std::span<const std::string> rules) {
  constexpr int kAccessBits = 16;
  constexpr int kKindMask = 0xffff;
  std::vector<bpf_insn> program = {load(kKind, offsetof(bpf_cgroup_dev_ctx, access_type)),
                                   move(kAccess, kKind),
                                   calculate(BPF_RSH, kAccess, kAccessBits),
                                   calculate(BPF_AND, kKind, kKindMask),
                                   load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
                                   load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor))};
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule)
    add_rule(program, *rule);
  program.push_back(calculate(BPF_MOV, kAnswer, 1));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return program;
}

std::optional<Refusal> attach_device_program(const std::string& directory,
                                             std::span<const std::string> rules) {
  static constexpr char kLicense[] = "Apache-2.0";
  const std::vector<bpf_insn> program = assemble_device_program(rules);
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.expected_attach_type = BPF_CGROUP_DEVICE;
  load.insn_cnt = static_cast<std::uint32_t>(program.size());
  load.insns = reinterpret_cast<std::uintptr_t>(program.data());
  load.license = reinterpret_cast<std::uintptr_t>(+kLicense);
  // Close-on-exec by itself.
  const UniqueFd loaded(static_cast<int>(ask_kernel(BPF_PROG_LOAD, load)));
  if (!loaded.is_open()) return Refusal{"bpf", errno};
  const UniqueFd group(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!group.is_open()) return Refusal{"open", errno};
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(group.get());
  attach.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (ask_kernel(BPF_PROG_ATTACH, attach) != 0) return Refusal{"bpf", errno};
  return std::nullopt;
}

}  // namespace berth::cgroup
