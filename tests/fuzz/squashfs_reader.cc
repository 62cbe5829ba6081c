// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image: opened, walked and read as the server would. Seeds come from
// tests/fuzz/squashfs_seeds.sh.
//
// Most of what a byte more or less does to an image is found out before anything of ours sees it: a
// compressed table is garbage, and a table that has moved is out of place. So most inputs are made
// of others in one of two more ways. Either one number of the image, which is found from the
// superblock on, is changed where it lies; everything else stays, so the image contradicts itself.
// Or the image is taken apart, a table gets another content, and it is put together again with
// nothing compressed and all positions right. The first has more to change after the second.
#include "tests/component/serve_walk.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/squashfs_fields.h"
#include "tests/fuzz/squashfs_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

using berth::fuzz::Chance;
using berth::read::Bytes;

/// Copies an image to where the fuzzer wants it. 0 where it does not fit.
std::size_t give(const Bytes& image, std::uint8_t* out, std::size_t most) {
  if (image.size() > most) return 0;
  std::transform(image.begin(), image.end(), out, [](std::byte b) {
    return std::to_integer<std::uint8_t>(b);
  });
  return image.size();
}

/// A part gets bytes more or less.
void change_part(Bytes& part, Chance& chance) {
  constexpr std::size_t kMore = 64;
  const std::size_t size = part.size();
  part.resize(size + kMore);
  auto* bytes = reinterpret_cast<std::uint8_t*>(part.data());
  part.resize(LLVMFuzzerMutate(bytes, size, part.size()));
  // Whole entries that come again.
  if (chance() % 4 == 0 && part.size() > 32 && part.size() < 4096) {
    const auto from = static_cast<std::ptrdiff_t>(chance() % (part.size() / 2) / 4 * 4);
    const Bytes again(part.begin() + from, part.end());
    part.insert(part.end(), again.begin(), again.end());
  }
}

Bytes rebuild(std::span<const std::byte> image, Chance& chance) {
  auto forge = berth::fuzz::take_apart(image);
  if (!forge) return {};
  change_part(*berth::fuzz::parts_of(*forge).at(chance() % 7), chance);
  if (chance() % 8 == 0) forge->block_bytes = 28 + static_cast<std::uint32_t>(chance() % 200);
  return forge->finish(forge->super.root);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming, readability-function-size): libFuzzer's names and
// lists
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = std::as_bytes(std::span(data, size));
  berth::fuzz::require(berth::serve::walk_image(image).complaints.empty());
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t most,
                                               unsigned seed) {
  Chance chance(seed);
  const auto image = std::as_writable_bytes(std::span(data, size));
  const auto kind = chance() % 16;
  if (kind < 4) return LLVMFuzzerMutate(data, size, most);
  if (kind < 8) {
    const std::size_t got = give(rebuild(image, chance), data, most);
    if (got > 0) return got;
  }
  const auto fields = berth::fuzz::fields_of_image(image);
  if (fields.empty()) return LLVMFuzzerMutate(data, size, most);
  change_fields(image, fields, chance);
  return size;
}

/// A part of one image in the place of another's.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one,
                                                 std::size_t one_size,
                                                 const std::uint8_t* other,
                                                 std::size_t other_size,
                                                 std::uint8_t* out,
                                                 std::size_t most,
                                                 unsigned seed) {
  auto forge = berth::fuzz::take_apart(std::as_bytes(std::span(one, one_size)));
  auto from = berth::fuzz::take_apart(std::as_bytes(std::span(other, other_size)));
  if (!forge || !from) return 0;
  Chance chance(seed);
  const std::size_t which = chance() % 7;
  std::swap(*berth::fuzz::parts_of(*forge).at(which), *berth::fuzz::parts_of(*from).at(which));
  return give(forge->finish(forge->super.root), out, most);
}

// NOLINTEND(readability-identifier-naming, readability-function-size)
