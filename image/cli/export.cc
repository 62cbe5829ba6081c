// SPDX-License-Identifier: Apache-2.0
#include "image/cli/export.h"

#include "base/text.h"
#include "image/archive/archive.h"
#include "image/cli/flags.h"
#include "image/cli/output_file.h"
#include "image/cli/progress.h"
#include "image/cli/table.h"
#include "image/cli/whole_image.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace berth::cli {

namespace {

struct ExportOptions {
  archive::Compression compression = archive::Compression::gzip;
  std::string tag = {};
  bool force = false;
  bool is_json = false;
  bool quiet = false;
  bool help = false;
};

constexpr VerbText kText = {
    "berth image export [OPTIONS] IMAGE OUT.tar",
    "Writes an image as an OCI archive of one layer, which podman, skopeo and others read.\n"
    "OUT.tar may be '-' for standard output.\n",
    2,
    2};

Status apply_compression(ExportOptions& options, const std::string& value) {
  using archive::Compression;
  if (value == "gzip") {
    options.compression = Compression::gzip;
  } else if (value == "zstd") {
    options.compression = Compression::zstd;
  } else if (value == "none") {
    options.compression = Compression::none;
  } else {
    return Error{Blame::usage,
                 "take " + quote(value) + " for '--compression'",
                 {},
                 "it is gzip, zstd or none"};
  }
  return Done{};
}

Status apply_tag(ExportOptions& options, const std::string& value) {
  if (!archive::is_tag(value))
    return Error{Blame::usage,
                 "take " + quote(value) + " for '--tag'",
                 {},
                 "a tag is like 'v1', 'app:v1' or 'host/team/app:v1'"};
  options.tag = value;
  return Done{};
}

constexpr std::array<Option<ExportOptions>, 6> kOptions = {{
    {"--compression",
     0,
     "HOW",
     "of the layer: gzip (the default), zstd or none",
     apply_compression},
    {"--tag", 0, "TAG", "what the archive calls the image; without it: its name", apply_tag},
    {"--force",
     'f',
     "",
     "replace OUT.tar if it exists",
     turn_on<ExportOptions, &ExportOptions::force>},
    {"--json",
     0,
     "",
     "for programs: one JSON document",
     turn_on<ExportOptions, &ExportOptions::is_json>},
    {"--quiet",
     'q',
     "",
     "say nothing when all is well",
     turn_on<ExportOptions, &ExportOptions::quiet>},
    {"--help", 'h', "", "this text", turn_on<ExportOptions, &ExportOptions::help>},
}};

/// The image's entries, counted for the progress, which also stops them when a signal has come.
class ShownStream : public layers::EntryStream {
 public:
  ShownStream(std::unique_ptr<layers::EntryStream> stream, Progress& progress)
      : stream_(std::move(stream)),
        progress_(progress) {}

  Result<bool> next(layers::Entry& entry) override {
    BERTH_TRY(progress_.tell(bytes_));
    return stream_->next(entry);
  }

  Result<std::string_view> data() override {
    BERTH_TRY(progress_.tell(bytes_));
    auto piece = stream_->data();
    if (piece) bytes_ += piece->size();
    return piece;
  }

