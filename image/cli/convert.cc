// SPDX-License-Identifier: Apache-2.0
#include "image/cli/convert.h"

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

class Converter {
 public:
  explicit Converter(const Keep& keep) : keep_(keep) {}

  Converted take(const layers::Node& root) {
    add_directory(root, add(*root.inode));
    return std::move(made_);
  }

 private:
  std::uint16_t mode_of(const layers::Inode& from) {
    const std::uint16_t mode = from.attributes.mode;
    if (keep_.setuid || from.kind != layers::Kind::file || (mode & kSetuidBits) == 0) return mode;
    ++made_.losses.setuid;
    return static_cast<std::uint16_t>(mode & ~kSetuidBits);
  }

  unsigned add(const layers::Inode& from) {
    made_.losses.xattrs += from.attributes.lost_xattrs;
    squash::Inode inode;
    inode.kind = kind_of(from.kind);
    inode.mode = mode_of(from);
    inode.uid = from.attributes.uid;
    inode.gid = from.attributes.gid;
    inode.mtime = from.attributes.mtime;
    inode.xattrs = from.attributes.xattrs;
    inode.target = from.target;
    inode.content = from.content.value_or(0);
    if (from.content) ++made_.contents;
    made_.tree.inodes.push_back(std::move(inode));
    return static_cast<unsigned>(made_.tree.inodes.size() - 1);
  }

  /// The number of what a name refers to; several names of one inode get the same.
  unsigned number_of(const layers::Inode& inode) {
    const auto [place, is_new] = numbers_.try_emplace(&inode, 0);
    if (is_new) {
      place->second = add(inode);
    } else {
      ++made_.tree.inodes[place->second].links;
    }
    return place->second;
  }

  void add_directory(const layers::Node& node, unsigned index) {
    std::vector<squash::Name> names;
    for (const auto& [name, child] : node.children) {
      const auto inode = layers::settled(child->inode);
      if (!inode) continue;                       // deleted
      if (inode->kind == layers::Kind::device) {  // takes privilege to make
        ++made_.losses.devices;
        continue;
      }
      names.push_back({name, number_of(*inode)});
      if (inode->kind == layers::Kind::directory) add_directory(*child, names.back().inode);
    }
    made_.names += names.size();
    made_.tree.inodes[index].names = std::move(names);
  }

  Keep keep_;
  Converted made_;
  std::unordered_map<const layers::Inode*, unsigned> numbers_;
};

}  // namespace

Converted convert(const layers::Node& root, const Keep& keep) {
  return Converter(keep).take(root);
}

}  // namespace berth::cli
