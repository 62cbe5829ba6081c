// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/members.h"

#include "base/text.h"
#include "launcher/cgroup/hierarchy.h"

#include <dirent.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <functional>
#include <memory>
#include <set>
#include <string_view>

namespace berth::state {

namespace {

constexpr int kTries = 400;
constexpr timespec kPause = {0, 5'000'000};  // together two seconds

std::vector<pid_t> all_numbers() {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir("/proc"), ::closedir);
  if (!list) return numbers;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this list
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [rest, trouble] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (trouble == std::errc{} && rest == name.data() + name.size()) numbers.push_back(pid);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<Member> all_processes() {
  std::vector<Member> all;
  for (const pid_t pid : all_numbers()) {
    Process process = Process::open(pid);
    auto stat = process.stat();
    if (stat) all.push_back({std::move(process), std::move(*stat)});
  }
  return all;
}

bool is_in(const Process& process, const char* file, const UniqueFd& space) {
  return space.is_open() && inode_of(process.open_file(file)) == inode_of(space);
}

/// Does what there is to do for each of those who are there now, and again, until there is nothing.
/// `act` says whether there was. EAGAIN where there always is.
int until_done(const Members& members,
               const std::function<bool(const Member&, const std::vector<Member>&)>& act) {
  for (int i = 0; i < kTries; ++i) {
    bool is_done = true;
    const std::vector<Member> all = members.list();
    for (const Member& one : all)
      if (one.stat.state != 'Z' && act(one, all)) is_done = false;
    if (is_done) return 0;
    (void)::nanosleep(&kPause, nullptr);
  }
  return EAGAIN;
}

/// Who waits in vfork(2) for a child that was stopped before its exec cannot stop before that.
void let_children_go_on(const std::vector<Member>& all, const Member& parent) {
  for (const Member& one : all)
    if (one.stat.parent == parent.stat.id.pid && one.stat.is_stopped())
      (void)one.process.signal(SIGCONT);
}

Error left(const Record& record) {
  return Error{Blame::host,
               "find the processes of " + quote(record.name) +
                   ": its program is in other namespaces than it began in"};
}

}  // namespace

Result<Members> Members::of(const Container& container) {
  Members members;
  members.container_ = &container;
  members.freezer_ = find_freezer(container);
  const auto& inodes = container.record.inodes;
  const auto open = [&](const char* name, UniqueFd& space) {
    const auto inode = inodes.find(name);
    if (inode == inodes.end()) return true;
    space = container.program.open_file(("ns/" + std::string(name)).c_str());
    return inode_of(space) == inode->second;
  };
  if (!open("mnt", members.mounts_) || !open("pid", members.pids_) || !members.mounts_.is_open())
    return left(container.record);
  return members;
}

std::vector<Member> Members::list() const {
  std::vector<Member> all = all_processes();
  const pid_t launcher = container_->record.launcher.pid;
  const bool has_become_it = container_->record.launcher == container_->record.program;
  std::set<pid_t> inside;
  for (const Member& one : all)
    if (is_in(one.process, "ns/mnt", mounts_) || is_in(one.process, "ns/pid", pids_) ||
        one.stat.id == container_->record.program)
      inside.insert(one.stat.id.pid);
  // The init, into which nobody may look, is a child of who waits outside.
  const auto descends = [&](const ProcessStat& stat) {
    if (stat.id.pid == launcher && !has_become_it) return false;
    const bool is_waited_for = !has_become_it && stat.parent == launcher;
    return (is_waited_for && container_->launcher.lives()) || inside.contains(stat.parent);
  };
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (const Member& one : all)
      if (descends(one.stat) && inside.insert(one.stat.id.pid).second) has_grown = true;
  }
  std::erase_if(all, [&](const Member& one) { return !inside.contains(one.stat.id.pid); });
  return all;
}

/// Whether it stands still with the group.
bool Members::is_frozen(const Member& member) const {
  if (!freezer_.is_frozen()) return false;
  const auto all = cgroup::read_hierarchies(member.stat.id.pid);
  return std::any_of(all.begin(), all.end(), [&](const cgroup::Hierarchy& one) {
    return one.place == freezer_.group() || one.place.starts_with(freezer_.group() + "/");
  });
}

Status Members::pause() const {
  const std::string goal = "pause " + quote(container_->record.name);
  if (freezer_.is_there())
    if (const int number = freezer_.freeze(); number != 0)
      return refused("write", goal + " (" + quote(freezer_.file()) + ")", number);
  const int number = until_done(*this, [&](const Member& one, const std::vector<Member>& all) {
    if (one.stat.is_stopped() || is_frozen(one)) return false;
    (void)one.process.signal(SIGSTOP);  // it may just have ended
    if (one.stat.state == 'D') let_children_go_on(all, one);
    return true;
  });
  return number == 0 ? Status(Done{}) : refused("pidfd_send_signal", goal, number);
}

Status Members::resume() const {
  if (freezer_.is_frozen())
    if (const int number = freezer_.thaw(); number != 0)
      return refused(
          "write",
          "resume " + quote(container_->record.name) + " (" + quote(freezer_.file()) + ")",
          number);
  // Children first: an init that finds its program stopped says so, and who waits outside stops.
  std::vector<Member> all = list();
  for (auto one = all.rbegin(); one != all.rend(); ++one)
    (void)one->process.signal(SIGCONT);
  const Process& launcher = container_->launcher;
  if (container_->record.launcher == container_->record.program) return Done{};
  // It may just be about to stop.
  constexpr int kLooks = 4;
  for (int i = 0; i < kLooks; ++i) {
    const auto stat = launcher.stat();
    if (i == 0 || (stat && stat->is_stopped())) (void)launcher.signal(SIGCONT);
    (void)::nanosleep(&kPause, nullptr);
  }
  return Done{};
}

int Members::kill() const {
  // In version 1 who stands still does not even die.
  if (freezer_.is_frozen()) (void)freezer_.thaw();
  return until_done(*this, [](const Member& one, const std::vector<Member>&) {
    (void)one.process.signal(SIGKILL);
    return true;
  });
}

}  // namespace berth::state
