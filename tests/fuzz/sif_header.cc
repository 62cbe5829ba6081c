// SPDX-License-Identifier: Apache-2.0
// Any bytes as a SIF file: what it says is inside lies inside.
#include "base/fd.h"
#include "base/text.h"
#include "image/source/sif.h"
#include "tests/fuzz/require.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  berth::UniqueFd file(::memfd_create("sif", MFD_CLOEXEC));
  require(::write(file.get(), data, size) == static_cast<ssize_t>(size));
  berth::source::Blob blob;
  blob.file = std::make_shared<const berth::UniqueFd>(std::move(file));
  blob.size = size;
  blob.name = "x.sif";
  const auto sif = berth::source::read_sif(blob);
  if (!sif) {
    require(berth::to_text(sif.error()).find('\x1b') == std::string::npos);
    return 0;
  }
  require(sif->image.offset <= size && sif->image.size <= size - sif->image.offset);
  require(sif->labels.size() <= size);
  return 0;
}
