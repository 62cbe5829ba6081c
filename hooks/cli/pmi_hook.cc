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
  return find_pmi({program_environment(look.state),
                   has_own_network,
                   variable("PALS_SPOOL_DIR"),
                   variable("FLUX_URI"),
                   shown},
                  **image,
                  node);
}

}  // namespace berth::hooks
