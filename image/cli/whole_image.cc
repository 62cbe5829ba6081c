// SPDX-License-Identifier: Apache-2.0
#include "image/cli/whole_image.h"

#include "base/text.h"
#include "image/cli/changes.h"
#include "image/source/squash.h"

namespace berth::cli {

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
  if (changes == Changes::refused) {
    BERTH_TRY(refuse_changes(whole.image, whole.path));
  } else if (parse_base(whole.image.config).digest.empty()) {
    return Error{Blame::image,
                 "use " + quote(whole.path) + " as changes: 'berth image save' has not made it"};
  }
  return whole;
}

Status refuse_changes(const source::Image& image, const std::string& name) {
  const Base base = parse_base(image.config);
  if (base.digest.empty()) return Done{};
  return Error{Blame::image,
               "use " + quote(name) + " alone: it has only the changes to the image " + base.digest,
               {},
               "merge them first: berth image merge IMAGE " + quote(name) + " OUT.sqsh"};
}

std::unique_ptr<layers::EntryStream> entries_of(const WholeImage& image) {
  return std::make_unique<layers::ImageStream>(
      image.image.squash, image.image.super, layers::Xattrs::privileged, image.image.tree);
}

}  // namespace berth::cli
