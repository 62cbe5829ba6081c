// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/look.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/cgroup/usage.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace berth::state {

namespace {

std::string read_line(const std::string& path) {
  constexpr std::size_t kMost = 4096;
  const auto text = read_text_file(path, kMost);
  return text ? text->substr(0, text->find('\n')) : "";
}

State state_of(const Container& container, const Here& here) {
  const Record& record = container.record;
  if (record.ended) return State::stopped;
  if (record.node != here.node) return State::elsewhere;
  if (record.boot != here.boot) return State::gone;
  if (record.pids != here.pids) return State::elsewhere;
  if (container.program.lives()) {
    const auto stat = container.program.stat();
    const bool is_stopped = stat && stat->is_stopped();
    return is_stopped || find_freezer(container).is_frozen() ? State::paused : State::running;
  }
  const bool is_watched = container.monitor.lives();
  if (record.program.pid == 0)
    return is_watched || container.launcher.lives() ? State::created : State::gone;
  // Who watches is about to write down how it ended.
  return is_watched && record.is_detached ? State::stopped : State::gone;
}

Error unknown(const std::string& name, const std::vector<std::string>& names) {
  std::vector<std::string> near;
  for (const std::string& one : names)
    if (!name.empty() && one.starts_with(name)) near.push_back(one);
  if (near.size() > 1)
    return Error{Blame::usage,
                 "tell which container " + quote(name) + " is: " + quote(near[0]) + " and " +
                     quote(near[1]) + " begin so",
                 {},
                 "write the whole name"};
  const std::string typed = nearest(name, names);
  return Error{Blame::usage,
               "find a container " + quote(name),
               {},
               typed.empty() ? "see berth ps for those there are" : "did you mean " + typed + "?"};
}

void forget(const Directory& directory, const Container& container) {
  directory.remove(container.record.name, container.record.key);
}

bool is_missing(const Error& error) {
  return error.refusal && error.refusal->number == ENOENT;
}

bool exists(const Error& error) {
  return error.refusal && error.refusal->number == EEXIST;
}

}  // namespace

std::string_view name_of(State state) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "created", "running", "paused", "stopped", "gone", "elsewhere"};
  return kNames.at(static_cast<std::size_t>(state));
}

Here look_here() {
  Here here;
  utsname names{};
  if (::uname(&names) == 0) here.node = names.nodename;
  here.boot = read_line("/proc/sys/kernel/random/boot_id");
  here.pids = inode_of(UniqueFd(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC)));
  return here;
}

cgroup::Freezer find_freezer(const Container& container) {
  return find_freezer(container.program, container.record.launcher);
}

cgroup::Freezer find_freezer(const Process& program, const ProcessId& launcher) {
  if (!program.lives()) return {};
  const auto hierarchies = cgroup::read_hierarchies(program.id().pid);
  // Its number may have become another's meanwhile.
  if (!program.lives()) return {};
  const std::string name =
      "-" + std::to_string(launcher.pid) + "-" + std::to_string(launcher.start);
  std::vector<std::string> own = cgroup::directories_of(hierarchies);
  std::erase_if(own, [&](const std::string& directory) { return !directory.ends_with(name); });
  return cgroup::Freezer::find(own);
}

Record new_record(const std::string& name, const Here& here) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Record record;
  record.name = name;
  record.node = here.node;
  record.boot = here.boot;
  record.pids = here.pids;
  record.created = std::time(nullptr);
  std::array<unsigned char, 8> bytes{};
  (void)::getrandom(bytes.data(), bytes.size(), 0);  // so few bytes are never refused
  for (const unsigned char byte : bytes) {
    record.key += kDigits[byte >> 4];
    record.key += kDigits[byte & 15];
  }
  record.monitor = record.launcher = Process::open(::getpid()).id();
  return record;
}

Container look_at(Record record, const Here& here) {
  Container container;
  if (record.node == here.node && record.boot == here.boot && record.pids == here.pids) {
    container.monitor = Process::find(record.monitor);
    container.launcher = Process::find(record.launcher);
    container.program = Process::find(record.program);
  }
  container.record = std::move(record);
  container.state = state_of(container, here);
  return container;
}

Result<Container> find(const Directory& directory, const std::string& name) {
  const std::vector<std::string> names = directory.names();
  std::string whole = name;
  auto record = directory.read(name);
  if (!record && is_missing(record.error())) {
    unsigned count = 0;
    for (const std::string& one : names) {
      if (name.empty() || !one.starts_with(name)) continue;
      whole = one;
      ++count;
    }
    if (count != 1) return unknown(name, names);
    record = directory.read(whole);
    if (!record && is_missing(record.error())) return unknown(name, names);
  }
  if (!record) return record.error();
  Container container = look_at(std::move(*record), look_here());
  if (container.state != State::gone) return container;
  forget(directory, container);
  return unknown(name, directory.names());
}

Listing look_at_all(const Directory& directory) {
  Listing listing;
  const Here here = look_here();
  for (const std::string& name : directory.names()) {
    auto record = directory.read(name);
    if (!record && is_missing(record.error())) continue;  // removed meanwhile
    if (!record) {
      listing.damaged.push_back(record.error());
      continue;
    }
    Container container = look_at(std::move(*record), here);
    if (container.state == State::gone)
      forget(directory, container);
    else
      listing.containers.push_back(std::move(container));
  }
  return listing;
}

Status claim(Directory& directory, const Record& record) {
  constexpr int kTries = 10;
  Status added = Done{};
  for (int i = 0; i < kTries; ++i) {
    added = directory.add(record);
    // Who removed the last record has removed the directory with it.
    if (!added && is_missing(added.error())) BERTH_TRY(directory.make_again());
    if (added || (!exists(added.error()) && !is_missing(added.error()))) return added;
    auto there = directory.read(record.name);
    if (!there && is_missing(there.error())) continue;
    if (!there) return there.error();
    const Container container = look_at(std::move(*there), look_here());
    if (container.state != State::gone)
      return Error{Blame::usage,
                   "call a container " + quote(record.name) + ": there is one of that name, " +
                       std::string(name_of(container.state)),
                   {},
                   container.state == State::stopped
                       ? "remove it: berth rm " + record.name
                       : "choose another name, or end it: berth rm --force " + record.name};
    forget(directory, container);
  }
  return added;
}

}  // namespace berth::state
