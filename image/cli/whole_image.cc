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
  const auto tree = find_tree_of(whole.image);
  if (!tree) return tree.error();
  whole.tree = *tree;
  BERTH_TRY(check_changes(whole, changes));
  return whole;
}

Result<integrity::Tree> find_tree_of(const source::Image& image) {
  integrity::Tree tree;
  const source::Blob& blob = image.squash;
  if (blob.offset != 0) return tree;
  const integrity::Flaw flaw =
      integrity::find_tree(blob.file->get(), image.super.bytes_used, blob.size, tree);
  if (flaw == integrity::Flaw::none) return tree;
  return Error{Blame::image,
               "trust " + quote(blob.name) + ": its hash tree " + integrity::words_for(flaw),
               {},
               "make or copy the image again"};
}

std::unique_ptr<layers::EntryStream> entries_of(const WholeImage& image) {
  return std::make_unique<layers::ImageStream>(
      image.image.squash, image.image.super, layers::Xattrs::privileged, image.tree);
}

}  // namespace berth::cli
