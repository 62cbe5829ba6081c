// SPDX-License-Identifier: Apache-2.0
// Files read whole with a limit, and files that appear complete or not at all.
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <cstddef>
#include <string>

namespace berth {

/// The whole file, or an error when it cannot be read or holds more than `limit` bytes.
/// Relative paths start at `directory`. Never blocks on a FIFO; refuses anything not regular.
Result<std::string> read_text_file(const std::string& path,
                                   std::size_t limit,
                                   int directory = -100);

/// What is left to read in an open file, which has to be a regular one. `goal` is for messages.
Result<std::string> read_text(int fd, std::size_t limit, const std::string& goal);

/// Makes sure that the names in the directory of `path` are on disk. 0 or an errno.
int sync_folder_of(const std::string& path) noexcept;

/// Writes all of `bytes`, through short writes and interruptions. 0 or an errno.
int write_fully(int fd, const char* bytes, std::size_t count) noexcept;

/// A file under construction. It has no name until commit(), so a process that is killed leaves
/// nothing behind (open(2), O_TMPFILE; linkat(2), AT_EMPTY_PATH via /proc/self/fd). Where the file
/// system has no O_TMPFILE it is a hidden name next to the target, removed by the destructor.
class FileBeingWritten {
 public:
  /// Opens for reading and writing beside `target`. The directory must exist.
  static Result<FileBeingWritten> create(const std::string& target);

  FileBeingWritten(FileBeingWritten&&) noexcept = default;
  FileBeingWritten& operator=(FileBeingWritten&&) = delete;
  FileBeingWritten(const FileBeingWritten&) = delete;
  FileBeingWritten& operator=(const FileBeingWritten&) = delete;
  ~FileBeingWritten();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// What becomes of a file that has the name meanwhile.
  enum class Existing {
    replaced,
    kept  ///< then commit() is refused with EEXIST
  };

  /// Gives the file its name, after the bytes are on disk (fdatasync); then the name is, too.
  Status commit(Existing existing = Existing::replaced);

  /// Another name for commit(), in the same directory.
  void set_target(std::string target) { target_ = std::move(target); }

 private:
  FileBeingWritten(UniqueFd fd, std::string target, std::string hidden)
      : fd_(std::move(fd)),
        target_(std::move(target)),
        hidden_(std::move(hidden)) {}

  UniqueFd fd_;
  std::string target_;
  std::string hidden_;  ///< the name it has meanwhile; empty for O_TMPFILE
};

}  // namespace berth
