// SPDX-License-Identifier: Apache-2.0
#include "image/layers/merge.h"

#include "base/text.h"
#include "image/layers/path.h"

namespace berth::layers {

namespace {

// Measured, with all that follows up to the image's tables, which have names in copies of their own
// and attributes in hexadecimal too.
constexpr std::uint64_t kBytesOfNode = 660;
constexpr std::uint64_t kCopiesOfName = 3;
constexpr std::uint64_t kCopiesOfXattr = 4;

/// Takes the first part off a normalised path.
std::string_view take_part(std::string_view& path) {
  const std::size_t end = path.find('/');
  const std::string_view part = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  return part;
}

}  // namespace

void Merger::begin(int layer) {
  layer_ = layer;
  place_ = 0;
  seen_.clear();
  if (!root_.inode) become_directory(root_);
}

Status Merger::add_marks(int layer, const std::vector<Mark>& marks) {
  begin(layer);
  Entry entry;
  for (const Mark& mark : marks) {
    entry.path = mark.path;
    BERTH_TRY(measure(entry));
    apply_mark(mark);
  }
  return settle_wants();
}

Status Merger::add_layer(int layer, EntryStream& stream, source::Whiteouts whiteouts) {
  begin(layer);
  Entry entry;
  while (true) {
    const auto more = stream.next(entry);
    if (!more) return more.error();
    if (!*more) return settle_wants();
    BERTH_TRY(add(entry, stream, whiteouts));
    ++place_;
  }
}

/// Compressed layers can hold gigabytes of names and attributes in little space.
Status Merger::measure(const Entry& entry) {
  text_ += entry.path.size() + kCopiesOfName * split_path(entry.path).name.size();
  text_ += entry.target.size();
  for (const auto& [key, value] : entry.attributes.xattrs)
    text_ += kCopiesOfXattr * (key.size() + value.size());
  if (nodes_ * kBytesOfNode + text_ <= most_memory_) return Done{};
  return Error{Blame::image,
               "use the entry " + (entry.path.empty() ? "'/'" : quote_start(entry.path)) +
                   ": the names and attributes of the image are too many to keep in memory",
               {},
               "if you trust it: a higher limits.entries in berth.yaml allows more of both"};
}

Status Merger::add(Entry& entry, EntryStream& stream, source::Whiteouts whiteouts) {
  BERTH_TRY(measure(entry));
  if (whiteouts == source::Whiteouts::apply) {
    const auto mark = parse_mark(entry.path);
    if (!mark) return mark.error();
    if (mark->kind != Mark::Kind::none) {
      apply_mark(*mark);
      return Done{};
    }
  }
  if (split_path(entry.path).name.size() > kLongestName)
    return Error{Blame::image,
                 "use the entry " + quote_start(entry.path) + ": a name is longer than 255 bytes"};
  if (entry.path.empty() && entry.kind != Kind::directory)
    return Error{Blame::image, "use the entry '/': it is not a directory"};
  if (entry.kind == Kind::hard_link) return add_link(entry);
  const auto inode = std::make_shared<Inode>(Inode{
      entry.kind, std::move(entry.attributes), std::move(entry.target), {}, place_, layer_, {}});
  if (entry.kind == Kind::directory) {
    seen_.erase(entry.path);
    wants_.block(entry.path, layer_);
  } else {
    seen_[entry.path] = inode;
    wants_.block_inside(entry.path, layer_);
  }
  const bool is_visible = place(entry.path, inode);
  if (entry.kind != Kind::file) return Done{};
  if (is_visible || wants_.has(entry.path, layer_)) return store(*inode, entry, stream);
  ++counts_.hidden;
  return Done{};
}

Status Merger::add_link(const Entry& entry) {
  std::shared_ptr<Inode> inode;
  const auto found = seen_.find(entry.target);
  if (found != seen_.end()) {
    inode = found->second;
  } else {
    inode = std::make_shared<Inode>();
    inode->kind = Kind::hard_link;
    wants_.add(entry.target, {inode, entry.path, layer_});
  }
  seen_[entry.path] = inode;
  wants_.block_inside(entry.path, layer_);
  if (place(entry.path, inode)) postpone(inode);
  return Done{};
}

void Merger::apply_mark(const Mark& mark) {
  if (mark.kind == Mark::Kind::whiteout) {
    Node& node = find_or_add(mark.path);
    node.whiteout = std::max(node.whiteout, layer_);
    wants_.block(mark.path, layer_);
    wants_.block_inside(mark.path, layer_);
  }
  if (mark.kind == Mark::Kind::opaque) {
    Node& node = find_or_add(mark.path);
    node.opaque = std::max(node.opaque, layer_);
    wants_.block_inside(mark.path, layer_);
  }
}

Status Merger::store(Inode& inode, const Entry& entry, EntryStream& stream) {
  const auto content = sink_.begin(entry);
  if (!content) return content.error();
  inode.content = *content;
  while (true) {
    const auto piece = stream.data();
    if (!piece) return piece.error();
    if (piece->empty()) return sink_.end();
    BERTH_TRY(sink_.append(*piece));
  }
}

Status Merger::settle_wants() {
  const auto find = [this](const std::string& path) {
    const auto found = seen_.find(path);
    return found == seen_.end() ? nullptr : found->second;
  };
  return wants_.settle(layer_, find, [this](const auto& inode) { postpone(inode); });
}

/// A file that was passed over before a visible name for it was met.
void Merger::postpone(const std::shared_ptr<Inode>& inode) {
  if (inode->kind == Kind::file && !inode->content) postponed_[inode->layer][inode->place] = inode;
}

std::vector<int> Merger::layers_to_reread() const {
  std::vector<int> layers;
  for (const auto& [layer, inodes] : postponed_)
    layers.push_back(layer);
  return layers;
}

Status Merger::reread(int layer, EntryStream& stream) {
  auto& inodes = postponed_[layer];
  Entry entry;
  for (std::uint64_t place = 0;; ++place) {
    const auto more = stream.next(entry);
    if (!more) return more.error();
    if (!*more) return Done{};
    const auto found = inodes.find(place);
    if (found != inodes.end() && entry.kind == Kind::file)
      BERTH_TRY(store(*found->second, entry, stream));
  }
}

Status Merger::finish() {
  seen_ = {};  // the tree that is made now needs the memory
  return wants_.finish();
}

/// True when upper layers keep the current one from saying anything about this path.
bool Merger::hides(const Node& node) const {
  return node.whiteout > layer_ || node.blocker > layer_ ||
         (node.inode && node.owner > layer_ && !node.is_directory());
}

/// The directory at `folder`, made where the layer left it out; null when upper layers hide it.
Node* Merger::reach(std::string_view folder) {
  Node* node = &root_;
  while (!folder.empty()) {
    if (node->opaque > layer_) return nullptr;
    node = &child_of(*node, take_part(folder));
    if (hides(*node)) return nullptr;
    become_directory(*node);
  }
  return node->opaque > layer_ ? nullptr : node;
}

Node& Merger::child_of(Node& node, std::string_view name) {
  const auto found = node.children.find(name);
  if (found != node.children.end()) return *found->second;
  ++nodes_;
  return *node.children.emplace(std::string(name), std::make_unique<Node>()).first->second;
}

/// The node for a mark. Makes no directory: deleting something does not bring its parents about.
Node& Merger::find_or_add(std::string_view path) {
  Node* node = &root_;
  while (!path.empty())
    node = &child_of(*node, take_part(path));
  return *node;
}

/// A parent that this layer does not have itself. A lower layer may still describe it.
void Merger::become_directory(Node& node) const {
  if (node.blocker == layer_) node.blocker = -1;  // a later entry of the same layer counts
  if (node.is_directory()) return;
  node.inode = std::make_shared<Inode>();
  node.owner = layer_;
  node.described = -1;
}

bool Merger::place(const std::string& path, const std::shared_ptr<Inode>& inode) {
  // An opaque root keeps its lower layers' attributes, as every opaque directory does.
  if (path.empty()) return place_under_directory(root_, inode);
  const auto [folder, name] = split_path(path);
  Node* parent = reach(folder);
  if (parent == nullptr) return false;
  Node& node = child_of(*parent, name);
  if (hides(node)) return false;
  if (node.inode && node.owner != layer_) return place_under_directory(node, inode);
  if (node.is_directory() && inode->kind != Kind::directory) forget_below(node);
  forget(node);
  node.inode = inode;
  node.owner = layer_;
  node.described = layer_;
  return true;
}

/// An upper layer has a directory here, so that only a directory can add something to it.
bool Merger::place_under_directory(Node& node, const std::shared_ptr<Inode>& inode) {
  if (inode->kind == Kind::directory) {
    if (node.blocker == layer_) node.blocker = -1;
    if (node.described >= 0 && node.described != layer_) return false;
    node.inode->attributes = inode->attributes;
    node.described = layer_;
    return true;
  }
  node.blocker = layer_;
  if (node.described == layer_) {  // an earlier entry of this layer that is now undone
    node.inode->attributes = {};
    node.described = -1;
  }
  forget_below(node);
  return false;
}

/// Takes back what the current layer put here.
void Merger::forget(Node& node) const {
  if (node.owner != layer_) return;
  node.inode.reset();
  node.owner = -1;
}

/// Takes back what the current layer put below a directory that it replaces by something else.
void Merger::forget_below(Node& node) const {
  for (auto& [name, child] : node.children) {
    forget_below(*child);
    forget(*child);
    if (child->blocker == layer_) child->blocker = -1;
  }
}

}  // namespace berth::layers
