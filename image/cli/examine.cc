// SPDX-License-Identifier: Apache-2.0
#include "image/cli/examine.h"

#include "base/text.h"
#include "image/integrity/seal.h"
#include "image/read/superblock.h"
#include "image/store/shelf.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace berth::cli {

namespace {

constexpr std::size_t kPiece = std::size_t{256} * 1024;

std::string damage_text(const integrity::Tree& tree, const integrity::Checked& checked) {
  if (checked.damaged_blocks == 0) return {};
  const std::uint64_t first = checked.first_damaged.front();
  std::string text = checked.damaged_blocks == 1
                         ? "block " + std::to_string(first) + " is damaged"
                         : std::to_string(checked.damaged_blocks) +
                               " blocks are damaged, the first is block " + std::to_string(first);
  text += " at byte " + std::to_string(first * kHashedBlock);
  if (first >= tree.data_blocks) text += ", in its hash tree";
  return text;
}

/// The tree's part of the examination.
Status examine_tree(
    int fd, std::uint64_t used, Examined& out, unsigned threads, const integrity::Tell& tell) {
  integrity::Tree tree;
  const integrity::Flaw flaw = integrity::find_tree(fd, used, out.size, tree);
  if (flaw != integrity::Flaw::none) {
    out.problem = std::string("its hash tree ") + integrity::words_for(flaw);
    return Done{};
  }
  // One data block is the root itself, which then stands nowhere in the file.
  out.has_tree = tree.levels > 0;
  if (!out.has_tree) return Done{};
  const auto checked = integrity::check_tree(fd, tree, threads, tell);
  if (!checked) return checked.error();
  out.root_hash = integrity::hex_of(checked->root);
  out.damaged_blocks = checked->damaged_blocks;
  out.first_damaged = checked->first_damaged;
  out.problem = damage_text(tree, *checked);
  const std::uint64_t end = tree.end * kHashedBlock;
  if (out.problem.empty() && out.size > end)
    out.problem = "nothing covers the " + size_text(out.size - end) + " behind its hash tree";
  return Done{};
}

/// The digests of the whole file, in one pass.
Status examine_bytes(int fd, Examined& out, ForSignature wanted, const integrity::Tell& tell) {
  integrity::Sha256 digest;
  signature::FileHasher hasher;
  std::vector<std::byte> piece(kPiece);
  for (std::uint64_t at = 0; at < out.size; at += piece.size()) {
    const auto bytes = std::span(piece).first(std::min<std::uint64_t>(kPiece, out.size - at));
    errno = 0;
    if (integrity::read_at(fd, bytes, at) != bytes.size())
      return refused("pread", "read " + quote(out.path), errno == 0 ? ESTALE : errno);
    digest.add(bytes);
    if (wanted == ForSignature::yes) hasher.add(bytes);
    BERTH_TRY(tell(at));
  }
  out.digest = "sha256:" + integrity::hex_of(digest.take());
  if (wanted == ForSignature::yes) out.hash_for_signature = hasher.take();
  return Done{};
}

}  // namespace

Result<Examined> examine(const std::string& name_or_path,
                         ForSignature for_signature,
                         const Machine& machine) {
  const auto path = store::find(name_or_path, machine.environment);
  if (!path) return path.error();
  Examined out;
  out.path = *path;
  const UniqueFd fd(::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) return refused("open", "read " + quote(*path), errno);
  const auto super = read::read_superblock(fd.get(), *path);
  if (!super) return super.error();

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) return refused("fstat", "read " + quote(*path), errno);
  out.size = static_cast<std::uint64_t>(info.st_size);
  const integrity::Tell tell = [&](std::uint64_t) -> Status {
    if (machine.stop.load(std::memory_order_relaxed) == 0) return Done{};
    return Error{Blame::host, "go on: interrupted"};
  };
  BERTH_TRY(examine_tree(fd.get(), super->bytes_used, out, machine.cpus, tell));
  BERTH_TRY(examine_bytes(fd.get(), out, for_signature, tell));
  auto stored = store::read_digest(fd.get(), *path);
  if (!stored) return std::move(stored.error());
  out.stored_digest = std::move(*stored);
  if (out.problem.empty() && !out.stored_digest.empty() && out.stored_digest != out.digest)
    out.problem =
        "its digest is " + out.digest + ", and was " + out.stored_digest + " when it was imported";
  return out;
}

Error distrusted(const Examined& image, const std::string& why) {
  return Error{Blame::image, "trust " + quote(image.path) + ": " + why};
}

}  // namespace berth::cli
