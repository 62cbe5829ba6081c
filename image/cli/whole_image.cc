// SPDX-License-Identifier: Apache-2.0
#include "image/cli/whole_image.h"

#include "base/text.h"
#include "image/cli/changes.h"
#include "image/source/squash.h"

namespace berth::cli {

namespace {

Status check_changes(const WholeImage& image, Changes wanted) {
  const Base base = parse_base(image.image.config);
  if (wanted == Changes::refused && !base.digest.empty())
    return Error{
        Blame::image,
        "use " + quote(image.path) + " alone: it has only the changes to the image " + base.digest,
        {},
        "merge them first: berth image merge IMAGE " + quote(image.path) + " OUT.sqsh"};
  if (wanted == Changes::wanted && base.digest.empty())
    return Error{Blame::image,
                 "use " + quote(image.path) + " as changes: 'berth image save' has not made it"};
  return Done{};
}

}  // namespace

Result<WholeImage> open_whole(const std::string& name_or_path,
                              Changes changes,
                              const Machine& machine) {
  const auto path = store::find(name_or_path, machine.environment);
  if (!path) return path.error();
  const auto blob = source::open_blob(*path, *path);
  if (!blob) return blob.error();
  auto image = source::open_squash(*blob, "");
  if (!image) return std::move(image.error());
  WholeImage whole;
  whole.path = *path;
  whole.image = std::move(*image);
  const integrity::Flaw flaw =
      integrity::find_tree(blob->file->get(), whole.image.super.bytes_used, blob->size, whole.tree);
  if (flaw != integrity::Flaw::none)
    return Error{Blame::image,
                 "trust " + quote(*path) + ": its hash tree " + integrity::words_for(flaw),
                 {},
                 "make or copy the image again"};
  BERTH_TRY(check_changes(whole, changes));
  return whole;
}

std::unique_ptr<layers::EntryStream> entries_of(const WholeImage& image) {
  return std::make_unique<layers::ImageStream>(
      image.image.squash, image.image.super, layers::Xattrs::privileged, image.tree);
}

}  // namespace berth::cli
