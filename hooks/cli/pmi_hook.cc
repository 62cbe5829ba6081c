// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/pmi_hook.h"

#include "base/fd.h"
#include "hooks/cli/into_image.h"
#include "hooks/pmi/pmi.h"

#include <fcntl.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

/// The caller's, whatever the image says.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// Each of which may be there or not.
std::vector<std::string> launchers_places(const PmiQuestion& question) {
  std::vector<std::string> places;
  if (question.spool_directory) places.push_back(*question.spool_directory);
  if (question.flux_uri)
    places.push_back(question.flux_uri->substr(question.flux_uri->find('/') + 2));
  return places;
}

}  // namespace

Result<Edits> ask_pmi_hook(const ImageLook& look) {
  const BoundedMemory bound;
  const auto json = nlohmann::json::parse(look.state, nullptr, false);
  const bool has_own_network = json.is_object() && json.value("network", "host") != "host";
  auto image = open_image_tree(look);
  if (!image) return std::move(image.error());
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Tree node = tree_of_directory(root.get());
  const auto shown = json.is_object() ? json.value("shown", std::vector<std::string>())
                                      : std::vector<std::string>();
  const PmiQuestion question{program_environment(look.state),
                             has_own_network,
                             variable("PALS_SPOOL_DIR"),
                             variable("FLUX_URI"),
                             shown};
  Edits edits = find_pmi(question, **image, node);
  // Which variables there are is in what the launcher remembers this by.
  if ((*image)->is_sound()) edits.seen = places_seen(look, launchers_places(question), node);
  return edits;
}

}  // namespace berth::hooks
