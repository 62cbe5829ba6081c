// SPDX-License-Identifier: Apache-2.0
#include "image/cli/save.h"

#include "base/mounts.h"
#include "base/text.h"
#include "image/cli/build.h"
#include "image/cli/changes.h"
#include "image/cli/flags.h"
#include "image/cli/image_sink.h"
#include "image/cli/whole_image.h"
#include "image/layers/container.h"
#include "image/overlay/overlay.h"
#include "image/source/manifest.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <set>

namespace berth::cli {

namespace {

struct SaveOptions {
  std::string upper = {};
  pid_t pid = 0;
  bool force = false;
  bool help = false;
};

constexpr VerbText kText = {
    "berth image save [OPTIONS] {--pid PID|--upper DIR} IMAGE OUT.sqsh",
    "Writes what a container has changed of IMAGE as a small image of its own.\n",
    2,
    2};

Status apply_pid(SaveOptions& options, const std::string& value) {
  constexpr std::size_t kMostDigits = 9;
  const bool is_number = !value.empty() && value.size() <= kMostDigits &&
                         value.find_first_not_of("0123456789") == std::string::npos;
  options.pid = is_number ? std::stoi(value) : 0;
  if (options.pid > 0) return Done{};
  return Error{Blame::usage,
               "take " + quote(value) + " for '--pid'",
               {},
               "it is the number of a process that runs in the container"};
}

constexpr std::array<Option<SaveOptions>, 4> kOptions = {{
    {"--pid", 0, "PID", "a process in the container, which runs", apply_pid},
    {"--upper",
     0,
     "DIR",
     "what a container had as --overlay, or an upper directory",
     [](SaveOptions& options, const std::string& value) -> Status {
       options.upper = value;
       return Done{};
     }},
    {"--force",
     'f',
     "",
     "replace OUT.sqsh if it exists",
     turn_on<SaveOptions, &SaveOptions::force>},
    {"--help", 'h', "", "this text", turn_on<SaveOptions, &SaveOptions::help>},
}};

bool is_own(std::string_view path) {
  const std::string_view own = kOwnFolder;
  return path.starts_with(own) && (path.size() == own.size() || path[own.size()] == '/');
}

/// What a container changed, however it was found.
struct Source {
  std::unique_ptr<layers::EntryStream> entries = {};
  const std::vector<layers::Mark>* marks = nullptr;  ///< complete when all entries have been read
  std::string name = {};                             ///< for messages
  bool is_mine = false;       ///< whether what is the caller's is to become root's
  overlay::Place place = {};  ///< locked while it is read; empty where it is no such directory
};

/// The entries as they go into an image.
class SavedStream : public layers::EntryStream {
 public:
  explicit SavedStream(Source& source) : source_(source) {}

  Result<bool> next(layers::Entry& entry) override {
    while (true) {
      auto more = source_.entries->next(entry);
      if (!more || !*more) return more;
      if (is_own(entry.path)) continue;  // berth's own come from the image
      const bool is_device =
          entry.kind == layers::Kind::device ||
          (entry.kind == layers::Kind::hard_link && device_names_.contains(entry.target));
      if (!is_device) break;
      device_names_.insert(entry.path);
    }
    if (source_.is_mine && entry.attributes.uid == ::geteuid()) entry.attributes.uid = 0;
    if (source_.is_mine && entry.attributes.gid == ::getegid()) entry.attributes.gid = 0;
    return true;
  }

  Result<std::string_view> data() override { return source_.entries->data(); }

  /// What is deleted, when all has been read. A device node, which cannot be saved, hides what was
  /// there all the same.
  [[nodiscard]] std::vector<layers::Mark> marks() const {
    std::vector<layers::Mark> marks;
    for (const std::string& path : device_names_)
      marks.push_back({layers::Mark::Kind::whiteout, path});
    for (const layers::Mark& mark : *source_.marks) {
      if (!is_own(mark.path)) marks.push_back(mark);
    }
    return marks;
  }

  [[nodiscard]] std::uint64_t devices() const { return device_names_.size(); }

