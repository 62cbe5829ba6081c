// SPDX-License-Identifier: Apache-2.0
// The files of a profile are a layer of their own above the image, in the order of their first use:
// the merger takes them first and passes over them below. Where their blocks lie is known at the
// end; the list of it replaces as many other bytes.
#include "image/cli/optimize.h"

#include "base/file.h"
#include "base/text.h"
#include "image/cli/build.h"
#include "image/cli/flags.h"
#include "image/cli/image_sink.h"
#include "image/cli/whole_image.h"
#include "image/profile/profile.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>

namespace berth::cli {

namespace {

constexpr VerbText kText = {
    "berth image optimize [OPTIONS] IMAGE PROFILE OUT.sqsh",
    "Makes an image with the same files, which programs start from sooner: what PROFILE says is "
    "read\n"
    "lies first and together, and is read ahead. 'berth run --record-profile' makes a PROFILE.\n",
    3,
    3};

constexpr std::array<Option<Flags>, 2> kOptions = {force_option("replace OUT.sqsh if it exists"),
                                                   kHelp};

// The numbers of the layers.
constexpr int kBase = 0;
constexpr int kFirst = 1;
constexpr int kOwn = 2;

/// A file that a start reads, and which of its blocks.
struct Picked {
  std::uint64_t reference = 0;
  layers::Entry entry = {};  ///< without a path if the image has no such file
  std::vector<std::uint64_t> blocks = {};
};

/// The files of the touches in the order of their first one, without entries.
std::vector<Picked> files_of(const std::vector<profile::Touch>& touches) {
  std::vector<Picked> files;
  std::unordered_map<std::uint64_t, std::size_t> known;
  for (const profile::Touch& touch : touches) {
    const auto [at, is_new] = known.try_emplace(touch.inode, files.size());
    if (is_new) files.push_back({touch.inode});
    files[at->second].blocks.push_back(touch.block);
  }
  return files;
}

/// The picked files as a layer, each behind the directories on its way that were not there yet.
class PickedStream : public layers::EntryStream {
 public:
  PickedStream(const WholeImage& image, std::vector<Picked> files)
      : image_(image.image.squash, image.image.super, layers::Xattrs::privileged, image.image.tree),
        files_(std::move(files)) {}

  /// Goes through the image and looks for the files, and for those that a launch copies, of which
  /// no profile tells. One with several names is left out: all of them have to come from one layer.
  Status find(const std::function<Status()>& tell) {
    std::unordered_map<std::uint64_t, Picked*> wanted;
    for (Picked& file : files_)
      wanted.emplace(file.reference, &file);
    std::unordered_set<std::string> linked;
    std::vector<Picked> start;
    layers::Entry entry;
    while (true) {
      BERTH_TRY(tell());
      const auto more = image_.next(entry);
      if (!more) return more.error();
      if (!*more) break;
      if (entry.kind == layers::Kind::hard_link) linked.insert(entry.target);
      if (entry.kind == layers::Kind::directory) folders_.emplace(entry.path, entry);
      if (entry.kind != layers::Kind::file) continue;
      const auto found = wanted.find(image_.reference());
      if (found != wanted.end())
        found->second->entry = entry;
      else if (packing_for(entry.path, entry.attributes.mode) == squash::Writer::Packing::plain)
        start.push_back(whole(entry));
    }
    files_.insert(files_.begin(), start.begin(), start.end());
    std::erase_if(files_, [&](const Picked& file) {
      return file.entry.path.empty() || file.entry.path == profile::kListPath ||
             linked.contains(file.entry.path);
    });
    return Done{};
  }

  Result<bool> next(layers::Entry& entry) override {
    if (count_ == files_.size()) return false;
    const Picked& file = files_[count_];
    for (std::size_t end = 0; end != std::string::npos; end = file.entry.path.find('/', end + 1)) {
      const auto folder = folders_.find(file.entry.path.substr(0, end));
      if (folder == folders_.end()) continue;
      entry = std::move(folder->second);
      folders_.erase(folder);
      return true;
    }
    ++count_;
    entry = file.entry;
    BERTH_TRY(image_.go_to(file.reference, entry.path));
    return true;
  }

  Result<std::string_view> data() override { return image_.data(); }

  [[nodiscard]] const std::vector<Picked>& files() const { return files_; }

 private:
  /// The current file with all its blocks.
  [[nodiscard]] Picked whole(const layers::Entry& entry) const {
    Picked file{image_.reference(), entry};
    for (std::uint64_t block = 0; block << block_log_ < entry.size; ++block)
      file.blocks.push_back(block);
    return file;
  }

