// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/explain.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/plan/plan.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace berth::enter {

namespace {

/// In the order of enum Call.
constexpr std::array<std::string_view, 40> kCallNames = {
    "none",          "unshare",       "setns",
    "open",          "openat2",       "write",
    "mkdir",         "symlink",       "utimensat",
    "mknod",         "fstat",         "mount",
    "open_tree",     "mount_setattr", "move_mount",
    "pivot_root",    "umount2",       "chdir",
    "sendmsg",       "recv",          "prctl",
    "capset",        "clone",         "close_range",
    "fcntl",         "fsopen",        "fsconfig",
    "fsmount",       "pipe2",         "sethostname",
    "socket",        "ioctl",         "sched_setaffinity",
    "set_mempolicy", "setrlimit",     "umask",
    "setresgid",     "setresuid",     "seccomp",
    "execve"};
static_assert(kCallNames[static_cast<unsigned>(Call::execve)] == "execve");

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

/// "noexec, nodev": what the mount of `path` says, of `bits`.
std::string flags_of(const std::string& path, std::uint64_t bits) {
  struct statvfs info {};

  if (::statvfs(path.c_str(), &info) != 0) return {};
  // As statvfs(3) counts them, in the order of kMountAttributes.
  static constexpr std::array<unsigned long, kMountAttributes.size()> kSeen = {
      ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC};
  std::string names;
  for (std::size_t i = 0; i < kSeen.size(); ++i)
    if ((bits & kMountAttributes[i].bit) != 0 && (info.f_flag & kSeen[i]) != 0)
      names.append(names.empty() ? "" : ", ").append(kMountAttributes[i].set);
  return names;
}

bool has_mounts_below(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  const auto mounts = read_text_file("/proc/self/mountinfo", 16 << 20);
  if (::realpath(path.c_str(), resolved.data()) == nullptr || !mounts) return false;
  const std::string place = resolved.data();
  for (const std::string& line : split(*mounts, '\n')) {
    const auto fields = split(line, ' ');  // proc(5): the fifth is the mount point
    if (fields.size() > 4 && fields[4].starts_with(place == "/" ? place : place + "/")) return true;
  }
  return false;
}

void look_at_source(const TakeTree& tree, Findings& findings) {
  findings.source_exists = exists(tree.from);
  if (tree.flags.clear != 0) findings.locked = flags_of(tree.from, tree.flags.clear);
  if (!tree.flags.is_recursive) findings.has_mounts_below = has_mounts_below(tree.from);
}

}  // namespace

Findings look_again(const Step& step) {
  Findings findings;
  if (const auto* tree = std::get_if<TakeTree>(&step)) look_at_source(*tree, findings);
  if (const auto* program = std::get_if<Execute>(&step)) {
    const auto& paths = program->candidates;
    findings.program_exists = std::any_of(paths.begin(), paths.end(), exists);
  }
  return findings;
}

Error explain(const Stumble& stumble, const std::vector<Step>& steps, const Findings& findings) {
  const Step& step = steps[stumble.step];
  const Refusal refusal{kCallNames[static_cast<unsigned>(stumble.call)], stumble.number};
  std::string goal = plan::goal_of(step);
  if (!findings.locked.empty() && stumble.number == EPERM)
    goal += ": the node has mounted it " + findings.locked;
  return Error{Blame::host, std::move(goal), refusal, plan::hint_for(step, refusal, findings)};
}

int exit_code_for(const Stumble& stumble, const std::vector<Step>& steps) {
  if (!std::get_if<Execute>(&steps[stumble.step])) return 125;
  // The image is damaged, or its server is gone: that is not the program's fault.
  for (const int number : {EIO, ENOTCONN, ECONNABORTED})
    if (stumble.number == number) return 125;
  return stumble.number == ENOENT ? 127 : 126;
}

}  // namespace berth::enter
