// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/pmi_hook.h"

#include "base/fd.h"
#include "hooks/cli/into_image.h"
#include "hooks/pmi/pmi.h"

#include <fcntl.h>

#include <utility>

namespace berth::hooks {

Result<Edits> ask_pmi_hook(const ImageLook& look) {
  const BoundedMemory bound;
  auto image = open_image_tree(look);
  if (!image) return std::move(image.error());
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree node = tree_of_directory(root.get());
  Edits edits = find_pmi(**image, node);
  if ((*image)->is_sound()) edits.seen = places_seen(look, {}, node);
  return edits;
}

}  // namespace berth::hooks
