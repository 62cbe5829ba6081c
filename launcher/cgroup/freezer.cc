// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/freezer.h"

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string_view>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 4096;

bool says(const std::string& file, std::string_view words) {
  const auto text = read_text_file(file, kMostText);
  return text && text->find(words) != std::string::npos;
}

/// 0 or an errno.
int write_to(const std::string& file, std::string_view text) {
  const UniqueFd open_file(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!open_file.is_open()) return errno;
  return ::write(open_file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

}  // namespace

Freezer Freezer::find(std::span<const std::string> directories) {
  Freezer found;
  for (const char* name : {"/cgroup.freeze", "/freezer.state"})
    for (const std::string& directory : directories) {
      Freezer one;
      one.group_ = directory;
      one.file_ = directory + name;
      one.is_unified_ = std::string_view(name) == "/cgroup.freeze";
      one.is_ours_ = ::access(one.file_.c_str(), W_OK) == 0;
      if (one.is_frozen()) return one;
      if (one.is_ours_ && !found.is_there()) found = one;
    }
  return found;
}

bool Freezer::is_frozen() const {
  if (file_.empty()) return false;
  return is_unified_ ? says(file_, "1") : says(file_, "FROZEN") || says(file_, "FREEZING");
}

/// A group of version 2 that nobody is in stands still by itself.
bool Freezer::is_still() const {
  return is_unified_ ? says(group_ + "/cgroup.events", "frozen 1") ||
                           says(group_ + "/cgroup.events", "populated 0")
                     : says(file_, "FROZEN");
}

int Freezer::freeze() const {
  constexpr int kTries = 2000;
  constexpr timespec kPause = {0, 5'000'000};
  if (const int number = write_to(file_, is_unified_ ? "1" : "FROZEN"); number != 0) return number;
  for (int i = 0; i < kTries; ++i) {
    if (is_still()) return 0;
    (void)::nanosleep(&kPause, nullptr);
  }
  return EBUSY;
}

int Freezer::thaw() const {
  const int number = write_to(file_, is_unified_ ? "0" : "THAWED");
  return number == 0 && is_frozen() ? EBUSY : number;
}

}  // namespace berth::cgroup
