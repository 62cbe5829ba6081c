// SPDX-License-Identifier: Apache-2.0
// A directory on the host as a stream of entries, in the order of the names. Follows no symbolic
// link below its top, and opens nothing but regular files and directories.
#pragma once

#include "base/fd.h"
#include "image/layers/entry.h"
#include "image/layers/path.h"

#include <sys/stat.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace berth::layers {

/// What a directory's content means.
enum class Folder {
  plain,
  upper,  ///< that of an overlayfs' changes: whiteouts and opaque directories become marks
  /// The root of one that runs: hard links are files each, mounts are passed over. A file that its
  /// user may not read is an error for data() only, because it may be as it was in the image.
  container
};

class FolderStream : public EntryStream {
 public:
  /// `name` is what messages call the directory behind `folder`. `mounts` are the paths of what
  /// is mounted in a container.
  FolderStream(UniqueFd folder,
               std::string name,
               Xattrs xattrs = Xattrs::users,
               Folder meaning = Folder::plain,
               std::set<std::string> mounts = {});

  /// What an upper directory has deleted, as far as it has been read.
  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }

  /// The names in the directory that next() has just returned, in falling order, mounts among them.
  [[nodiscard]] const std::vector<std::string>& names() const { return levels_.back().names; }

  /// What the file system says of the current entry.
  [[nodiscard]] const struct stat& info() const { return info_; }

  /// Makes data() begin once more at the file's first byte.
  Status rewind();

  Result<bool> next(Entry& entry) override;
  Result<std::string_view> data() override;

 private:
  /// A directory that we are in, and the names in it that are still to come, last one first.
  struct Level {
    UniqueFd fd;
    std::string path;
    std::vector<std::string> names;
  };

  [[nodiscard]] std::string goal_for(const std::string& path) const;
  Status enter(UniqueFd fd, const std::string& path);
  Result<bool> read_root(Entry& entry);
  Result<bool> read_entry(const Level& level, const std::string& name, Entry& entry);
  Result<bool> read_overlay(int fd, const Entry& entry);
  Result<bool> open_entry(const Level& level, const std::string& name, Entry& entry);

  std::string name_;
  Xattrs xattrs_;
  Folder meaning_;
  std::set<std::string> mounts_;
  std::vector<Mark> marks_;
  struct stat info_ = {};
  UniqueFd root_;
  std::vector<Level> levels_;
  UniqueFd file_;                    ///< the current one
  std::optional<Error> unreadable_;  ///< why data() has none of the current one
  std::vector<char> bytes_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  ///< first names of files with several
};

}  // namespace berth::layers
