// SPDX-License-Identifier: Apache-2.0
// A file with a hash tree behind it, and then bytes of it that are not as they were: the tree is
// found or not, its parts lie in the file, and no change of the data goes unseen.
#include "image/integrity/hash_tree.h"

#include "base/fd.h"
#include "image/integrity/seal.h"
#include "tests/fuzz/require.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace {

using berth::fuzz::require;
using namespace berth::integrity;  // NOLINT(google-build-using-namespace): all of it is tried

constexpr std::uint64_t kMostData = 300;  // blocks: two levels
constexpr std::size_t kControl = 8;       // bytes of the input that are not for the file

berth::Status say_nothing(std::uint64_t) {
  return berth::Done{};
}

/// Blocks that differ, and a tree over them.
berth::UniqueFd make_file(std::uint64_t blocks, Digest& root) {
  berth::UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
  require(::ftruncate(file.get(), static_cast<off_t>(blocks * kBlockBytes)) == 0);
  for (std::uint64_t i = 0; i < blocks; ++i)
    require(::pwrite(file.get(), &i, sizeof i, static_cast<off_t>(i * kBlockBytes)) == sizeof i);
  const auto sealed = write_tree(file.get(), blocks * kBlockBytes, 1, say_nothing);
  require(sealed.has_value());
  root = sealed->root;
  return file;
}

/// Whether the shape stays within the file, whoever made the header.
void require_inside(const Tree& tree, std::uint64_t file_bytes) {
  require(tree.levels <= kMostLevels && tree.salt_size <= kMostSalt);
  require(tree.end <= file_bytes / kBlockBytes);
  std::uint64_t below = tree.data_blocks;
  for (std::size_t level = 0; level < tree.levels; ++level) {
    require(tree.first.at(level) > tree.data_blocks);
    require(tree.first.at(level) + tree.blocks.at(level) <= tree.end);
    require(tree.blocks.at(level) * kDigestsInBlock >= below);
    below = tree.blocks.at(level);
  }
  require(below == 1);
}

void check_header(std::span<const std::byte> bytes) {
  std::array<std::byte, kHeaderBytes> header{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), header.size()), header.begin());
  std::uint64_t blocks = 0;
  std::memcpy(&blocks, header.data() + 72, sizeof blocks);  // as the header itself says
  Tree tree;
  if (parse_header(header, blocks, tree) != Flaw::none) return;
  Tree again;
  require(parse_header(make_header(tree, Digest{}), blocks, again) == Flaw::none);
  require(again.end == tree.end && again.levels == tree.levels);
  require(std::ranges::equal(again.salt(), tree.salt()));
}

/// The number in `count` bytes, at most four.
std::uint64_t number_in(const std::uint8_t* bytes, unsigned count) {
  std::uint64_t number = 0;
  for (unsigned i = count; i-- > 0;)
    number = number << 8 | bytes[i];
  return number;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kControl) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(kControl);
  check_header(bytes);
  const std::uint64_t blocks = 1 + number_in(data, 2) % kMostData;
  Digest root{};
  const berth::UniqueFd file = make_file(blocks, root);
  // The bytes go over the end of the data, the header, or the tree; the file may lose its end.
  const std::uint64_t whole = make_tree(blocks).end * kBlockBytes;
  const std::uint64_t at = number_in(data + 2, 3) % whole;
  require(::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
          static_cast<ssize_t>(bytes.size()));
  std::uint64_t file_bytes = std::max(whole, at + bytes.size());
  file_bytes -= std::min(file_bytes, number_in(data + 5, 2) * 16);
  require(::ftruncate(file.get(), static_cast<off_t>(file_bytes)) == 0);

  Tree tree;
  const std::uint64_t used = blocks * kBlockBytes - data[7];
  const Flaw flaw = find_tree(file.get(), used, file_bytes, tree);
  require(words_for(flaw) != nullptr);
  if (flaw != Flaw::none || tree.data_blocks == 0) return 0;
  require(tree.data_blocks == blocks);
  require_inside(tree, file_bytes);
  const auto checked = check_tree(file.get(), tree, 1, say_nothing);
  require(checked.has_value());
  if (tree.salt_size != 0 || checked->damaged_blocks != 0 || checked->root != root) return 0;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    std::array<std::byte, kBlockBytes> block{};
    std::array<std::byte, kBlockBytes> expected{};
    std::memcpy(expected.data(), &i, sizeof i);
    require(read_at(file.get(), block, i * kBlockBytes) == block.size() && block == expected);
  }
  return 0;
}
