// SPDX-License-Identifier: Apache-2.0
// The directory of the user's that has the records of his containers: of each NAME.json, and of a
// detached one NAME.log. Nobody else can have made or written what is in it.
#pragma once

#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"
#include "launcher/state/record.h"

#include <string>
#include <vector>

namespace berth::state {

/// Where to look for it; the files of tests stand elsewhere.
struct Places {
  std::string runtime_dir;  ///< XDG_RUNTIME_DIR; may be empty
  std::string run_user = "/run/user";
  std::string temporary = "/tmp";
};

class Directory {
 public:
  /// $XDG_RUNTIME_DIR/berth; lacking that, the same of /run/user/UID; lacking that, /tmp/berth-UID.
  /// Made if it is missing. One that is somebody else's, a link, or open to others is an error.
  static Result<Directory> open_or_make(const Places& places);

  /// The same, but where there is none it is empty and nothing is made.
  static Result<Directory> open(const Places& places);

  /// As open_or_make(), where it has been removed meanwhile.
  Status make_again();

  [[nodiscard]] bool is_open() const { return fd_.is_open(); }

  [[nodiscard]] int fd() const { return fd_.get(); }

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Of all containers that have records, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

  /// ENOENT where there is none.
  [[nodiscard]] Result<Record> read(const std::string& name) const;

  /// A new record; EEXIST where there is one of that name.
  [[nodiscard]] Status add(const Record& record) const;

  /// Takes the place of the record with the same key; nothing is done where that has gone.
  [[nodiscard]] Status replace(const Record& record) const;

  /// The record with this key, and the container's log; then the directory, if that was the last.
  /// Nothing is done where it has gone already.
  void remove(const std::string& name, const std::string& key) const;

  /// A record that cannot be used, and the log. Whether there was such a record.
  [[nodiscard]] bool remove_damaged(const std::string& name) const;

  /// A new and empty log, for appending; close-on-exec.
  [[nodiscard]] Result<UniqueFd> make_log(const std::string& name) const;

  [[nodiscard]] Result<UniqueFd> open_log(const std::string& name) const;

 private:
  [[nodiscard]] std::string place_of(const std::string& file) const;
  [[nodiscard]] UniqueFd lock() const;
  [[nodiscard]] Status write(const Record& record, FileBeingWritten::Existing existing) const;
  void remove_files(const std::string& name) const;

  UniqueFd fd_;
  std::string path_;
};

/// The environment of a caller says where: see Places.
Places places_for(const std::vector<std::string>& environment);

}  // namespace berth::state
