// SPDX-License-Identifier: Apache-2.0
#include "image/cli/merge.h"

#include "base/text.h"
#include "image/cli/build.h"
#include "image/cli/changes.h"
#include "image/cli/flags.h"
#include "image/cli/image_sink.h"
#include "image/cli/whole_image.h"
#include "image/source/squash.h"

#include <array>

namespace berth::cli {

namespace {

constexpr VerbText kText = {
    "berth image merge [OPTIONS] IMAGE CHANGES.sqsh OUT.sqsh",
    "Makes one image of an image and the changes to it that 'berth image save' has written.\n",
    3,
    3};

constexpr std::array<Option<Flags>, 2> kOptions = {force_option("replace OUT.sqsh if it exists"),
                                                   kHelp};

// The numbers of the layers.
constexpr int kBase = 0;
constexpr int kDeleted = 1;
constexpr int kChanged = 2;
constexpr int kOwn = 3;

Status check_base(const WholeImage& base, const WholeImage& changes, const Machine& machine) {
  const Base wanted = parse_base(changes.image.config);
  const source::Blob& blob = base.image.squash;
  const auto digest = find_digest(blob.file->get(), base.path, blob.size, machine);
  if (!digest) return digest.error();
  if (*digest == wanted.digest) return Done{};
  return Error{Blame::image,
               "merge " + quote(changes.path) + " into " + quote(base.path) +
                   ": it has the changes to the image " + wanted.digest + ", and this is " +
                   *digest,
               {},
               "name the image that they were saved from: " + quote(wanted.image)};
}

Status add_layers(layers::Merger& merger,
                  const std::function<Status()>& tell,
                  const WholeImage& base,
                  const WholeImage& changes,
                  const std::vector<layers::Mark>& deleted) {
  using source::Whiteouts;
  auto config = make_merged_config(base.image.config, base.path);
  if (!config) return std::move(config.error());
  layers::MadeStream own = make_own_layer(*config, base.image.manifest);
  BERTH_TRY(merger.add_layer(kOwn, own, Whiteouts::apply));
  const auto changed = entries_of(changes);
  ToldStream told_changed(*changed, tell);
  BERTH_TRY(merger.add_layer(kChanged, told_changed, Whiteouts::keep_as_files));
  BERTH_TRY(merger.add_marks(kDeleted, deleted));
  const auto below = entries_of(base);
  ToldStream told_below(*below, tell);
  BERTH_TRY(merger.add_layer(kBase, told_below, Whiteouts::keep_as_files));
  for (const int again : merger.layers_to_reread()) {
    const auto stream = entries_of(again == kBase ? base : changes);
    ToldStream told(*stream, tell);
    BERTH_TRY(merger.reread(again, told));
  }
  return Done{};
}

Status merge(const std::vector<std::string>& words,
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
  const auto changes = open_whole((*operands)[1], Changes::wanted, machine);
  if (!changes) return changes.error();
  const auto text = source::read_file_of(changes->image, kDeletedFile, kDeletedLimit);
  if (!text) return text.error();
  const auto deleted = parse_deleted(*text, changes->path);
  if (!deleted) return deleted.error();
  BERTH_TRY(check_output(out, replacing));
  BERTH_TRY(check_apart(out, base->image.squash.file->get()));
  BERTH_TRY(check_apart(out, changes->image.squash.file->get()));
  BERTH_TRY(check_base(*base, *changes, machine));
  const auto built = build_image(
      out,
      replacing,
      [&](layers::Merger& merger, const std::function<Status()>& tell) {
        return add_layers(merger, tell, *base, *changes, *deleted);
      },
      machine);
  if (!built) return built.error();
  streams.err << "berth: merged " << quote((*operands)[1]) << " into " << quote((*operands)[0])
              << " as " << quote(out) << ": " << built->names << " entries, "
              << size_text(built->bytes_in) << " -> " << size_text(built->bytes_out) << ", "
              << built->digest << "\n";
  return Done{};
}

}  // namespace

int run_merge(const std::vector<std::string>& words,
              const Streams& streams,
              const Machine& machine) {
  return finish(merge(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
