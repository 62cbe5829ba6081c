// SPDX-License-Identifier: Apache-2.0
#include "image/cli/save.h"

#include "base/text.h"
#include "image/cli/build.h"
#include "image/cli/changes.h"
#include "image/cli/flags.h"
#include "image/cli/image_sink.h"
#include "image/cli/whole_image.h"
#include "image/layers/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace berth::cli {

namespace {

struct SaveOptions {
  std::string upper = {};
  bool force = false;
  bool help = false;
};

constexpr VerbText kText = {
    "berth image save [OPTIONS] --upper DIR IMAGE OUT.sqsh",
    "Writes what a container has changed of IMAGE as a small image of its own.\n",
    2,
    2};

constexpr std::array<Option<SaveOptions>, 3> kOptions = {{
    {"--upper",
     0,
     "DIR",
     "the upper directory of the overlay that the container had",
     [](SaveOptions& options, const std::string& value) -> Status {
       options.upper = value;
       return Done{};
     }},
    {"--force",
     'f',
     "",
     "replace OUT.sqsh if it exists",
     [](SaveOptions& options, const std::string&) -> Status {
       options.force = true;
       return Done{};
     }},
    {"--help",
     'h',
     "",
     "this text",
     [](SaveOptions& options, const std::string&) -> Status {
       options.help = true;
       return Done{};
     }},
}};

bool is_own(std::string_view path) {
  const std::string_view own = kOwnFolder;
  return path.starts_with(own) && (path.size() == own.size() || path[own.size()] == '/');
}

/// The entries of an upper directory as they go into an image.
class SavedStream : public layers::EntryStream {
 public:
  explicit SavedStream(layers::FolderStream& folder) : folder_(folder) {}

  Result<bool> next(layers::Entry& entry) override {
    while (true) {
      auto more = folder_.next(entry);
      if (!more || !*more) return more;
      if (is_own(entry.path)) continue;  // berth's own come from the image
      if (entry.kind != layers::Kind::device) break;
      ++devices_;
      hidden_.push_back({layers::Mark::Kind::whiteout, entry.path});
    }
    // In a container everything is its user's; in an image that is root.
    if (entry.attributes.uid == uid_) entry.attributes.uid = 0;
    if (entry.attributes.gid == gid_) entry.attributes.gid = 0;
    return true;
  }

  Result<std::string_view> data() override { return folder_.data(); }

  /// What is deleted, when all has been read. A device node, which cannot be saved, hides what was
  /// there all the same.
  [[nodiscard]] std::vector<layers::Mark> marks() const {
    std::vector<layers::Mark> marks = hidden_;
    for (const layers::Mark& mark : folder_.marks()) {
      if (!is_own(mark.path)) marks.push_back(mark);
    }
    return marks;
  }

  [[nodiscard]] std::uint64_t devices() const { return devices_; }

 private:
  layers::FolderStream& folder_;
  uid_t uid_ = ::geteuid();
  gid_t gid_ = ::getegid();
  std::vector<layers::Mark> hidden_;
  std::uint64_t devices_ = 0;
};

/// What was saved, for people.
struct Saved {
  std::uint64_t deleted = 0;
  std::uint64_t devices = 0;
};

Status add_layers(layers::Merger& merger,
                  const std::function<Status()>& tell,
                  UniqueFd folder,
                  const std::string& name,
                  const std::string& config,
                  Saved& out) {
  using layers::Kind;
  layers::FolderStream files(
      std::move(folder), name, layers::Xattrs::privileged, layers::Folder::upper);
  SavedStream saved(files);
  ToldStream told(saved, tell);
  BERTH_TRY(merger.add_layer(1, told, source::Whiteouts::keep_as_files));
  const std::vector<layers::Mark> marks = saved.marks();
  out = {marks.size() - saved.devices(), saved.devices()};
  std::vector<layers::MadeStream::Item> own;
  own.push_back(own_entry(kOwnFolder, Kind::directory, {}));
  own.push_back(own_entry(std::string(kOwnFolder) + "/config.json", Kind::file, config));
  own.push_back(own_entry(kDeletedFile, Kind::file, make_deleted(marks)));
  layers::MadeStream below(std::move(own));
  return merger.add_layer(0, below, source::Whiteouts::keep_as_files);
}

Status save(const std::vector<std::string>& words, const Streams& streams, const Machine& machine) {
  SaveOptions options;
  const auto operands = parse_verb<SaveOptions>(kText, options, kOptions, words);
  if (!operands) return operands.error();
  if (options.help) {
    streams.out << help_of<SaveOptions>(kText, kOptions);
    return Done{};
  }
  if (options.upper.empty())
    return Error{Blame::usage,
                 "save changes: nothing says where they are",
                 {},
                 "write: " + std::string(kText.usage)};
  const std::string& name = (*operands)[0];
  const std::string& out = (*operands)[1];
  const Replacing replacing = options.force ? Replacing::yes : Replacing::no;
  BERTH_TRY(check_output(out, replacing));
  const auto image = open_whole(name, Changes::refused, machine);
  if (!image) return image.error();
  const source::Blob& blob = image->image.squash;
  const auto digest = find_digest(blob.file->get(), image->path, blob.size, machine);
  if (!digest) return digest.error();
  const auto config = make_changes_config(image->image.config, {*digest, name});
  if (!config) return config.error();
  UniqueFd folder(::open(options.upper.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open())
    return refused("open", "read the directory " + quote(options.upper), errno);
  Saved saved;
  const auto built = build_image(
      out,
      replacing,
      [&](layers::Merger& merger, const std::function<Status()>& tell) {
        return add_layers(merger, tell, std::move(folder), options.upper, *config, saved);
      },
      machine);
  if (!built) return built.error();
  streams.err << "berth: saved the changes in " << quote(options.upper) << " to " << quote(out)
              << ": " << built->names - 3 << " entries, " << saved.deleted << " deleted, "
              << size_text(built->bytes_in) << " -> " << size_text(built->bytes_out)
              << ", stacked on " << *digest << ", " << built->digest << "\n";
  if (saved.devices > 0)
    streams.err << "berth: left out " << saved.devices << " device node"
                << (saved.devices == 1 ? "" : "s") << ", which an image cannot have\n";
  return Done{};
}

}  // namespace

int run_save(const std::vector<std::string>& words,
             const Streams& streams,
             const Machine& machine) {
  return finish(save(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
