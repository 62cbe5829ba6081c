// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/record.h"

#include "base/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace berth::cli {

Result<Record> Record::create(const std::string& path) {
  const auto fail = [&path](const char* call, int number) {
    return Error{Blame::usage,
                 "record a launch profile in " + quote(path),
                 Refusal{call, number},
                 number == EEXIST ? "name a new file, or remove that one first" : ""};
  };
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Record record;
  record.name_ = path.substr(slash == std::string::npos ? 0 : slash + 1);
  record.folder_ = UniqueFd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!record.folder_.is_open()) return fail("open", errno);
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  record.file_ = UniqueFd(::openat(record.folder_.get(), record.name_.c_str(), kNew, 0666));
  if (!record.file_.is_open()) return fail("open", errno);
  return record;
}

void Record::discard() noexcept {
  if (folder_.is_open()) (void)::unlinkat(folder_.get(), name_.c_str(), 0);  // it may be gone
  folder_.reset();
}

}  // namespace berth::cli
