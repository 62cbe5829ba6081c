// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/ldcache_hook.h"

#include "base/fd.h"
#include "hooks/cli/into_image.h"
#include "hooks/ldcache/ldcache.h"

#include <fcntl.h>

#include <utility>

namespace berth::hooks {

Result<Edits> ask_ldcache_hook(const ImageLook& look, Answer& answer) {
  const BoundedMemory bound;
  auto image = open_image_tree(look);
  if (!image) return std::move(image.error());
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree node = tree_of_directory(root.get());
  return find_ldcache(answer.edits, **image, node);
}

}  // namespace berth::hooks
