// SPDX-License-Identifier: Apache-2.0
#include "image/cli/convert.h"

#include "image/cli/packing.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace berth::cli {

namespace {

squash::Kind kind_of(layers::Kind kind) {
  switch (kind) {
    case layers::Kind::file:
      return squash::Kind::file;
    case layers::Kind::symlink:
      return squash::Kind::symlink;
    case layers::Kind::fifo:
      return squash::Kind::fifo;
    case layers::Kind::socket:
      return squash::Kind::socket;
    default:
      return squash::Kind::directory;
  }
}

constexpr std::uint16_t kSetuidBits = 06000;

std::size_t count_of(const layers::Node& node) {
  std::size_t count = node.inode ? 1 : 0;
  for (const auto& [name, child] : node.children)
    count += count_of(*child);
  return count;
}

class Converter {
 public:
  explicit Converter(const Keep& keep) : keep_(keep) {}

  Converted take(layers::Node& root) {
    made_.tree.inodes.reserve(count_of(root));
    add_directory(root, add(*root.inode), "");
    return std::move(made_);
  }

 private:
  std::uint16_t mode_of(const layers::Inode& from) {
    const std::uint16_t mode = from.attributes.mode;
    if (keep_.setuid || from.kind != layers::Kind::file || (mode & kSetuidBits) == 0) return mode;
    ++made_.losses.setuid;
    return static_cast<std::uint16_t>(mode & ~kSetuidBits);
  }

  unsigned add(layers::Inode& from) {
    made_.losses.xattrs += from.attributes.lost_xattrs;
    squash::Inode inode;
    inode.kind = kind_of(from.kind);
    inode.mode = mode_of(from);
    inode.uid = from.attributes.uid;
    inode.gid = from.attributes.gid;
    inode.mtime = from.attributes.mtime;
    inode.xattrs = std::move(from.attributes.xattrs);
    inode.target = std::move(from.target);
    inode.content = from.content.value_or(0);
    if (from.content) ++made_.contents;
    made_.tree.inodes.push_back(std::move(inode));
    return static_cast<unsigned>(made_.tree.inodes.size() - 1);
  }

  /// The number of what a name refers to; several names of one inode get the same.
  unsigned number_of(const std::shared_ptr<layers::Inode>& name) {
    const auto inode = layers::settled(name);
    const auto known = numbers_.find(inode.get());
    if (known != numbers_.end()) {
      ++made_.tree.inodes[known->second].links;
      return known->second;
    }
    const unsigned number = add(*inode);
    // Most have one name: those need not be found again. (Who asks here is the second user.)
    if (inode != name || inode.use_count() > 2) numbers_.emplace(inode.get(), number);
    return number;
  }

  void add_directory(layers::Node& node, unsigned index, std::string_view folder) {
    std::vector<squash::Name> names;
    names.reserve(node.children.size());
    while (!node.children.empty()) {
      auto taken = node.children.extract(node.children.begin());
      layers::Node& child = *taken.mapped();
      if (!child.inode) continue;  // deleted
      const layers::Kind kind = layers::settled(child.inode)->kind;
      if (kind == layers::Kind::device) {  // takes privilege to make
        ++made_.losses.devices;
        continue;
      }
      names.push_back({std::move(taken.key()), number_of(child.inode)});
      if (kind == layers::Kind::directory)
        add_directory(child, names.back().inode, names.back().name);
      else if (is_first_read(folder, names.back().name))
        made_.tree.inodes[names.back().inode].is_first_read = true;
    }
    // The way there is looked at as often.
    made_.tree.inodes[index].is_first_read =
        std::any_of(names.begin(), names.end(), [this](const squash::Name& name) {
          return made_.tree.inodes[name.inode].is_first_read;
        });
    made_.names += names.size();
    made_.tree.inodes[index].names = std::move(names);
  }

  Keep keep_;
  Converted made_;
  std::unordered_map<const layers::Inode*, unsigned> numbers_;
};

}  // namespace

Converted convert(layers::Node root, const Keep& keep) {
  return Converter(keep).take(root);
}

}  // namespace berth::cli
