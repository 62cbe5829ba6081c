// SPDX-License-Identifier: Apache-2.0
#include "image/cli/output_file.h"

#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace berth::cli {

Status check_output(const std::string& path, Replacing replacing) {
  const std::string goal = "write " + quote(path);
  if (path.empty()) return Error{Blame::usage, goal + ": it is no name"};

  struct stat info {};

  if (::stat(path.c_str(), &info) != 0) return Done{};
  if (S_ISDIR(info.st_mode)) return Error{Blame::config, goal + ": it is a directory"};
  if (!S_ISREG(info.st_mode)) return Error{Blame::config, goal + ": it is no regular file"};
  if (replacing == Replacing::yes) return Done{};
  return Error{Blame::config, goal + ": it exists already", {}, "replace it with --force"};
}

Result<FileBeingWritten> begin_output(const std::string& path, Replacing replacing) {
  BERTH_TRY(check_output(path, replacing));
  return FileBeingWritten::create(path);
}

Status commit_output(FileBeingWritten& file, Replacing replacing) {
  using Existing = FileBeingWritten::Existing;
  return file.commit(replacing == Replacing::yes ? Existing::replaced : Existing::kept);
}

Error explain_output(Error error) {
  if (error.hint.empty() && error.refusal &&
      (error.refusal->number == ENOSPC || error.refusal->number == EDQUOT))
    error.hint = "free space there, or write elsewhere";
  return error;
}

Status check_apart(const std::string& path, int input) {
  struct stat out {};

  struct stat in {};

  if (::stat(path.c_str(), &out) != 0 || ::fstat(input, &in) != 0 || out.st_dev != in.st_dev ||
      out.st_ino != in.st_ino)
    return Done{};
  return Error{Blame::config, "write " + quote(path) + ": it is what is read"};
}

Status check_apart(const std::string& path, const std::string& input) {
  const UniqueFd file(::open(input.c_str(), O_PATH | O_CLOEXEC));
  return file.is_open() ? check_apart(path, file.get()) : Status(Done{});
}

}  // namespace berth::cli
