// SPDX-License-Identifier: Apache-2.0
#include "launcher/seccomp/rules.h"

#include "base/fd.h"

#include <linux/bpf_common.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace berth::seccomp {

namespace {

/// Searches by halves instead of comparing with one number after another (seccomp_attr_set(3)).
constexpr std::uint32_t kByHalves = 2;

Error trouble(std::string_view call, int number) {
  return {Blame::host, "make a filter of system calls", Refusal{call, number}, {}};
}

}  // namespace

Answer Rules::add_architecture(std::uint32_t token) {
  const int answer = ::seccomp_arch_add(context_.get(), token);
  return answer == -EEXIST ? 0 : answer;
}

Answer Rules::add(std::uint32_t action,
                  const std::string& name,
                  const std::vector<scmp_arg_cmp>& conditions) {
  const int number = ::seccomp_syscall_resolve_name(name.c_str());
  if (number == __NR_SCMP_ERROR) return 0;
  const auto count = static_cast<unsigned>(conditions.size());
  const int answer =
      ::seccomp_rule_add_array(context_.get(), action, number, count, conditions.data());
  // EACCES: the action is the default one. EDOM: the call does not exist on an architecture.
  return answer == -EACCES || answer == -EEXIST || answer == -EDOM ? 0 : answer;
}

Result<Filter> Rules::finish() {
  (void)::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, kByHalves);  // if it can
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (file.get() < 0) return trouble("memfd_create", errno);
  const int answer = ::seccomp_export_bpf(context_.get(), file.get());
  if (answer != 0) return trouble("seccomp_export_bpf", -answer);
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  Filter filter(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (filter.size() > BPF_MAXINSNS) return trouble("seccomp", E2BIG);
  const auto bytes = static_cast<ssize_t>(filter.size() * sizeof(sock_filter));
  if (::pread(file.get(), filter.data(), static_cast<std::size_t>(bytes), 0) != bytes)
    return trouble("pread", EIO);
  return filter;
}

}  // namespace berth::seccomp
