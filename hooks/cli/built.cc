// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/built.h"

#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

/// The user namespace first: it gives the right to enter the others.
constexpr std::array<const char*, 7> kNamespaces = {
    "user", "pid", "uts", "ipc", "net", "cgroup", "mnt"};

ino_t inode_of(int file) {
  struct stat info {};

  return ::fstat(file, &info) == 0 ? info.st_ino : 0;
}

/// Of `pid`, those that we are not in. They stay what they are when the process becomes the
/// program.
std::vector<UniqueFd> open_namespaces(pid_t pid) {
  std::vector<UniqueFd> all;
  for (const char* name : kNamespaces) {
    const auto open = [&](const std::string& process) {
      return UniqueFd(::open(("/proc/" + process + "/ns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
    };
    UniqueFd theirs = open(std::to_string(pid));
    if (theirs.is_open() && inode_of(theirs.get()) != inode_of(open("self").get()))
      all.push_back(std::move(theirs));
  }
  return all;
}

/// What `pid` is called in the innermost pid namespace that it is in (proc(5), NSpid).
pid_t inner_pid(pid_t pid) {
  const auto status = read_text_file("/proc/" + std::to_string(pid) + "/status", 1U << 16U);
  if (!status) return pid;
  const std::size_t at = status->find("\nNSpid:");
  if (at == status->npos) return pid;
  const std::string line = status->substr(at + 1, status->find('\n', at + 1) - at - 1);
  return static_cast<pid_t>(
      std::strtol(line.substr(line.find_last_of(" \t") + 1).c_str(), nullptr, 10));
}

const char* status_at(Stage stage) {
  switch (stage) {
    case Stage::start_container:
      return "created";
    case Stage::poststart:
      return "running";
    case Stage::poststop:
      return "stopped";
    default:
      return "creating";
  }
}

}  // namespace

bool is_inside(Stage stage) {
  return stage == Stage::create_container || stage == Stage::start_container;
}

Built look_at_built(pid_t pid) {
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return {pid, inner_pid(pid), std::move(process), open_namespaces(pid)};
}

bool has_gone(const Built& built) {
  pollfd ended{built.process.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) != 0;
}

std::string state_text(const Standing& standing, const Built& built, Stage stage) {
  nlohmann::json annotations = nlohmann::json::object();
  for (const auto& [key, value] : standing.annotations)
    annotations[key] = value;
  const std::string bundle = is_inside(stage)
                                 ? standing.base
                                 : "/proc/" + std::to_string(built.pid) + "/root" + standing.base;
  nlohmann::json state = {{"ociVersion", "1.2.0"},
                          {"id", standing.id},
                          {"status", status_at(stage)},
                          {"bundle", bundle},
                          {"annotations", std::move(annotations)}};
  if (stage != Stage::poststop) state["pid"] = is_inside(stage) ? built.inner_pid : built.pid;
  return state.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace berth::hooks
