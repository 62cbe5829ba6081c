// SPDX-License-Identifier: Apache-2.0
#include "image/cli/target.h"

#include "base/text.h"
#include "image/source/digest.h"

#include <sys/stat.h>

#include <array>
#include <climits>
#include <cstdlib>

namespace berth::cli {

namespace {

/// The path as every process knows it, where it is one.
std::string real_path(const std::string& path) {
  std::array<char, PATH_MAX> real;
  return ::realpath(path.c_str(), real.data()) == nullptr ? path : real.data();
}

/// Which content an open file has, as far as that can be told without reading it.
std::string identity_of(int fd) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return "";
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" +
         std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec);
}

/// The name that was asked for, or the source's.
Result<std::string> choose_name(const ImportOptions& options, const source::Reference& reference) {
  if (!options.name.empty()) return options.name;
  std::string name = store::name_for(source::name_of(reference));
  if (name.empty())
    return Error{Blame::usage,
                 "make a name for the image from " + quote(options.source),
                 {},
                 "say what it shall be called with --name, or where it shall go with --output"};
  return name;
}

}  // namespace

Result<Target> Target::choose(const ImportOptions& options,
                              const source::Reference& reference,
                              const Machine& machine) {
  Target target;
  if (!options.output.empty()) {
    target.path_ = options.output;
    return target;
  }
  auto name = choose_name(options, reference);
  if (!name) return std::move(name.error());
  auto path = store::path_for(*name, machine.environment);
  if (!path) return std::move(path.error());
  BERTH_TRY(store::write_folder(path->substr(0, path->rfind('/'))));
  target.path_ = std::move(*path);
  target.name_ = store::short_name(*name);
  return target;
}

Status Target::take_turn(std::ostream* err, const Machine& machine) {
  if (name_.empty()) return Done{};
  auto turn = store::Turn::take(path_, machine.stop, [&](pid_t holder) {
    if (err == nullptr) return;
    *err << "berth: waiting for "
         << (holder > 0 ? "process " + std::to_string(holder) : std::string("another process"))
         << ", which imports " << quote(name_) << "\n"
         << std::flush;
  });
  if (!turn) return std::move(turn.error());
  turn_ = std::move(*turn);
  store::sweep(path_.substr(0, path_.rfind('/')));
  return Done{};
}

Status Target::check(bool force) const {
  struct stat info {};

  if (::stat(path_.c_str(), &info) != 0) return Done{};
  if (S_ISDIR(info.st_mode))
    return Error{Blame::config, "write " + quote(path_) + ": it is a directory"};
  if (force) return Done{};
  return Error{Blame::config,
               "write " + quote(path_) + ": it exists already",
               {},
               "replace it with --force"};
}

std::optional<store::Stored> Target::find_shared(const std::string& fingerprint) const {
  if (!has_waited()) return std::nullopt;
  auto image = store::read_stored(path_);
  if (!image || image->origin.fingerprint != fingerprint) return std::nullopt;
  return std::move(*image);
}

Status Target::commit(FileBeingWritten& file, const store::Origin& origin, bool force) {
  using Existing = FileBeingWritten::Existing;
  const Existing existing = force ? Existing::replaced : Existing::kept;
  return name_.empty() ? file.commit(existing) : store::keep(file, path_, origin, existing);
}

std::string fingerprint_of(const ImportOptions& options,
                           const source::Reference& reference,
                           const source::Image& image,
                           settings::Setuid setuid) {
  std::string text = std::string(setuid == settings::Setuid::keep ? "keep\n" : "drop\n") +
                     std::to_string(static_cast<int>(reference.kind)) + "\n" +
                     real_path(reference.path) + "\n" + reference.selector + "\n";
  for (const std::string& word : options.words)
    text += word + "\n";
  text += image.manifest + "\n" + image.config + "\n";
  for (const source::Layer& layer : image.layers) {
    text += layer.diff_id + "\n" + layer.blob.digest + "\n";
    if (layer.diff_id.empty() && layer.blob.digest.empty() && layer.blob.file)
      text += identity_of(layer.blob.file->get()) + "\n";
  }
  return source::digest_of(text);
}

}  // namespace berth::cli
