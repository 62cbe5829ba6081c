// SPDX-License-Identifier: Apache-2.0
#include "image/cli/import.h"

#include "base/file.h"
#include "base/text.h"
#include "image/cli/convert.h"
#include "image/cli/events.h"
#include "image/cli/image_sink.h"
#include "image/cli/open_source.h"
#include "image/cli/options.h"
#include "image/cli/output_file.h"
#include "image/cli/progress.h"
#include "image/cli/summary.h"
#include "image/cli/target.h"
#include "image/cli/whole_image.h"
#include "image/integrity/seal.h"
#include "image/layers/ahead.h"
#include "image/layers/folder.h"
#include "image/layers/image_stream.h"
#include "image/layers/merge.h"
#include "image/layers/tar.h"
#include "image/source/open.h"
#include "image/squash/writer.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>

namespace berth::cli {

namespace {

/// Bytes: 512 MiB without the program itself and what its libraries take.
constexpr std::size_t kMostMemory = std::size_t{464} << 20;

/// What of its layers an image keeps.
struct Rules {
  layers::Xattrs xattrs = layers::Xattrs::users;
  Keep keep = {};
  layers::Limits limits = {};
};

/// One import: from an open source to a written file.
class Import {
 public:
  Import(source::Image& image,
         squash::Writer& writer,
         unsigned threads,
         Progress& progress,
         const Rules& rules)
      : image_(image),
        writer_(writer),
        threads_(threads),
        progress_(progress),
        rules_(rules),
        meter_(std::make_shared<layers::Meter>(rules.limits)),
        sink_(writer),
        merger_(sink_, layers::memory_for(rules.limits.entries.most)) {}

  Result<Summary> run(const std::string& folder_name) {
    BERTH_TRY(add_own_layer());
    BERTH_TRY(image_.folder.is_open() ? add_folder(folder_name)
              : image_.squash.file    ? add_image()
                                      : add_layers());
    BERTH_TRY(writer_.end_files());
    BERTH_TRY(merger_.finish());
    const Converted converted = convert(merger_.take_root(), rules_.keep);
    BERTH_TRY(writer_.finish(converted.tree));
    Summary summary;
    summary.layers = image_.layers.size();
    summary.names = converted.names - own_names_;
    summary.in_vain = sink_.files() - converted.contents;
    summary.counts = merger_.counts();
    summary.losses = converted.losses;
    summary.bytes_in = writer_.bytes_in();
    summary.bytes_out = writer_.bytes_out();
    return summary;
  }

 private:
  Status add_own_layer() {
    layers::MadeStream own = make_own_layer(image_.config, image_.manifest);
    own_names_ = image_.manifest.empty() ? 2 : 3;
    BERTH_TRY(merger_.add_layer(
        static_cast<int>(image_.layers.size()) + 1, own, source::Whiteouts::apply));
    return Done{};
  }

  Status add_folder(const std::string& name) {
    layers::FolderStream folder(std::move(image_.folder), name, rules_.xattrs);
    WatchedStream watched(folder, progress_, [this] { return writer_.bytes_in(); });
    return merger_.add_layer(0, watched, image_.whiteouts);
  }

  Status add_image() {
    BERTH_TRY(refuse_changes(image_, image_.squash.name));
    // The new image must not vouch for damage.
    layers::ImageStream stream(image_.squash, image_.super, rules_.xattrs, image_.tree);
    WatchedStream watched(stream, progress_, [this] { return writer_.bytes_in(); });
    return merger_.add_layer(0, watched, image_.whiteouts);
  }

