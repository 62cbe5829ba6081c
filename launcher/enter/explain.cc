// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/explain.h"

#include "launcher/plan/plan.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace berth::enter {

namespace {

/// In the order of enum Call.
constexpr std::array<std::string_view, 25> kCallNames = {
    "none",       "unshare",     "setns",   "open",  "openat2", "write",     "mkdir",
    "symlink",    "utimensat",   "mknod",   "fstat", "mount",   "open_tree", "mount_setattr",
    "move_mount", "pivot_root",  "umount2", "chdir", "sendmsg", "recv",      "prctl",
    "capset",     "close_range", "fcntl",   "execve"};
static_assert(kCallNames[static_cast<unsigned>(Call::execve)] == "execve");

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

Findings look_again(const Step& step) {
  Findings findings;
  if (const auto* tree = std::get_if<TakeTree>(&step)) findings.source_exists = exists(tree->from);
  if (const auto* program = std::get_if<Execute>(&step)) {
    const auto& paths = program->candidates;
    findings.program_exists = std::any_of(paths.begin(), paths.end(), exists);
  }
  return findings;
}

Error explain(const Stumble& stumble, const std::vector<Step>& steps, const Findings& findings) {
  const Step& step = steps[stumble.step];
  const Refusal refusal{kCallNames[static_cast<unsigned>(stumble.call)], stumble.number};
  return Error{Blame::host, plan::goal_of(step), refusal, plan::hint_for(step, refusal, findings)};
}

int exit_code_for(const Stumble& stumble, const std::vector<Step>& steps) {
  if (!std::get_if<Execute>(&steps[stumble.step])) return 125;
  // The image is damaged, or its server is gone: that is not the program's fault.
  for (const int number : {EIO, ENOTCONN, ECONNABORTED})
    if (stumble.number == number) return 125;
  return stumble.number == ENOENT ? 127 : 126;
}

}  // namespace berth::enter
