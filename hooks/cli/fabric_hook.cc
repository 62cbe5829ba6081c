// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/fabric_hook.h"

#include "base/fd.h"
#include "hooks/cli/into_image.h"
#include "hooks/fabric/fabric.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <string>
#include <utility>
#include <vector>

namespace berth::hooks {

namespace {

/// Of this process, and so of the program.
std::uint64_t lockable_bytes() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  (void)::getrlimit(RLIMIT_MEMLOCK, &limit);  // cannot fail
  return limit.rlim_cur;
}

/// Of the node, that have to stand.
std::vector<std::string> libraries_in(const std::vector<std::string>& own) {
  constexpr std::string_view kNamed = "fabric:";
  std::vector<std::string> paths;
  for (const std::string& one : own)
    if (one.starts_with(kNamed)) paths.push_back(one.substr(kNamed.size()));
  return paths;
}

}  // namespace

Result<Edits> ask_fabric_hook(const FabricLook& look) {
  const BoundedMemory bound;
  const FabricQuestion question{find_hardware(""),
                                libraries_in(look.own),
                                program_environment(look.image.state),
                                lockable_bytes()};
  if (question.hardware.devices.empty() && question.libraries.empty())  // look at no image for that
    return Edits{
        .who = "fabric", .says = "this node has none", .seen = {std::vector<std::string>()}};
  auto image = open_image_tree(look.image);
  if (!image) return std::move(image.error());
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree node = tree_of_directory(root.get());
  Edits edits = find_fabric(question, **image, node);
  // Which adapters there are is in what the launcher remembers this by.
  if ((*image)->is_sound()) edits.seen = places_seen(look.image, question.libraries, node);
  return edits;
}

}  // namespace berth::hooks
