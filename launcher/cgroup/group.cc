// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/group.h"

#include "base/file.h"
#include "base/numbers.h"
#include "base/text.h"
#include "launcher/cgroup/choose.h"
#include "launcher/cgroup/device_program.h"
#include "launcher/cgroup/device_rules.h"
#include "launcher/cgroup/freezer.h"
#include "launcher/cgroup/hierarchy.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <memory>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

/// 0 or an errno. In one write: the kernel takes each as a whole.
int write_to(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

/// When a process started, in clock ticks; "" for none (proc(5), stat: the name before it may have
/// any character in it).
std::string start_of(const std::string& process) {
  constexpr std::size_t kStart = 19;  // counted behind the name
  const auto text = read_text_file("/proc/" + process + "/stat", kMostText);
  const std::size_t end = text ? text->rfind(") ") : std::string::npos;
  if (end == std::string::npos) return {};
  const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
  return fields.size() > kStart ? fields[kStart] : "";
}

std::string pid_namespace() {
  struct stat info {};

  return ::stat("/proc/self/ns/pid", &info) == 0 ? std::to_string(info.st_ino) : "0";
}

/// "berth-NAMESPACE-PID-START" of a process that is gone.
bool is_left_behind(const std::string& name, const std::string& own_namespace) {
  const auto words = split(name, '-');
  if (words.size() != 4 || !name.starts_with(kGroupPrefix) || words[1] != own_namespace)
    return false;
  return start_of(words[2]) != words[3];
}

/// For nftw(3).
int thaw_one(const char* path, const struct stat* /*info*/, int kind, FTW* /*at*/) {
  if (kind != FTW_D) return 0;
  const Freezer freezer = Freezer::find(std::vector<std::string>{path});
  if (freezer.is_frozen()) (void)freezer.thaw();  // or it is not ours
  return 0;
}

/// Who stands still in a group of version 1 does not even die of SIGKILL.
void thaw_all(std::span<const std::string> directories) {
  constexpr int kOpenAtOnce = 16;
  for (const std::string& directory : directories)
    // NOLINTNEXTLINE(concurrency-mt-unsafe): it is, without FTW_CHDIR
    (void)::nftw(directory.c_str(), thaw_one, kOpenAtOnce, FTW_PHYS);
}

/// Of launches that were killed, with whoever stood by them. The kernel removes no group in which
/// somebody is.
void clear(const std::string& parent) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(parent.c_str()), ::closedir);
  if (!all) return;
  const std::string own_namespace = pid_namespace();
  std::vector<std::string> gone;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(all.get()))
    if (is_left_behind(entry->d_name, own_namespace))
      gone.push_back(std::string(parent).append("/").append(entry->d_name));
  thaw_all(gone);
  (void)remove_group(gone);  // or somebody is still in it
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

/// For nftw(3): what is below a group comes before it. The kernel keeps one that has processes.
int remove_one(const char* path, const struct stat* /*info*/, int kind, FTW* /*at*/) {
  if (kind == FTW_DP) (void)::rmdir(path);
  return 0;
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

/// By the kernel's reason (kernel/cgroup/cpuset.c, perr_strings).
std::string hint_of_partition(const std::string& now) {
  if (now.find("not a partition root") != now.npos) return kNoPartition;
  return now.find("unable to distribute") != now.npos ? kLeaveOne : "";
}

class Maker {
 public:
  Maker(const std::string& name, bool best_effort, std::vector<Error>& refused)
      : name_(name),
        best_effort_(best_effort),
        refused_(refused) {}

  Status make(const GroupPart& part) {
    clear(part.parent);
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
    if (number == 0 && setting.file == kPartitionFile) return is_partition(setting, path);
    if (number == 0 && setting.file == "devices.deny") return denies(setting, directory);
    if (number == 0) return has_all(setting, directory);
    refused_.push_back(not_written("enforce " + setting.words, path, number));
    if (number == EPERM && setting.file.starts_with("devices."))
      refused_.back().hint = kDevicesAreRoots;
    return false;
  }

  /// In a group that allows only a list, the kernel looks for the very words of the rule in it.
  bool denies(const GroupSetting& setting, const std::string& directory) {
    const auto list = read_text_file(directory + "/devices.list", kMostText);
    const std::string left = list ? still_allowed(*list, setting.text) : "";
    if (left.empty()) return true;
    refused_.push_back({Blame::host,
                        "enforce " + setting.words + ": the group above allows " + quote(left) +
                            ", of which version 1 cannot take back a part",
                        {},
                        kPartOfARule});
    return false;
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

  /// A set may be written that the group above has not, or a part of it; the processes then run
  /// where that one lets them.
  bool has_all(const GroupSetting& setting, const std::string& directory) {
    if (setting.file != "cpuset.cpus" && setting.file != "cpuset.mems") return true;
    const auto wanted = parse_numbers(setting.text);
    for (const std::string& path : {directory + "/" + setting.file + ".effective",
                                    directory + "/cpuset.effective_" + setting.file.substr(7)}) {
      const auto text = read_text_file(path, kMostText);
      if (!text || !wanted) continue;
      const std::string now = text->substr(0, text->find('\n'));
      if (parse_numbers(now) == wanted) return true;
      refused_.push_back({Blame::host,
                          "enforce " + setting.words + ": the kernel has made " + quote(now) +
                              " of it in " + quote(path),
                          {},
                          kNotAllOfSet});
      return false;
    }
    return true;
  }

  /// Of a partition that is none the file tells why: "isolated invalid (Parent is not ...)".
  bool is_partition(const GroupSetting& setting, const std::string& path) {
    const auto text = read_text_file(path, kMostText);
    std::string now = text ? *text : "";
    while (now.ends_with('\n'))
      now.pop_back();
    if (now == setting.text) return true;
    refused_.push_back({Blame::host,
                        "enforce " + setting.words + ": the kernel has made " + quote(now) +
                            " of it in " + quote(path),
                        {},
                        hint_of_partition(now)});
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

std::string group_name() {
  const std::string pid = std::to_string(::getpid());
  return std::string(kGroupPrefix) + pid_namespace() + "-" + pid + "-" + start_of("self");
}

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

bool remove_group(std::span<const std::string> directories) noexcept {
  bool are_gone = true;
  for (const std::string& directory : directories) {
    constexpr int kOpenAtOnce = 16;
    if (::rmdir(directory.c_str()) == 0 || (errno != EBUSY && errno != ENOTEMPTY)) continue;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): it is, without FTW_CHDIR
    (void)::nftw(directory.c_str(), remove_one, kOpenAtOnce, FTW_DEPTH | FTW_PHYS);
    if (::access(directory.c_str(), F_OK) == 0) are_gone = false;
  }
  return are_gone;
}

void remove_group_at_last(std::span<const std::string> directories) noexcept {
  constexpr long kMillisecond = 1'000'000;
  constexpr long kLongest = 500 * kMillisecond;
  for (long wait = kMillisecond; !remove_group(directories); wait = std::min(2 * wait, kLongest)) {
    thaw_all(directories);  // nobody else can any more: the container has no name now
    const timespec time{0, wait};
    (void)::nanosleep(&time, nullptr);
  }
}

}  // namespace berth::cgroup
