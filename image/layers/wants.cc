// SPDX-License-Identifier: Apache-2.0
#include "image/layers/wants.h"

#include "base/text.h"

#include <algorithm>

namespace berth::layers {

namespace {

Error lost(const std::string& target, const Want& want) {
  return Error{Blame::image,
               "use the entry " + quote(want.link) + ": it is a hard link to " + quote(target) +
                   ", which neither its layer nor a lower one has"};
}

}  // namespace

std::shared_ptr<Inode> settled(std::shared_ptr<Inode> inode) {
  while (inode && inode->same_as)
    inode = inode->same_as;
  return inode;
}

bool Wants::has(const std::string& path, int layer) const {
  if (wants_.empty()) return false;
  const auto [first, last] = wants_.equal_range(path);
  return std::any_of(first, last, [&](const auto& item) { return item.second.layer > layer; });
}

void Wants::block(std::string_view path, int layer) {
  if (wants_.empty()) return;
  const auto [first, last] = wants_.equal_range(path);
  for (auto at = first; at != last; ++at)
    at->second.is_blocked |= at->second.layer > layer;
}

void Wants::block_inside(std::string_view path, int layer) {
  if (wants_.empty()) return;
  std::string prefix(path);
  if (!prefix.empty()) prefix += '/';
  for (auto at = wants_.lower_bound(prefix); at != wants_.end() && at->first.starts_with(prefix);
       ++at)
    at->second.is_blocked |= at->second.layer > layer;
}

Status Wants::settle(int layer,
                     const std::function<std::shared_ptr<Inode>(const std::string&)>& find,
                     const std::function<void(const std::shared_ptr<Inode>&)>& found) {
  for (auto at = wants_.begin(); at != wants_.end();) {
    auto& [target, want] = *at;
    // What its own layer has at the target came after the link, which therefore means a lower one.
    auto inode = want.layer > layer ? settled(find(target)) : nullptr;
    if (inode) {
      want.inode->same_as = inode;
      found(inode);
      at = wants_.erase(at);
      continue;
    }
    if (want.is_blocked && want.layer > layer) return lost(target, want);
    ++at;
  }
  return Done{};
}

Status Wants::finish() const {
  if (wants_.empty()) return Done{};
  return lost(wants_.begin()->first, wants_.begin()->second);
}

}  // namespace berth::layers
