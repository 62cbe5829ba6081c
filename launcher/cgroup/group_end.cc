// SPDX-License-Identifier: Apache-2.0
// The end of control groups: what they are called, so that it is known whose launch is gone, and
// taking them away.
#include "base/file.h"
#include "base/text.h"
#include "launcher/cgroup/freezer.h"
#include "launcher/cgroup/group.h"
#include "launcher/cgroup/hierarchy.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

/// When a process started, in clock ticks; "" for none, and for one that has ended and is only not
/// yet waited for (proc(5), stat: the name before it may have any character in it).
std::string start_of(const std::string& process) {
  constexpr std::size_t kStart = 19;  // counted behind the name
  const auto text = read_text_file("/proc/" + process + "/stat", kMostText);
  const std::size_t end = text ? text->rfind(") ") : std::string::npos;
  if (end == std::string::npos) return {};
  const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
  if (fields.size() <= kStart || fields[0] == "Z" || fields[0] == "X") return {};
  return fields[kStart];
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

/// For nftw(3): what is below a group comes before it. The kernel keeps one that has processes.
int remove_one(const char* path, const struct stat* /*info*/, int kind, FTW* /*at*/) {
  if (kind == FTW_DP) (void)::rmdir(path);
  return 0;
}

}  // namespace

std::string group_name() {
  const std::string pid = std::to_string(::getpid());
  return std::string(kGroupPrefix) + pid_namespace() + "-" + pid + "-" + start_of("self");
}

/// The kernel removes no group in which somebody is.
void remove_abandoned(const std::string& parent) {
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
