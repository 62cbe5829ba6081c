// SPDX-License-Identifier: Apache-2.0
// What the server tells the launcher before it serves: the few files that a launch needs to know.
#pragma once

#include "image/read/reader.h"
#include "image/serve/serve.h"

#include <array>
#include <cstdint>

namespace berth::serve {

/// A file that is read beforehand.
struct PreviewFile {
  const char* path;  ///< below the root
  std::uint32_t limit;
};

constexpr std::array<PreviewFile, 3> kPreviewFiles{
    {{".berth/config.json", 1 << 20}, {"etc/passwd", 256 << 10}, {"etc/group", 256 << 10}}};

/// The head of the server's message; the files' bytes follow in their order, then the start files.
struct PreviewHead {
  std::int32_t pid = 0;
  std::int32_t error = 0;     ///< 0, or the errno of what could not be read
  std::uint32_t culprit = 0;  ///< then: which of kPreviewFiles, or their number for the root
  std::array<std::uint32_t, kPreviewFiles.size()> sizes{};
  std::uint32_t start_size = 0;  ///< bytes of the list of start files
  std::uint8_t has_proof = 0;    ///< a Verdict on the start files will follow
  std::uint8_t flaw = 0;         ///< integrity::Flaw of the image's hash tree; then nothing follows
};

/// Reads them and sends the message. 0 or an errno, after which nobody waits for us.
/// `start` are the start files, which may be none; `has_proof`: a Verdict on them will follow.
int send_preview(read::Reader& reader,
                 const std::vector<StartFile>& start,
                 bool has_proof,
                 int control);

/// Sends instead that the image's hash tree is unusable. 0 or an errno.
int send_flaw(integrity::Flaw flaw, int control);

}  // namespace berth::serve
