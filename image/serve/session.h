// SPDX-License-Identifier: Apache-2.0
// Answers the kernel's FUSE requests (fuse(4), linux/fuse.h) on the raw device, with a few threads.
#pragma once

#include "image/read/reader.h"
#include "image/serve/fuse_reply.h"
#include "image/serve/proof.h"

namespace berth::serve {

class Recorder;

struct Session {
  read::Image& image;
  int fuse_fd = -1;
  Line& line;    ///< to the launcher; left once the mount is there
  Proof& proof;  ///< what to do while nobody asks
  Owner owner = {};
  unsigned most_threads = 1;
  Recorder* recorder = nullptr;  ///< told of what is read; nobody, where there is none
};

/// Serves until the last mount is gone, or until the other end of `control` is closed before there
/// is a mount. Ends the process: 0, or 1 when the device answers what it should not. This thread
/// goes on with `reader`.
[[noreturn]] void serve_requests(const Session& session, read::Reader& reader);

/// Where a request and its answer meet: the request's body, and room for the answer's.
struct Exchange {
  const fuse_in_header& header;
  std::span<const std::byte> body;
  std::span<std::byte> room;
  std::size_t size = 0;  ///< bytes of `room` that are the answer
};

/// Does what one request asks for, without the device. 0 or the errno to answer.
int answer_request(read::Reader& reader, const Owner& owner, Exchange& exchange);

}  // namespace berth::serve
