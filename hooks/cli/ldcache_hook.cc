// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/ldcache_hook.h"

#include "base/fd.h"
#include "hooks/cli/into_image.h"
#include "hooks/ldcache/ldcache.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace berth::hooks {

namespace {

/// The cache among the changes that are kept, or that there is to be none; empty: neither.
std::string kept_cache(const ImageLook& look) {
  if (look.changes.empty()) return {};
  std::string path = look.changes + "/upper/etc/ld.so.cache";
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? path : "";
}

}  // namespace

Result<Edits> ask_ldcache_hook(const ImageLook& look, Answer& answer) {
  const BoundedMemory bound;
  auto image = open_image_tree(look);
  if (!image) return std::move(image.error());
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree node = tree_of_directory(root.get());
  Edits edits = find_ldcache(answer.edits, **image, node, kept_cache(look));
  // Of others' answers it has what they have: all are remembered, or none.
  if ((*image)->is_sound()) edits.seen = places_seen(look, {}, node);
  return edits;
}

}  // namespace berth::hooks
