// SPDX-License-Identifier: Apache-2.0
// What a running container shows that its image does not, as a stream of entries and marks. The
// overlay's upper directory cannot be reached from anywhere, so the two trees are compared: a file
// that differs in nothing else is compared byte by byte, unless its change time says that nobody
// has touched it.
#pragma once

#include "image/layers/folder.h"
#include "image/layers/image_stream.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace berth::layers {

/// The image of a container, as ImageStream has it.
struct ContainerImage {
  source::Blob blob = {};
  read::Superblock super = {};
  integrity::Tree tree = {};
};

/// A container shows all files as its user's and no attributes of the image's, so that owners, and
/// attributes where the image has the file, are the image's; what is new is root's. Left out are
/// mounts, the directories that were made for them only, what berth itself writes in /etc, and the
/// times and modes of directories in which it puts something.
class ContainerStream : public EntryStream {
 public:
  /// `root` is the container's, `mounts` what is mounted in it (without a '/' in front).
  ContainerStream(UniqueFd root,
                  const std::string& name,
                  const ContainerImage& image,
                  const std::set<std::string>& mounts);

  Result<bool> next(Entry& entry) override;
  Result<std::string_view> data() override;

  /// What is gone, as far as the stream has been read.
  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }

 private:
  /// A directory that we are in.
  struct Level {
    Entry entry;
    bool is_told = false;
  };

  Status read_image();
  [[nodiscard]] bool has_own(const std::string& path) const;
  void note_deleted(const std::string& path);
  Result<bool> is_changed(Entry& entry);
  Result<bool> is_changed_file(const Entry& entry, const Entry& before);
  Result<bool> has_other_bytes(const Entry& entry);
  void tell(Entry entry);

  ContainerImage image_;
  FolderStream shown_;
  std::set<std::string> mounts_;
  read::Image opened_;
  read::Reader reader_;
  std::map<std::string, Entry> before_;  ///< what the image has, links resolved
  bool is_begun_ = false;
  std::vector<Level> levels_;
  std::deque<Entry> ready_;
  std::map<std::pair<dev_t, ino_t>, std::string> told_;  ///< files that were handed out
  std::vector<Mark> marks_;
};

}  // namespace berth::layers
