// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/tree.h"

#include "base/text.h"

#include <algorithm>

namespace berth::hooks {

namespace {

constexpr unsigned kMostLinks = 40;  // path_resolution(7)
constexpr std::size_t kMostSteps = 1000;

void put_in_front(std::vector<std::string>& left, const std::string& path) {
  const auto names = split(path, '/');
  left.insert(left.end(), names.rbegin(), names.rend());
}

/// What is no directory hides what lower layers have below it.
bool leads_on(const Entry& entry, bool is_last) {
  if (entry.kind == Entry::Kind::nothing) return false;
  return is_last || entry.kind == Entry::Kind::directory || entry.kind == Entry::Kind::link;
}

/// Room for `most` bytes at once would cost milliseconds, and a small file is what is read.
std::string read_pieces(Layer& layer, const std::string& file, std::size_t most) {
  constexpr std::size_t kPiece = 128UL << 10;
  std::string bytes;
  while (bytes.size() < most) {
    const std::size_t size = std::min(kPiece, most - bytes.size());
    const std::string piece = layer.read(file, bytes.size(), size);
    bytes += piece;
    if (piece.size() < size) break;
  }
  return bytes;
}

}  // namespace

const Entry& Tree::look(const std::string& path) {
  const auto known = entries_.find(path);
  if (known != entries_.end()) return known->second;
  Entry entry;
  for (const auto& layer : layers_) {
    entry = layer->look(path);
    if (entry.kind != Entry::Kind::nothing) break;
  }
  return entries_.emplace(path, std::move(entry)).first->second;
}

std::optional<std::string> Tree::follow(const std::string& path) {
  std::string at;
  std::vector<std::string> left;
  put_in_front(left, path);
  unsigned links = 0;
  for (std::size_t steps = 0; !left.empty(); ++steps) {
    if (steps > kMostSteps) return std::nullopt;
    const std::string name = left.back();
    left.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    std::string next = at;
    next += '/';
    next += name;
    const Entry& entry = look(next);
    if (!leads_on(entry, left.empty())) return std::nullopt;
    if (entry.kind != Entry::Kind::link) {
      at = std::move(next);
      continue;
    }
    if (++links > kMostLinks) return std::nullopt;
    if (entry.target.starts_with('/')) at.clear();
    put_in_front(left, entry.target);
  }
  return at.empty() ? "/" : at;
}

std::optional<std::string> Tree::find_file(const std::string& path) {
  auto found = follow(path);
  if (found && look(*found).kind != Entry::Kind::file) found.reset();
  return found;
}

std::optional<std::string> Tree::find_directory(const std::string& path) {
  auto found = follow(path);
  if (found && look(*found).kind != Entry::Kind::directory) found.reset();
  return found;
}

std::vector<std::string> Tree::names_in(const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& layer : layers_)
    for (std::string& name : layer->names_in(directory))
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
  return all;
}

Layer* Tree::layer_with(const std::string& path) {
  for (const auto& layer : layers_) {
    const Entry entry = layer->look(path);
    if (entry.kind == Entry::Kind::file) return layer.get();
    if (entry.kind != Entry::Kind::nothing) return nullptr;
  }
  return nullptr;
}

std::optional<std::string> Tree::read(const std::string& file, std::size_t limit) {
  Layer* layer = layer_with(file);
  if (layer == nullptr) return std::nullopt;
  const std::string bytes = read_pieces(*layer, file, limit + 1);
  if (bytes.size() > limit) return std::nullopt;
  return bytes;
}

const Elf* Tree::elf(const std::string& file) {
  const auto known = libraries_.find(file);
  if (known != libraries_.end()) return known->second ? &*known->second : nullptr;
  std::optional<Elf> found;
  if (Layer* layer = layer_with(file)) {
    const ReadBytes read = [&](std::uint64_t offset, std::size_t size) {
      return layer->read(file, offset, size);
    };
    if (auto elf = read_elf(read, file)) found = std::move(*elf);
  }
  const auto& kept = libraries_.emplace(file, std::move(found)).first->second;
  return kept ? &*kept : nullptr;
}

std::vector<std::string> Tree::files_read() const {
  std::vector<std::string> files;
  for (const auto& [path, elf] : libraries_)
    files.push_back(path);
  return files;
}

}  // namespace berth::hooks
