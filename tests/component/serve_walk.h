// SPDX-License-Identifier: Apache-2.0
// What a server does with an image before anyone asks, and then all that may be asked. The fuzz
// target and the test of flipped bytes share it.
#pragma once

#include "base/fd.h"
#include "image/serve/find_start.h"
#include "image/serve/preview.h"
#include "tests/component/image_look.h"

#include <fcntl.h>

#include <cstddef>
#include <span>

namespace berth::serve {

/// Opens the bytes as an image, previews and walks it.
inline read::Found walk_image(std::span<const std::byte> bytes) {
  return read::look_at(bytes, read::Contents::any, [](read::Image& image) {
    const UniqueFd nobody(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    read::Reader reader(image);
    (void)send_preview(reader, find_start_files(reader), false, nobody.get());
  });
}

}  // namespace berth::serve
