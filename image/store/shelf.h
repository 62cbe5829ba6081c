// SPDX-License-Identifier: Apache-2.0
// The files behind the names: how an image gets its name, what is known about it, how it goes. The
// launcher needs none of this. Decision 015 says what lies in the folder.
#pragma once

#include "base/file.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace berth::store {

/// What is known about a stored image beside its bytes.
struct Origin {
  std::string digest = {};       ///< of the whole file: "sha256:" and 64 digits
  std::string fingerprint = {};  ///< of what it was made from and how; one line, may be empty
  std::string source = {};       ///< as the user named it
};

struct Stored {
  std::string name = {};
  std::string path = {};
  std::uint64_t size = 0;    ///< bytes of the file
  std::int64_t created = 0;  ///< seconds since 1970
  Origin origin = {};        ///< empty where the file came here by other means
};

/// The images in `folder` in the order of their names; none when there is no such folder.
Result<std::vector<Stored>> read_listing(const std::string& folder);

/// One of them: `path` is what path_for() returned. Reads the folder as read_listing() does.
Result<Stored> read_stored(const std::string& path);

/// The digest by which the folder of `path` knows the file that is open as `fd`; empty when it
/// knows none. `path` is the name it was opened by, and may mean another file by now.
Result<std::string> read_digest(int fd, const std::string& path);

/// Makes `file`, which is complete and lies in the folder of `path`, the image at `path`, with
/// everything on disk. At any moment the name stands for the old image, or for none, or for the
/// whole new one. Two names with the same bytes share one file.
Status keep(FileBeingWritten& file,
            const std::string& path,
            const Origin& origin,
            FileBeingWritten::Existing existing);

/// Takes the name away and, if it was the last one for these bytes, the bytes: those are returned,
/// else 0. Who has the file open or mounted keeps it.
Result<std::uint64_t> remove(const std::string& path);

/// Takes away what processes that were killed more than an hour ago left in `folder`.
void sweep(const std::string& folder);

}  // namespace berth::store