 private:
  std::unique_ptr<layers::EntryStream> stream_;
  Progress& progress_;
  std::uint64_t bytes_ = 0;
};

/// What the archive calls the image: "app:v1" for the name app:v1 and for a file App:v1.sqsh. A
/// name with capitals is one that podman does not load; its tag may have some.
std::string tag_for(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  std::string name = store::name_of_file(file);
  name = store::name_for(name.empty() ? file : name);
  if (name.find(':', name.rfind('/') + 1) == std::string::npos) name += ":latest";
  const std::size_t colon = name.find(':', name.rfind('/') + 1);
  std::transform(
      name.begin(), name.begin() + static_cast<std::ptrdiff_t>(colon), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
  return archive::is_tag(name) ? name : "latest";
}

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// The line about what a layer cannot say; empty when nothing was left out.
std::string losses_of(const archive::LeftOut& left_out) {
  std::string text;
  const auto add = [&](std::uint64_t count, const std::string& one, const std::string& many) {
    if (count > 0) text += (text.empty() ? "" : " and ") + counted(count, one, many);
  };
  add(left_out.devices, "device node", "device nodes");
  add(left_out.sockets, "socket", "sockets");
  add(left_out.marks, "name with '.wh.' in front", "names with '.wh.' in front");
  add(left_out.xattrs, "extended attribute", "extended attributes");
  return text.empty() ? text : "berth: left out " + text + ", for which a layer has no words\n";
}

std::string json_of(const archive::Written& written,
                    const WholeImage& image,
                    const std::string& tag,
                    const std::string& out) {
  const archive::Layer& layer = written.layer;
  return json_text({{"image", image.path},
                    {"output", out},
                    {"tag", tag},
                    {"digest", written.manifest},
                    {"config", written.config},
                    {"layer", layer.digest},
                    {"diff_id", layer.diff_id},
                    {"size", written.size},
                    {"entries", layer.entries},
                    {"content", layer.content},
                    {"left_out",
                     {{"devices", layer.left_out.devices},
                      {"sockets", layer.left_out.sockets},
                      {"marks", layer.left_out.marks},
                      {"xattrs", layer.left_out.xattrs}}}});
}

Progress::Settings settings_for(const ExportOptions& options,
                                const std::string& name,
                                const Streams& streams) {
  Progress::Settings settings;
  settings.name = name;
  settings.out = &streams.err;
  if (!options.quiet && !options.is_json && streams.err_is_terminal)
    settings.telling = Telling::line;
  if (streams.err_columns) settings.columns = streams.err_columns;
  return settings;
}

Result<archive::Written> write_archive(const archive::Contents& contents,
                                       const std::string& out,
                                       const ExportOptions& options,
                                       const Progress& progress) {
  if (out == "-") {
    auto written = archive::write_stream(STDOUT_FILENO, contents, "write to standard output");
    return written ? std::move(written) : explain_output(std::move(written.error()));
  }
  const Replacing replacing = options.force ? Replacing::yes : Replacing::no;
  auto file = begin_output(out, replacing);
  if (!file) return std::move(file.error());
  auto written = archive::write_file(file->fd(), contents, "write " + quote(out));
  if (!written) return explain_output(std::move(written.error()));
  if (const Status going_on = progress.check(); !going_on) return going_on.error();
  if (const Status named = commit_output(*file, replacing); !named)
    return explain_output(named.error());
  return written;
}

Status check_words(const ExportOptions& options, const std::string& out) {
  if (out != "-") return Done{};
  if (options.is_json)
    return Error{Blame::usage,
                 "write both the archive and JSON to standard output",
                 {},
                 "name a file instead of '-', or leave --json out"};
  if (::isatty(STDOUT_FILENO) == 1)
    return Error{Blame::usage,
                 "write an archive to a terminal",
                 {},
                 "name a file, or send standard output to a program"};
  return Done{};
}

Status export_image(const std::vector<std::string>& words,
                    const Streams& streams,
                    const Machine& machine) {
  ExportOptions options;
  const auto operands = parse_verb<ExportOptions>(kText, options, kOptions, words);
  if (!operands) return operands.error();
  if (options.help) {
    streams.out << help_of<ExportOptions>(kText, kOptions);
    return Done{};
  }
  const std::string& name = operands->front();
  const std::string& out = operands->back();
  BERTH_TRY(check_words(options, out));
  const auto image = open_whole(name, Changes::refused, machine);
  if (!image) return image.error();
  BERTH_TRY(check_apart(out, image->image.squash.file->get()));
  if (options.tag.empty()) options.tag = tag_for(image->path);
  auto progress = std::make_unique<Progress>(settings_for(options, name, streams), machine.stop);
  archive::Contents contents;
  contents.open = [&]() -> Result<std::unique_ptr<layers::EntryStream>> {
    return std::unique_ptr<layers::EntryStream>(
        std::make_unique<ShownStream>(entries_of(*image), *progress));
  };
  contents.before = {image->image.config, image->image.manifest};
  contents.tag = options.tag;
  contents.name = image->path;
  contents.compression = options.compression;
  contents.threads = machine.cpus;
  const auto written = write_archive(contents, out, options, *progress);
  progress.reset();
  if (!written) return written.error();
  if (options.is_json) streams.out << json_of(*written, *image, options.tag, out);
  if (options.is_json || options.quiet) return Done{};
  streams.err << "berth: exported " << quote(name) << " to "
              << (out == "-" ? "standard output" : quote(out)) << " as " << quote(options.tag)
              << ": " << counted(written->layer.entries, "entry", "entries") << ", "
              << size_text(written->layer.content) << " -> " << size_text(written->size) << ", "
              << written->manifest << "\n"
              << losses_of(written->layer.left_out);
  return Done{};
}

}  // namespace

int run_export(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine) {
  return finish(export_image(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