  /// From the top down; the next ones are decompressed ahead while one is merged.
  Status add_layers() {
    layers::LayersAhead ahead(
        image_.layers,
        rules_.xattrs,
        threads_,
        [this] { return progress_.repeat(); },
        meter_,
        kMostMemory - writer_.memory());
    for (std::size_t i = image_.layers.size(); i-- > 0;) {
      const auto stream = ahead.take();
      WatchedStream watched(*stream, progress_, [&] {
        ahead.set_tree(merger_.memory());
        return stream->position();
      });
      BERTH_TRY(merger_.add_layer(static_cast<int>(i), watched, image_.whiteouts));
      progress_.finish_layer(image_.layers[i].blob.size);
    }
    for (const int again : merger_.layers_to_reread()) {
      const auto stream = ahead.again(again);
      WatchedStream watched(*stream, progress_, [] { return std::uint64_t{0}; });
      BERTH_TRY(merger_.reread(again, watched));
    }
    return Done{};
  }

  source::Image& image_;
  squash::Writer& writer_;
  unsigned threads_;
  Progress& progress_;
  Rules rules_;
  std::shared_ptr<layers::Meter> meter_;
  std::uint64_t own_names_ = 0;
  ImageSink sink_;
  layers::Merger merger_;
};

/// Another process has made the image while we waited.
void tell_shared(const store::Stored& image, const ImportOptions& options, const Streams& streams) {
  Summary summary;
  summary.source = options.source;
  summary.output = image.path;
  summary.digest = image.origin.digest;
  summary.bytes_out = image.size;
  if (options.json) {
    streams.out << shared_event(summary) << std::endl;
  } else if (!options.quiet) {
    streams.err << "berth: " << quote(image.name) << " was imported meanwhile: " << summary.digest
                << "\n";
  }
}

/// The writer does not know the file's name.
Error explain_write(Error error, const std::string& output) {
  if (error.blame != Blame::host || error.goal != "write the image") return error;
  error.goal += " " + quote(output);
  if (error.refusal && (error.refusal->number == ENOSPC || error.refusal->number == EDQUOT))
    error.hint = "free space there, or write elsewhere with --output";
  return error;
}

Progress::Settings settings_for(const ImportOptions& options,
                                const Streams& streams,
                                std::uint64_t total) {
  Progress::Settings settings;
  settings.name = options.source;
  settings.total = total;
  settings.out = options.json ? &streams.out : &streams.err;
  if (options.json) {
    settings.telling = options.quiet ? Telling::nothing : Telling::events;
  } else if (!options.quiet) {
    settings.telling = streams.err_is_terminal ? Telling::line : Telling::lines;
  }
  if (streams.err_columns) settings.columns = streams.err_columns;
  return settings;
}

/// Appends the hash tree if it is wanted, and notes what the whole file's digest is.
Status seal(Summary& summary,
            const FileBeingWritten& file,
            const ImportOptions& options,
            unsigned threads,
            Progress& progress) {
  const auto tell = [&](std::uint64_t) { return progress.tell(0); };
  integrity::Digest digest;
  if (options.hash_tree) {
    const auto sealed = integrity::write_tree(file.fd(), summary.bytes_out, threads, tell);
    if (!sealed) return sealed.error();
    digest = sealed->file;
    summary.bytes_out = sealed->bytes;
    summary.root_hash = integrity::hex_of(sealed->root);
  } else {
    const auto known = integrity::digest_of_file(file.fd(), summary.bytes_out, tell);
    if (!known) return known.error();
    digest = *known;
  }
  summary.digest = "sha256:" + integrity::hex_of(digest);
  return Done{};
}

layers::Limit limit_of(const std::string& key, const settings::Value<std::uint64_t>& value) {
  return {value.value,
          "if you trust it: " + key + " in berth.yaml (now " + std::to_string(value.value) + ", " +
              settings::to_text(value.origin) + ")"};
}

Rules rules_for(const ImportOptions& options, const settings::Settings& settled) {
  const settings::Limits& limits = settled.limits;
  return {options.xattrs ? layers::Xattrs::privileged : layers::Xattrs::users,
          {settled.setuid.value == settings::Setuid::keep},
          {limit_of("limits.entries", limits.entries),
           limit_of("limits.unpacked-size", limits.unpacked_size),
           limit_of("limits.ratio", limits.ratio)}};
}

Status check_layers(std::size_t count, const settings::Settings& settled) {
  const layers::Limit limit = limit_of("limits.layers", settled.limits.layers);
  if (count <= limit.most) return Done{};
  return Error{Blame::image,
               "use an image of " + std::to_string(count) +
                   " layers: " + std::to_string(limit.most) + " are the most",
               {},
               limit.hint};
}

/// The output may be none of the files that the source is.
Status check_inputs(const source::Image& image, const std::string& output) {
  if (image.squash.file) BERTH_TRY(check_apart(output, image.squash.file->get()));
  for (const source::Layer& layer : image.layers) {
    if (layer.blob.file) BERTH_TRY(check_apart(output, layer.blob.file->get()));
  }
  return Done{};
}

Status import(const ImportOptions& options, const Streams& streams, const Machine& machine) {
  const auto begin = std::chrono::steady_clock::now();
  const auto settled = settings::read_settings(machine.settings);
  if (!settled) return settled.error();
  if (!options.quiet) {
    for (const std::string& note : settled->notes)
      streams.err << "berth: " << note << "\n";
  }
  const auto reference = source::parse_reference(options.source);
  if (!reference) return reference.error();
  auto target = Target::choose(options, *reference, machine);
  if (!target) return target.error();
  const std::string& output = target->path();
  BERTH_TRY(target->take_turn(options.quiet ? nullptr : &streams.err, machine));
  if (!target->has_waited()) BERTH_TRY(target->check(options.force));
  auto image = open_source(options, *reference, *settled, machine);
  if (!image) return std::move(image.error());
  BERTH_TRY(check_inputs(*image, output));
  if (!image->note.empty() && !options.quiet) streams.err << "berth: " << image->note << "\n";
  const std::string fingerprint =
      fingerprint_of(options, *reference, *image, settled->setuid.value);
  if (const auto shared = target->find_shared(fingerprint)) {
    tell_shared(*shared, options, streams);
    return Done{};
  }
  BERTH_TRY(target->check(options.force));
  BERTH_TRY(check_layers(image->layers.size(), *settled));
  auto file = FileBeingWritten::create(output);
  if (!file) return std::move(file.error());
  squash::Options squash = options.squash;
  if (squash.threads == 0) squash.threads = machine.cpus;
  auto writer = squash::Writer::create(file->fd(), squash);
  if (!writer) return explain_write(std::move(writer.error()), output);

  std::uint64_t total = 0;
  for (const source::Layer& layer : image->layers)
    total += layer.blob.size;
  auto progress = std::make_unique<Progress>(settings_for(options, streams, total), machine.stop);
  const Rules rules = rules_for(options, *settled);
  auto summary = Import(*image, *writer, squash.threads, *progress, rules).run(reference->path);
  if (!summary) return explain_write(summary.error(), output);
  BERTH_TRY(progress->tell(0));
  if (const Status sealed = seal(*summary, *file, options, squash.threads, *progress); !sealed)
    return explain_write(sealed.error(), output);
  BERTH_TRY(target->commit(*file, {summary->digest, fingerprint, options.source}, options.force));
  progress.reset();
  summary->source = options.source;
  summary->setuid_rule = settings::to_text(settled->setuid.origin);
  summary->output = output;
  summary->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (options.json) streams.out << result_event(*summary) << std::endl;
  if (!options.json && !options.quiet) streams.err << summary_text(*summary);
  return Done{};
}

}  // namespace

int run_import(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine) {
  const auto options = parse_import_options(words);
  if (options && options->help) {
    streams.out << import_help();
    return 0;
  }
  const Status outcome = options ? import(*options, streams, machine) : Status(options.error());
  const int status = finish(outcome, streams, machine);
  if (options && options->json && !outcome) {
    const int signal = machine.stop.load();
    streams.out << (signal != 0 ? stopped_event(signal) : error_event(outcome.error(), status))
                << std::endl;
  }
  return status;
}

}  // namespace berth::cli
