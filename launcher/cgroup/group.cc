// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/group.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/cgroup/device_program.h"
#include "launcher/cgroup/in_force.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

/// 0 or an errno. In one write: the kernel takes each as a whole.
int write_to(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

/// Everybody in `from` goes to `to`: a group of version 2 that hands on controllers has no
/// processes of its own. 0 or an errno.
int move_all(const std::string& from, const std::string& to) {
  constexpr int kMostRounds = 10;  // who forks meanwhile is seen in the next one
  for (int i = 0; i < kMostRounds; ++i) {
    const auto text = read_text_file(from + "/cgroup.procs", kMostText);
    if (!text) return EIO;
    if (text->empty()) return 0;
    for (const std::string& pid : split(*text, '\n')) {
      const int number = pid.empty() ? 0 : write_to(to + "/cgroup.procs", pid);
      if (number != 0 && number != ESRCH) return number;
    }
  }
  return EBUSY;
}

Error not_written(const std::string& goal, const std::string& path, int number) {
  Error error = refused("write", goal + " (" + quote(path) + ")", number);
  if (number == ENOENT) error.hint = kNoFile;
  if (number == EOPNOTSUPP && path.ends_with("/io.weight")) error.hint = kNotWeighed;
  const bool is_set = path.ends_with("/cpuset.cpus") || path.ends_with("/cpuset.mems");
  if (is_set && (number == ERANGE || number == EINVAL || number == EACCES))
    error.hint = kNotAllOfSet;
  return error;
}

/// "memory" of "memory.max".
std::string controller_of(const GroupSetting& setting) {
  return setting.file.substr(0, setting.file.find('.'));
}

/// Why a parent could not hand a controller on.
struct Withheld {
  std::string controller;
  int number = 0;
};

class Maker {
 public:
  Maker(const std::string& name, bool best_effort, std::vector<Error>& refused)
      : name_(name),
        best_effort_(best_effort),
        refused_(refused) {}

  Status make(const GroupPart& part) {
    remove_abandoned(part.parent);
    BERTH_TRY(make_room(part));
    const std::vector<Withheld> withheld = hand_on(part);
    BERTH_TRY(refuse_without(withheld, part));
    const std::string directory = part.parent + "/" + name_;
    if (::mkdir(directory.c_str(), 0755) != 0)
      return refused("mkdir", "make the control group " + quote(directory), errno);
    group_.directories.push_back(directory);
    copy_set(part.parent, directory);
    if (has_empty_set(directory, part.is_unified)) return refuse_all(part);
    for (const GroupSetting& setting : part.settings) {
      if (reason_in(withheld, setting) != 0) continue;  // refused already
      if (write(directory, setting) || best_effort_) continue;
      return refused_.back();
    }
    if (!forbid_devices(directory, part) && !best_effort_) return refused_.back();
    auto doors = open_doors({directory});
    if (!doors) return std::move(doors.error());
    group_.doors.push_back(std::move(doors->front()));
    return Done{};
  }

  Group take() { return std::move(group_); }

  void undo() {
    (void)remove_group(group_.directories);  // nobody has been there
  }

 private:
  /// Version 2.
  Status make_room(const GroupPart& part) {
    if (!part.leaf.empty()) {
      if (::mkdir(part.leaf.c_str(), 0755) != 0 && errno != EEXIST)
        return refused("mkdir", "make the control group " + quote(part.leaf), errno);
      if (const int number = move_all(part.parent, part.leaf); number != 0)
        return refused("write",
                       "move the processes of " + quote(part.parent) + " to " + quote(part.leaf),
                       number);
    }
    return Done{};
  }

  /// Those that it could not. All at once if the kernel takes them so: it looks at every process
  /// below each time. One may fail alone: a cpuset takes no processes of other users (see
  /// sched_setaffinity(2)), cpu none with a real-time policy.
  static std::vector<Withheld> hand_on(const GroupPart& part) {
    const std::string path = part.parent + "/cgroup.subtree_control";
    std::vector<Withheld> withheld;
    if (part.enabled.empty() || write_to(path, part.enabled) == 0) return withheld;
    for (const std::string& one : split(part.enabled, ' '))
      if (const int number = write_to(path, one); number != 0)
        withheld.push_back({one.substr(1), number});
    return withheld;
  }

  static int reason_in(const std::vector<Withheld>& withheld, const GroupSetting& setting) {
    for (const Withheld& one : withheld)
      if (one.controller == controller_of(setting)) return one.number;
    return 0;
  }

  /// What only counts may be missing.
  Status refuse_without(const std::vector<Withheld>& withheld, const GroupPart& part) {
    for (const GroupSetting& setting : part.settings) {
      const int number = reason_in(withheld, setting);
      if (number == 0) continue;
      refused_.push_back(
          not_written("enforce " + setting.words, part.parent + "/cgroup.subtree_control", number));
      if (number == EPERM) refused_.back().hint = kOfOthers;
      if (!best_effort_) return refused_.back();
    }
    return Done{};
  }

  /// False where it is refused.
  bool write(const std::string& directory, const GroupSetting& setting) {
    if (setting.file == kDeviceProgram) return true;  // of all rules together, see below
    const std::string path = directory + "/" + setting.file;
    const int number = write_to(path, setting.text);
    if (number == 0) return is_in_force(setting, directory);
    refused_.push_back(not_written("enforce " + setting.words, path, number));
    if (number == EPERM && setting.file.starts_with("devices."))
      refused_.back().hint = kDevicesAreRoots;
    return false;
  }

  bool is_in_force(const GroupSetting& setting, const std::string& directory) {
    auto lack = find_lack(setting, directory);
    if (lack) refused_.push_back(std::move(*lack));
    return !lack;
  }

  bool forbid_devices(const std::string& directory, const GroupPart& part) {
    std::vector<std::string> rules;
    std::string words;
    for (const GroupSetting& setting : part.settings) {
      if (setting.file != kDeviceProgram) continue;
      rules.push_back(setting.text);
      words += (words.empty() ? "" : " ") + setting.words;
    }
    const auto refusal = rules.empty() ? std::nullopt : attach_device_program(directory, rules);
    if (!refusal) return true;
    refused_.push_back(Error{Blame::host,
                             "enforce " + words + " by a BPF program",
                             refusal,
                             refusal->number == EPERM ? kProgramsAreRoots : ""});
    return false;
  }

  /// A new group of version 1 has no CPUs and no memory, and takes no process before it has.
  static void copy_set(const std::string& parent, const std::string& directory) {
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
      const auto own = read_text_file(directory + file, kMostText);
      if (!own || own->find_first_not_of('\n') != std::string::npos) continue;
      const auto parents = read_text_file(parent + file, kMostText);
      // Of version 2 both may be empty, and then it is not needed.
      if (parents) (void)write_to(directory + file, *parents);
    }
  }

  static bool has_empty_set(const std::string& directory, bool is_unified) {
    if (is_unified) return false;
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
      const auto set = read_text_file(directory + file, kMostText);
      if (set && set->find_first_not_of('\n') == std::string::npos) return true;
    }
    return false;
  }

  /// Of a part that could take no process.
  Status refuse_all(const GroupPart& part) {
    for (const GroupSetting& setting : part.settings)
      refused_.push_back({Blame::host,
                          "enforce " + setting.words + ": " + quote(part.parent) +
                              " has no CPUs or no memory nodes to give",
                          {},
                          kEmptySet});
    if (!best_effort_ && !refused_.empty()) return refused_.back();
    (void)::rmdir(group_.directories.back().c_str());  // just made
    group_.directories.pop_back();
    return Done{};
  }

  const std::string& name_;
  bool best_effort_;
  std::vector<Error>& refused_;
  Group group_;
};

}  // namespace

Result<Group> make_group(const GroupPlan& plan,
                         const std::string& name,
                         bool best_effort,
                         std::vector<Error>& refused) {
  Maker maker(name, best_effort, refused);
  for (const GroupPart& part : plan.parts) {
    const Status made = maker.make(part);
    if (made) continue;
    maker.undo();
    return made.error();
  }
  return maker.take();
}

Result<std::vector<UniqueFd>> open_doors(const std::vector<std::string>& directories) {
  std::vector<UniqueFd> doors;
  for (const std::string& directory : directories) {
    doors.emplace_back(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!doors.back().is_open())
      return refused("open", "enter the control group " + quote(directory), errno);
  }
  return doors;
}

}  // namespace berth::cgroup
