// SPDX-License-Identifier: Apache-2.0
// A folder of blobs by their digest, for layers that are imported more than once. What is taken
// from it is checked like what comes from a registry; what is put into it appears complete or not
// at all.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "image/source/blob.h"

#include <memory>
#include <optional>
#include <string>

namespace berth::registry {

class Cache {
 public:
  /// Makes the folder if it is missing. Refuses one that others can write.
  static Result<Cache> open(const std::string& folder);

  /// The blob, if it is there and has this size.
  [[nodiscard]] std::optional<source::Blob> find(const std::string& digest,
                                                 std::uint64_t size) const;

  /// `blob`, which keeps what is read of it in the cache once all of it has been, and was right.
  [[nodiscard]] source::Blob keep(const source::Blob& blob) const;

 private:
  Cache(std::string path, std::shared_ptr<const UniqueFd> fd)
      : path_(std::move(path)),
        fd_(std::move(fd)) {}

  std::string path_;                    ///< of the folder "sha256" in it, for messages
  std::shared_ptr<const UniqueFd> fd_;  ///< the folder
};

}  // namespace berth::registry
