// SPDX-License-Identifier: Apache-2.0
#include "image/cli/build.h"

#include "base/text.h"
#include "image/cli/image_sink.h"
#include "image/integrity/seal.h"
#include "image/store/shelf.h"

namespace berth::cli {

namespace {

/// The writer does not know the file's name.
Error explain_write(Error error, const std::string& out) {
  if (error.blame == Blame::host && error.goal == "write the image") error.goal += " " + quote(out);
  return explain_output(std::move(error));
}

/// What the caller does in between.
struct Parts {
  const AddLayers& add_layers;
  const Touch& touch;
  const std::function<Status()>& tell;
};

Result<Built> write_image(int fd,
                          const Parts& parts,
                          const settings::Settings& settled,
                          unsigned threads) {
  squash::Options options;
  options.threads = threads;
  auto writer = squash::Writer::create(fd, options);
  if (!writer) return std::move(writer.error());
  ImageSink sink(*writer);
  layers::Merger merger(sink, layers::memory_for(settled.limits.entries.value));
  BERTH_TRY(parts.add_layers(merger, parts.tell));
  BERTH_TRY(merger.finish());
  const Converted converted =
      convert(merger.take_root(), {settled.setuid.value == settings::Setuid::keep});
  BERTH_TRY(writer->finish(converted.tree));
  if (parts.touch) BERTH_TRY(parts.touch(fd));
  const auto sealed = integrity::write_tree(
      fd, writer->bytes_out(), threads, [&](std::uint64_t) { return parts.tell(); });
  if (!sealed) return sealed.error();
  Built built;
  built.names = converted.names;
  built.losses = converted.losses;
  built.bytes_in = writer->bytes_in();
  built.bytes_out = sealed->bytes;
  built.digest = "sha256:" + integrity::hex_of(sealed->file);
  return built;
}

std::function<Status()> teller_of(const Machine& machine) {
  return [&machine]() -> Status {
    if (machine.stop.load(std::memory_order_relaxed) == 0) return Done{};
    return Error{Blame::host, "go on: interrupted"};
  };
}

}  // namespace

Result<Built> build_image(const std::string& out,
                          Replacing replacing,
                          const AddLayers& add_layers,
                          const Machine& machine,
                          const Touch& touch) {
  const auto settled = settings::read_settings(machine.settings);
  if (!settled) return settled.error();
  const std::function<Status()> tell = teller_of(machine);
  auto file = begin_output(out, replacing);
  if (!file) return std::move(file.error());
  auto built = write_image(file->fd(), {add_layers, touch, tell}, *settled, machine.cpus);
  if (!built) return explain_write(std::move(built.error()), out);
  BERTH_TRY(tell());
  if (const Status named = commit_output(*file, replacing); !named)
    return explain_output(named.error());
  return built;
}

Result<std::string> find_digest(int fd,
                                const std::string& path,
                                std::uint64_t size,
                                const Machine& machine) {
  auto stored = store::read_digest(fd, path);
  if (!stored || !stored->empty()) return stored;
  const std::function<Status()> tell = teller_of(machine);
  const auto digest = integrity::digest_of_file(fd, size, [&](std::uint64_t) { return tell(); });
  if (!digest) return digest.error();
  return "sha256:" + integrity::hex_of(*digest);
}

}  // namespace berth::cli
