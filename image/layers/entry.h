// SPDX-License-Identifier: Apache-2.0
// One thing in a layer, and the stream of them: "give me the next one".
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::layers {

/// `device` is kept only to hide what lies below: an image without privilege cannot have one.
/// `hard_link` is a second name for an earlier entry, or for one of a lower layer.
enum class Kind { directory, file, symlink, fifo, socket, device, hard_link };

struct Attributes {
  std::uint16_t mode = 0755;  ///< permission bits with setuid, setgid and sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mtime = 0;  ///< seconds since 1970; what does not fit is the nearest that does
  std::vector<std::pair<std::string, std::string>> xattrs = {};  ///< in order of the names
  unsigned lost_xattrs = 0;  ///< how many were left out: see is_kept()
};

struct Entry {
  std::string path = {};  ///< normalised: parse_path(); empty for the root
  Kind kind = Kind::directory;
  Attributes attributes = {};
  std::string target = {};  ///< of a symlink as it is; of a hard link, normalised
  std::uint64_t size = 0;   ///< of a file
};

class EntryStream {
 public:
  EntryStream() = default;
  EntryStream(const EntryStream&) = delete;
  EntryStream& operator=(const EntryStream&) = delete;
  EntryStream(EntryStream&&) = delete;
  EntryStream& operator=(EntryStream&&) = delete;
  virtual ~EntryStream() = default;

  /// Fills `entry` in; false at the end, when everything that can be checked has been.
  virtual Result<bool> next(Entry& entry) = 0;

  /// The next piece of the current file's content, valid until the next call; empty at its end.
  virtual Result<std::string_view> data() = 0;
};

/// Which extended attributes an image keeps.
enum class Xattrs {
  users,      ///< user.*
  privileged  ///< also security.* and trusted.*, which take privilege to set and to see
};

/// Never what would steer an overlayfs over the image, nor what SquashFS has no place for.
bool is_kept(std::string_view name, Xattrs kept);

/// Bytes. A hole costs nothing where it comes from; this keeps a forged one from costing days.
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 42;

/// The nearest time SquashFS can hold.
std::uint32_t mtime_of(std::int64_t seconds);

}  // namespace berth::layers
