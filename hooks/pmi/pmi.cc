// SPDX-License-Identifier: Apache-2.0
#include "hooks/pmi/pmi.h"

#include "base/text.h"
#include "hooks/fabric/take.h"
#include "hooks/mpi/loader.h"

#include <array>
#include <optional>
#include <string>

namespace berth::hooks {

namespace {

/// Of the launcher's own release, so they are the node's, whoever made the MPI that wants them.
constexpr std::array<const char*, 2> kLibraries = {"libpmi2.so.0", "libpmi.so.0"};

void say(Edits& edits, const std::string& what) {
  edits.says += (edits.says.empty() ? "" : ", ") + what;
}

void add_libraries(Edits& edits, Loader& image, Loader& node) {
  if (!image.find("libc.so.6")) return;
  Taken taken(image, node, kPmiLibraries);
  for (const char* name : kLibraries) {
    const auto library = image.find(name) ? std::nullopt : node.find(name);
    if (!library) continue;
    if (const std::string why = taken.take(*library); why.empty())
      say(edits, "this node's " + quote(library->path));
    else
      edits.left_out.push_back(quote(library->path) + " of this node: " + why);
  }
  taken.add_to(edits);
}

}  // namespace

Edits find_pmi(Tree& image, Tree& node) {
  Edits edits{.who = "pmi"};
  Loader image_loader(image, {});
  Loader node_loader(node, {});
  add_libraries(edits, image_loader, node_loader);
  if (edits.says.empty()) edits.says = "no library is missing";
  return edits;
}

}  // namespace berth::hooks