 private:
  Source& source_;
  std::set<std::string> device_names_;
};

/// What was saved, for people.
struct Saved {
  std::uint64_t deleted = 0;
  std::uint64_t devices = 0;
};

Status add_layers(layers::Merger& merger,
                  const std::function<Status()>& tell,
                  Source& source,
                  const std::string& config,
                  Saved& out) {
  using layers::Kind;
  SavedStream saved(source);
  ToldStream told(saved, tell);
  BERTH_TRY(merger.add_layer(1, told, source::Whiteouts::keep_as_files));
  const std::vector<layers::Mark> marks = saved.marks();
  out = {marks.size() - saved.devices(), saved.devices()};
  std::string deleted = make_deleted(marks);
  if (deleted.size() > kDeletedLimit)
    return Error{Blame::host,
                 "save the changes in " + source.name + ": the names of what is deleted take " +
                     size_text(deleted.size()) + ", and " + size_text(kDeletedLimit) +
                     " are the most"};
  std::vector<layers::MadeStream::Item> own;
  own.push_back(own_entry(kOwnFolder, Kind::directory, {}));
  own.push_back(own_entry(std::string(kOwnFolder) + "/config.json", Kind::file, config));
  own.push_back(own_entry(kDeletedFile, Kind::file, std::move(deleted)));
  layers::MadeStream below(std::move(own));
  return merger.add_layer(0, below, source::Whiteouts::keep_as_files);
}

template <class Stream>
Source source_of(std::unique_ptr<Stream> stream, std::string name, bool is_mine) {
  Source source;
  source.marks = &stream->marks();
  source.entries = std::move(stream);
  source.name = std::move(name);
  source.is_mine = is_mine;
  return source;
}

/// An upper directory: in a container everything is its user's; in an image that is root.
/// One that `berth run --overlay` has filled must have had this image, and no container now.
Result<Source> open_upper(const std::string& path, const WholeImage& image) {
  const std::string goal = "read the directory " + quote(path);
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return refused("open", goal, errno);
  auto place =
      overlay::find_place(folder.get(), path, {image.image.squash.file->get(), image.path});
  if (!place) return std::move(place.error());
  if (*place) {
    folder.reset(::openat(
        (*place)->directory.get(), "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.is_open()) return refused("openat", goal, errno);
  }
  Source source =
      source_of(std::make_unique<layers::FolderStream>(
                    std::move(folder), path, layers::Xattrs::privileged, layers::Folder::upper),
                quote(path),
                true);
  if (*place) source.place = std::move(**place);
  return source;
}

Result<Source> open_container(pid_t pid, const WholeImage& image) {
  const std::string proc = "/proc/" + std::to_string(pid) + "/";
  const std::string name = "process " + std::to_string(pid);
  // Opened like this it stays reachable, whatever is mounted where in our own namespace.
  UniqueFd root(::open((proc + "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) return refused("open", "read the container of " + name, errno);
  const auto mounts = read_mounts(proc + "mountinfo");
  if (!mounts) return mounts.error();
  std::set<std::string> points;
  std::string shown;
  for (const Mount& mount : *mounts) {
    if (mount.point == "/")
      shown = mount.source;
    else
      points.insert(mount.point.substr(1));
  }

  struct statfs info {};

  if (::fstatfs(root.get(), &info) != 0)
    return refused("fstatfs", "read the container of " + name, errno);

  struct stat file {};

  if (::fstat(image.image.squash.file->get(), &file) != 0)
    return refused("fstat", "read " + quote(image.path), errno);
  if (info.f_type != OVERLAYFS_SUPER_MAGIC || shown != overlay::source_of(file))
    return Error{Blame::host,
                 "save the changes of " + name + ": it is in no container of " + quote(image.path),
                 {},
                 "name a process that 'berth run' has started, and the image that it runs"};
  const layers::ContainerImage below{image.image.squash, image.image.super, image.image.tree};
  return source_of(
      std::make_unique<layers::ContainerStream>(std::move(root), proc + "root", below, points),
      name,
      false);
}

Status save(const std::vector<std::string>& words, const Streams& streams, const Machine& machine) {
  SaveOptions options;
  const auto operands = parse_verb<SaveOptions>(kText, options, kOptions, words);
  if (!operands) return operands.error();
  if (options.help) {
    streams.out << help_of<SaveOptions>(kText, kOptions);
    return Done{};
  }
  if (options.upper.empty() == (options.pid == 0))
    return Error{Blame::usage,
                 options.pid == 0 ? "save changes: nothing says where they are"
                                  : "save the changes of both a process and a directory",
                 {},
                 "write: " + std::string(kText.usage)};
  const std::string& name = (*operands)[0];
  const std::string& out = (*operands)[1];
  const Replacing replacing = options.force ? Replacing::yes : Replacing::no;
  BERTH_TRY(check_output(out, replacing));
  const auto image = open_whole(name, Changes::refused, machine);
  if (!image) return image.error();
  const source::Blob& blob = image->image.squash;
  BERTH_TRY(check_apart(out, blob.file->get()));
  const auto digest = find_digest(blob.file->get(), image->path, blob.size, machine);
  if (!digest) return digest.error();
  const auto config = make_changes_config(image->image.config, {*digest, name});
  if (!config) return config.error();
  auto source =
      options.pid == 0 ? open_upper(options.upper, *image) : open_container(options.pid, *image);
  if (!source) return std::move(source.error());
  Saved saved;
  const auto built = build_image(
      out,
      replacing,
      [&](layers::Merger& merger, const std::function<Status()>& tell) {
        return add_layers(merger, tell, *source, *config, saved);
      },
      machine);
  if (!built) return built.error();
  streams.err << "berth: saved the changes in " << source->name << " to " << quote(out) << ": "
              << built->names - 3 << " entries, " << saved.deleted << " deleted, "
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
