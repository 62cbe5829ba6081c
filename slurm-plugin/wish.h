// SPDX-License-Identifier: Apache-2.0
// What somebody asks of his containers with the options --container-…: those of `berth run`, from
// its own table, and Pyxis's. Pure.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"
#include "launcher/request/environment_file.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace berth::slurm_plugin {

/// For how long a container with a name is kept.
enum class Scope { job, node };

struct Wish {
  Request request = {};
  std::optional<std::string> image = {};  ///< of --container-image, as typed
  std::optional<std::string> kept = {};   ///< of --container-name: NAME, or NAME:create
  std::optional<Scope> scope = {};        ///< of --container-scope
  Scope default_scope = Scope::job;       ///< the site's
  bool says_entrypoint = false;           ///< whether the image's is run, or which one
  std::vector<std::string> given = {};    ///< the options, with their dashes
  std::vector<std::pair<std::size_t, std::string>> typed = {};  ///< the same: place and value
  std::vector<std::string> twins = {};                          ///< variables that they stand for
  std::optional<request::EnvironmentFile> environment = {};     ///< where one stands for the image
};

enum class Argument { none, needed, possible };

/// One of the options.
struct ContainerOption {
  std::string name;  ///< without its dashes
  Argument argument = Argument::none;
  std::string shown = {};  ///< what stands for the argument in help
  std::string help = {};
  std::string twin = {};     ///< a variable with the same meaning; may be empty
  bool is_no = false;        ///< of a switch: what the variable means when it is false
  std::string no_twin = {};  ///< a second variable, which means the switch when it is false
  std::function<Status(Wish&, const std::string& value)> apply = {};
};

/// All of them; where they stand is what Slurm calls them by.
const std::vector<ContainerOption>& container_options();

/// Takes the one that stands at `place`, as it was given.
Status take(Wish& wish, std::size_t place, const std::string& value);

/// Takes the environment file, if the wish has one, and the variables that stand for options which
/// were not given; what was given wins over all.
Status take_twins(Wish& wish,
                  const std::function<std::optional<std::string>(const std::string& name)>& find);

/// What stands for the image of a container that an earlier step has made; see launcher/cli/kept.h.
std::string image_of_kept(const Wish& wish);

/// The request for a wish whose image is known: what --container-image means besides the image, and
/// paths of the host below `folder` where they were relative.
Request finish(Wish wish, const std::string& image, const std::string& folder);

}  // namespace berth::slurm_plugin