  layers::ImageStream image_;
  unsigned block_log_;
  std::vector<Picked> files_;
  std::size_t count_ = 0;
  std::unordered_map<std::string, layers::Entry> folders_;  ///< those that have not been given out
};

/// As many bytes as the list may need. No other file of the image has the same, so that the writer
/// does not take them for a copy: another file's bytes would then change with them.
Result<std::string> make_placeholder(std::size_t touches) {
  constexpr std::size_t kForStart = 256;  // ranges of files that a launch copies
  std::string text(profile::room_for(touches + kForStart), '\n');
  if (::getrandom(text.data(), 32, 0) != 32)
    return refused("getrandom", "make the list of what is read ahead", errno);
  return text;
}

Error unreadable(const std::string& out) {
  return Error{Blame::host, "read " + quote(out) + " again, which was just written"};
}

/// Where the blocks of the files lie in the new image.
Result<std::vector<profile::Range>> find_ranges(read::Reader& reader,
                                                const std::vector<Picked>& files,
                                                const std::string& out) {
  std::vector<profile::Range> ranges;
  for (const Picked& file : files) {
    read::Inode inode;
    if (find_path(reader, file.entry.path, inode) != 0) return unreadable(out);
    for (const std::uint64_t number : file.blocks) {
      read::BlockAt block;
      const int error = find_block(reader, inode, number, block);
      if (error == ENOENT) continue;  // no block of the file that the image has
      if (error != 0) return unreadable(out);
      if (block.stored() > 0) ranges.push_back({block.position, block.stored()});
    }
  }
  return profile::joined(std::move(ranges));
}

/// Writes the list over its placeholder. Returns what it says.
Result<std::vector<profile::Range>> put_list(int fd,
                                             const std::vector<Picked>& files,
                                             const std::string& out) {
  const auto super = read::read_superblock(fd, out);
  if (!super) return super.error();
  read::Image image(fd, *super);
  read::Reader reader(image);
  auto ranges = find_ranges(reader, files, out);
  if (!ranges) return ranges;
  read::Inode place;
  if (find_path(reader, profile::kListPath, place) != 0) return unreadable(out);
  const auto offset = find_plain_bytes(reader, place);
  const profile::Stamp stamp{super->bytes_used, super->inode_table, super->root};
  const std::string list = profile::make_list(stamp, *ranges, place.size);
  if (!offset || list.size() != place.size) return unreadable(out);
  const ssize_t put = ::pwrite(fd, list.data(), list.size(), static_cast<off_t>(*offset));
  if (put < 0) return refused("pwrite", "write " + quote(out), errno);
  if (static_cast<std::size_t>(put) != list.size()) return unreadable(out);
  return ranges;
}

Result<std::vector<profile::Touch>> read_record(const std::string& path, const WholeImage& image) {
  const auto text = read_text_file(path, profile::kMostRecordBytes);
  if (!text) return text.error();
  const read::Superblock& super = image.image.super;
  return profile::parse_record(*text, {super.bytes_used, super.inode_table, super.root}, path);
}

/// What goes into the new image, and what came of it.
struct Order {
  const WholeImage& base;
  PickedStream picked;
  std::string placeholder;
  std::uint64_t ahead = 0;  ///< bytes that the list names
};

Status add_layers(layers::Merger& merger, const std::function<Status()>& tell, Order& order) {
  using source::Whiteouts;
  std::vector<layers::MadeStream::Item> items;
  items.push_back(own_entry(kOwnFolder, layers::Kind::directory, {}));
  items.push_back(own_entry(profile::kListPath, layers::Kind::file, order.placeholder));
  layers::MadeStream own(std::move(items));
  BERTH_TRY(merger.add_layer(kOwn, own, Whiteouts::keep_as_files));
  ToldStream told_picked(order.picked, tell);
  BERTH_TRY(merger.add_layer(kFirst, told_picked, Whiteouts::keep_as_files));
  const auto below = entries_of(order.base);
  ToldStream told_below(*below, tell);
  return merger.add_layer(kBase, told_below, Whiteouts::keep_as_files);
}

std::uint64_t bytes_of(const std::vector<profile::Range>& ranges) {
  std::uint64_t bytes = 0;
  for (const profile::Range& range : ranges)
    bytes += range.bytes;
  return bytes;
}

Result<Built> write_optimized(const std::string& out,
                              Replacing replacing,
                              Order& order,
                              const Machine& machine) {
  return build_image(
      out,
      replacing,
      [&](layers::Merger& merger, const std::function<Status()>& tell) -> Status {
        BERTH_TRY(order.picked.find(tell));
        return add_layers(merger, tell, order);
      },
      machine,
      [&](int fd) -> Status {
        const auto ranges = put_list(fd, order.picked.files(), out);
        if (!ranges) return ranges.error();
        order.ahead = bytes_of(*ranges);
        return Done{};
      });
}

Status optimize(const std::vector<std::string>& words,
                const Streams& streams,
                const Machine& machine) {
  Flags flags;
  const auto operands = parse_verb<Flags>(kText, flags, kOptions, words);
  if (!operands) return operands.error();
  if (flags.help) {
    streams.out << help_of<Flags>(kText, kOptions);
    return Done{};
  }
  const std::string& out = (*operands)[2];
  const Replacing replacing = flags.force ? Replacing::yes : Replacing::no;
  const auto base = open_whole((*operands)[0], Changes::refused, machine);
  if (!base) return base.error();
  const auto touches = read_record((*operands)[1], *base);
  if (!touches) return touches.error();
  BERTH_TRY(check_output(out, replacing));
  BERTH_TRY(check_apart(out, base->image.squash.file->get()));
  BERTH_TRY(check_apart(out, (*operands)[1]));
  auto placeholder = make_placeholder(touches->size());
  if (!placeholder) return placeholder.error();
  Order order{*base, PickedStream(*base, files_of(*touches)), std::move(*placeholder)};
  const auto built = write_optimized(out, replacing, order, machine);
  if (!built) return built.error();
  streams.err << "berth: optimized " << quote((*operands)[0]) << " as " << quote(out) << ": "
              << order.picked.files().size() << " files first, " << size_text(order.ahead)
              << " are read ahead, " << built->names << " entries, " << size_text(built->bytes_in)
              << " -> " << size_text(built->bytes_out) << ", " << built->digest << "\n";
  return Done{};
}

}  // namespace

int run_optimize(const std::vector<std::string>& words,
                 const Streams& streams,
                 const Machine& machine) {
  return finish(optimize(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
