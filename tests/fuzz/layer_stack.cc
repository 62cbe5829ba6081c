// SPDX-License-Identifier: Apache-2.0
// Any bytes as up to three tar layers through decoder, tar reader and merger. The first two bytes
// say how many 512-byte records the lower layers have. What comes out has no name that climbs.
#include "image/layers/merge.h"
#include "image/layers/path.h"
#include "image/layers/tar.h"
#include "image/source/archive_index.h"
#include "tests/fuzz/require.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using berth::fuzz::require;
using berth::layers::Node;
using berth::source::Blob;

/// Counts, and stops a forged hole from filling the hour.
class Counted : public berth::layers::FileSink {
 public:
  berth::Result<unsigned> begin(const berth::layers::Entry& /*entry*/) override { return files_++; }

  berth::Status append(std::string_view bytes) override {
    left_ -= std::min<std::uint64_t>(left_, bytes.size());
    if (left_ == 0) return berth::Error{berth::Blame::image, "go on: enough"};
    return berth::Done{};
  }

  berth::Status end() override { return berth::Done{}; }

 private:
  unsigned files_ = 0;
  std::uint64_t left_ = 4U << 20;
};

void check_tree(const Node& node) {
  for (const auto& [name, child] : node.children) {
    require(!name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos);
    require(name.size() <= berth::layers::kLongestName);
    const auto inode = berth::layers::settled(child->inode);
    require(!inode || inode->kind != berth::layers::Kind::hard_link);
    check_tree(*child);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  berth::UniqueFd memory(::memfd_create("layers", MFD_CLOEXEC));
  if (::write(memory.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
  (void)berth::source::ArchiveIndex::read(path);  // any answer will do
  const auto file = std::make_shared<const berth::UniqueFd>(std::move(memory));

  Counted sink;
  berth::layers::Merger merger(sink);
  const std::vector<std::uint64_t> cuts = {
      2,
      std::min<std::uint64_t>(size, 2 + data[0] * 512U),
      std::min<std::uint64_t>(size, 2 + (data[0] + data[1]) * 512U),
      size};
  bool is_whole = true;
  for (int layer = 2; layer >= 0 && is_whole; --layer) {
    const std::uint64_t from = cuts[static_cast<std::size_t>(layer)];
    const std::uint64_t to = cuts[static_cast<std::size_t>(layer) + 1];
    if (from == to) continue;
    berth::layers::TarStream stream({Blob{file, from, to - from, "layer"}, {}});
    is_whole = merger.add_layer(layer, stream, berth::source::Whiteouts::apply).has_value();
  }
  if (is_whole && merger.finish()) check_tree(merger.root());
  return 0;
}
