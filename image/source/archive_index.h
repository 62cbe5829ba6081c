// SPDX-License-Identifier: Apache-2.0
// The members of an uncompressed tar by name, as windows onto the archive: nothing is unpacked.
#pragma once

#include "base/result.h"
#include "image/source/blob.h"

#include <map>
#include <string>

namespace berth::source {

class ArchiveIndex {
 public:
  enum class Depth { all, until_recognised };

  /// Reads the headers, seeking over the data. `until_recognised` stops at the first member that
  /// tells an OCI or docker archive. Refuses compressed archives, and those with absurdly many
  /// members.
  static Result<ArchiveIndex> read(const std::string& path, Depth depth = Depth::all);

  [[nodiscard]] bool has(const std::string& name) const { return members_.count(name) != 0; }

  /// The member called `name`. Symbolic and hard links among the members are followed (old docker
  /// archives share layers so), never links on the host.
  [[nodiscard]] Result<Blob> find(const std::string& name) const;

  [[nodiscard]] const std::string& path() const { return archive_.name; }

 private:
  struct Member {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string link;  ///< the member that has the bytes; empty when it is this one
  };

  Status read_members(Depth depth);

  Blob archive_;
  std::map<std::string, Member> members_;
};

}  // namespace berth::source
