// SPDX-License-Identifier: Apache-2.0
#include "launcher/seccomp/default_profile.h"

#include "launcher/seccomp/rules.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace berth::seccomp {

namespace {

/// The last call of Linux 5.16 that somebody has judged (process_mrelease). Numbers from 424 on are
/// the same everywhere. Who looks for newer ones is told ENOSYS, and does without.
constexpr int kNewestJudged = 448;

/// Refused with EPERM, as by a kernel that asks for a capability.
constexpr std::array kForbidden = {
    // Kernels and their modules.
    "create_module",
    "delete_module",
    "finit_module",
    "get_kernel_syms",
    "init_module",
    "kexec_file_load",
    "kexec_load",
    "query_module",
    // The node's clock, disks, accounting and terminals.
    "acct",
    "clock_settime",
    "clock_settime64",
    "lookup_dcookie",
    "quotactl",
    "quotactl_fd",
    "settimeofday",
    "stime",
    "swapoff",
    "swapon",
    "vhangup",
    // Devices without a driver between.
    "ioperm",
    "iopl",
    "pciconfig_iobase",
    "pciconfig_read",
    "pciconfig_write",
    // What looks at the whole node, or around a container's root.
    "bpf",
    "chroot",
    "fanotify_init",
    "open_by_handle_at",
    "perf_event_open",
    // Names of namespaces that are not the container's.
    "setdomainname",
    "sethostname",
    // Half of the kernel's holes of a decade came through these.
    "kcmp",
    "process_madvise",
    "userfaultfd",
    "vmsplice",
    // Dead.
    "_sysctl",
    "bdflush",
    "nfsservctl",
    "sgetmask",
    "ssetmask",
    "sysfs",
    "uselib",
    "ustat",
    "vm86",
    "vm86old",
};

/// As on a kernel that has not got them: programs have other ways.
constexpr std::array kAbsent = {
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "add_key",  // keys of other containers of the user are in reach (keyrings(7))
    "keyctl",
    "request_key",
};

/// personality(2) can switch off the randomness of addresses; what is left are Linux' own two and
/// the question.
constexpr std::array<unsigned long, 5> kPersonalities = {0, 8, 0x20000, 0x20008, 0xffffffff};

constexpr unsigned kNetlink = 16;  ///< AF_NETLINK
constexpr unsigned kAudit = 9;     ///< NETLINK_AUDIT

template <std::size_t size>
bool has(const std::array<const char*, size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What this architecture has under a number; empty for nothing.
std::string name_at(std::uint32_t architecture, int number) {
  char* name = ::seccomp_syscall_resolve_num_arch(architecture, number);
  if (name == nullptr) return {};
  std::string text = name;
  std::free(name);  // NOLINT(cppcoreguidelines-no-malloc): libseccomp says so
  return text;
}

/// Holds where the argument with that number, from 0, compares so with `value`.
scmp_arg_cmp argument(unsigned number, scmp_compare how, std::uint64_t value) {
  return {number, how, value, 0};
}

Answer add_conditional(Rules& rules) {
  for (const unsigned long which : kPersonalities)
    if (const Answer answer =
            rules.add(SCMP_ACT_ALLOW, "personality", {argument(0, SCMP_CMP_EQ, which)});
        answer != 0)
      return answer;
  // Audit is the node's; a program that asks is told there is none.
  for (const scmp_arg_cmp& other :
       {argument(0, SCMP_CMP_NE, kNetlink), argument(2, SCMP_CMP_NE, kAudit)})
    if (const Answer answer = rules.add(SCMP_ACT_ALLOW, "socket", {other}); answer != 0)
      return answer;
  return rules.add(SCMP_ACT_ERRNO(EINVAL),
                   "socket",
                   {argument(0, SCMP_CMP_EQ, kNetlink), argument(2, SCMP_CMP_EQ, kAudit)});
}

Answer add_calls_of(Rules& rules, std::uint32_t architecture) {
  for (int number = 0; number <= kNewestJudged; ++number) {
    const std::string name = name_at(architecture, number);
    if (name.empty() || has(kAbsent, name) || name == "personality" || name == "socket") continue;
    const auto action = has(kForbidden, name) ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW;
    if (const Answer answer = rules.add(action, name); answer != 0) return answer;
  }
  return 0;
}

}  // namespace

Result<Filter> compile_default() {
  Rules rules(SCMP_ACT_ERRNO(ENOSYS));
  std::vector<std::uint32_t> architectures = {::seccomp_arch_native()};
  if (architectures.front() == SCMP_ARCH_X86_64) architectures.push_back(SCMP_ARCH_X86);
  Answer answer = 0;
  for (const std::uint32_t one : architectures)
    if (answer == 0) answer = rules.add_architecture(one);
  for (const std::uint32_t one : architectures)
    if (answer == 0) answer = add_calls_of(rules, one);
  if (answer == 0) answer = add_conditional(rules);
  if (answer != 0)
    return Error{Blame::host,
                 "make the default filter of system calls",
                 Refusal{"seccomp_rule_add", -answer},
                 {}};
  return rules.finish();
}

}  // namespace berth::seccomp
