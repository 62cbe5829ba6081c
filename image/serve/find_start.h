// SPDX-License-Identifier: Apache-2.0
// The server's side of the start files: which there are.
#pragma once

#include "image/read/reader.h"
#include "image/serve/start_files.h"

#include <vector>

namespace berth::serve {

/// The loaders of this machine's programs (glibc's and musl's), the loader's cache and the C
/// library beside the loader, with what is on the way to each, parents first; and /bin and /sbin if
/// they are links. Left out is what is not there, and a file whose bytes do not lie in the image as
/// they are, in one piece. Links are followed as the kernel follows them, within the image. Nothing
/// has been compared with a hash tree yet.
std::vector<StartFile> find_start_files(read::Reader& reader);

}  // namespace berth::serve
