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

bool is_within(const std::string& path, const std::string& tree) {
  return path == tree || (path.starts_with(tree) && path[tree.size()] == '/');
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

/// What is no directory hides what lower layers have below it.
bool leads_on(const Entry& entry, bool is_last) {
  if (entry.kind == Entry::Kind::nothing) return false;
  return is_last || entry.kind == Entry::Kind::directory || entry.kind == Entry::Kind::link;
}

}  // namespace

/// What `path` is called in what is mounted above it.
std::string Tree::inside_of(const std::string& path, const Mounted& mount) {
  const std::string rest = path.substr(mount.to.size());
  return rest.empty() ? "/" : rest;
}

void Tree::mount(const std::string& to, std::unique_ptr<Layer> what) {
  std::string place = follow(to).value_or("");
  // One that is made for it.
  if (place.empty())
    for (const std::string& name : split(to, '/'))
      if (!name.empty() && name != "." && name != "..") place += "/" + name;
  mounted_.push_back({std::move(place), std::move(what)});
  entries_.clear();
}

const Tree::Mounted* Tree::mount_of(const std::string& path) const {
  const Mounted* found = nullptr;
  for (const Mounted& one : mounted_)
    if (is_within(path, one.to) && (found == nullptr || is_within(one.to, found->to))) found = &one;
  return found;
}

std::string Tree::mounted_above(const std::string& path) {
  const Mounted* mount = mount_of(path);
  return mount == nullptr ? "" : mount->to;
}

/// As the layers have it.
Entry Tree::look_below(const std::string& path) {
  Entry entry;
  for (const auto& layer : layers_) {
    entry = layer->look(path);
    if (entry.kind != Entry::Kind::nothing || layer->hides(path)) break;
  }
  return entry;
}

const Entry& Tree::look(const std::string& path) {
  const auto known = entries_.find(path);
  if (known != entries_.end()) return known->second;
  Entry entry;
  if (const Mounted* mount = mount_of(path); mount == nullptr)
    entry = look_below(path);
  else if (mount->what)
    entry = mount->what->look(inside_of(path, *mount));
  else if (path == mount->to)
    entry.kind = Entry::Kind::directory;
  // A place is made for what will be mounted.
  if (entry.kind == Entry::Kind::nothing &&
      std::any_of(mounted_.begin(), mounted_.end(), [&](const Mounted& one) {
        return is_within(one.to, path);
      }))
    entry.kind = Entry::Kind::directory;
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
  asked_.insert(path);
  auto found = follow(path);
  if (found && look(*found).kind != Entry::Kind::file) found.reset();
  return found;
}

std::optional<std::string> Tree::find_directory(const std::string& path) {
  asked_.insert(path);
  auto found = follow(path);
  if (found && look(*found).kind != Entry::Kind::directory) found.reset();
  return found;
}

std::vector<std::string> Tree::names_in(const std::string& directory) {
  std::vector<std::string> all;
  const auto add = [&](std::string name) {
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
  };
  directories_.push_back(directory);
  const Mounted* mount = mount_of(directory);
  if (mount != nullptr && mount->what)
    for (std::string& name : mount->what->names_in(inside_of(directory, *mount)))
      add(std::move(name));
  for (const auto& layer : layers_) {
    if (mount != nullptr) break;
    for (std::string& name : layer->names_in(directory))
      add(std::move(name));
    if (layer->hides(directory + "/.")) break;
  }
  const std::string begin = directory == "/" ? directory : directory + "/";
  for (const Mounted& one : mounted_)
    if (one.to.starts_with(begin))
      add(one.to.substr(begin.size(), one.to.find('/', begin.size()) - begin.size()));
  return all;
}

std::vector<Library> Tree::loader_cache() {
  constexpr std::size_t kLargest = 16UL << 20;
  const auto file = find_file("/etc/ld.so.cache");
  const auto bytes = file ? read(*file, kLargest) : std::nullopt;
  return bytes ? read_loader_cache(*bytes) : std::vector<Library>{};
}

/// `inside`: what it is called there.
Layer* Tree::layer_with(const std::string& path, std::string& inside) {
  inside = path;
  if (const Mounted* mount = mount_of(path)) {
    inside = inside_of(path, *mount);
    const bool is_file = mount->what && mount->what->look(inside).kind == Entry::Kind::file;
    return is_file ? mount->what.get() : nullptr;
  }
  for (const auto& layer : layers_) {
    const Entry entry = layer->look(path);
    if (entry.kind == Entry::Kind::file) return layer.get();
    if (entry.kind != Entry::Kind::nothing || layer->hides(path)) return nullptr;
  }
  return nullptr;
}

std::optional<std::string> Tree::read(const std::string& file, std::size_t limit) {
  std::string inside;
  Layer* layer = layer_with(file, inside);
  if (layer == nullptr) return std::nullopt;
  const std::string bytes = read_pieces(*layer, inside, limit + 1);
  if (bytes.size() > limit) return std::nullopt;
  return bytes;
}

const Elf* Tree::elf(const std::string& file) {
  const auto known = libraries_.find(file);
  if (known != libraries_.end()) return known->second ? &*known->second : nullptr;
  std::optional<Elf> found;
  std::string inside;
  if (Layer* layer = layer_with(file, inside)) {
    const ReadBytes read = [&](std::uint64_t offset, std::size_t size) {
      return layer->read(inside, offset, size);
    };
    if (auto elf = read_elf(read, file)) found = std::move(*elf);
  }
  const auto& kept = libraries_.emplace(file, std::move(found)).first->second;
  return kept ? &*kept : nullptr;
}

std::optional<Symbols> Tree::symbols(const std::string& file) {
  std::string inside;
  Layer* layer = layer_with(file, inside);
  if (layer == nullptr) return std::nullopt;
  const ReadBytes read = [&](std::uint64_t offset, std::size_t size) {
    return layer->read(inside, offset, size);
  };
  auto found = read_symbols(read, file);
  return found ? std::optional<Symbols>(std::move(*found)) : std::nullopt;
}

std::vector<std::string> Tree::directories_in(const std::string& directory) {
  constexpr std::size_t kMostNames = 1000;  // each is looked for from the root
  std::vector<std::string> names = names_in(directory);
  if (names.size() > kMostNames) return {};
  std::erase_if(names, [&](const std::string& name) {
    return look((directory == "/" ? "" : directory) + "/" + name).kind != Entry::Kind::directory;
  });
  return names;
}

std::vector<std::string> Tree::places_read() const {
  std::vector<std::string> places = directories_;
  places.insert(places.end(), asked_.begin(), asked_.end());
  for (const auto& [path, elf] : libraries_)
    places.push_back(path);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

bool Tree::is_sound() {
  return std::all_of(
      layers_.begin(), layers_.end(), [](const auto& layer) { return layer->is_sound(); });
}

}  // namespace berth::hooks
