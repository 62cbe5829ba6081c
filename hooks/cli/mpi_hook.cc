// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/mpi_hook.h"

#include "base/fd.h"
#include "hooks/cli/into_image.h"
#include "hooks/mpi/apart.h"
#include "hooks/mpi/facts.h"
#include "hooks/mpi/mpi.h"

#include <fcntl.h>

#include <utility>

namespace berth::hooks {

namespace {

Result<MpiSwap> find(const MpiQuestion& question, const MpiLook& look) {
  const auto image = open_image_tree(look.image);
  if (!image) return image.error();
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree node = tree_of_directory(root.get());
  MpiSwap swap = find_mpi(question, **image, node);
  // What could not be read may be there the next time.
  if ((*image)->is_sound()) swap.edits.seen = places_seen(look.image, look.libraries, node);
  return swap;
}

}  // namespace

Result<Edits> ask_mpi_hook(const MpiLook& look) {
  const BoundedMemory bound;
  const MpiQuestion question{look.rule, look.libraries, program_environment(look.image.state)};
  auto swap = find(question, look);
  if (!swap) return std::move(swap.error());
  const bool is_insisted = look.rule != "auto";
  if (!swap->has_mpi && is_insisted) swap->refused = "the image has no MPI that is known";
  if (swap->refused.empty()) return std::move(swap->edits);
  if (is_insisted)
    return Error{Blame::config,
                 "put this node's MPI in the place of the image's: " + swap->refused,
                 {},
                 "use the image's own: --mpi-hook=off"};
  return Edits{.who = "mpi",
               .says = "the image's own stays: " + swap->refused,
               .warning = "continuing with the image's own MPI: " + swap->refused,
               .seen = std::move(swap->edits.seen)};
}

Result<Edits> find_mpi_facts(const MpiLook& look, bool node) {
  const BoundedMemory bound;
  const auto image = open_image_tree(look.image);
  if (!image) return image.error();
  Edits edits{.who = kMpiFacts};
  const auto add = [&](Tree& tree, const std::vector<std::string>& environment, bool is_image) {
    for (MpiFact& fact : find_facts(tree, environment, is_image ? Reach::all : Reach::usual)) {
      fact.is_image = is_image;
      edits.variables.push_back(to_text(fact));
    }
  };
  add(**image, program_environment(look.image.state), /*is_image=*/true);
  if ((*image)->is_sound()) edits.seen = places_seen(look.image, {}, Tree({}));
  if (!node) return edits;
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree tree = tree_of_directory(root.get());
  add(tree, {}, /*is_image=*/false);
  return edits;
}

}  // namespace berth::hooks
