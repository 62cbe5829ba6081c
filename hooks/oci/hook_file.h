// SPDX-License-Identifier: Apache-2.0
// A hook file as oci-hooks(5) describes it, in its versions 1.0.0 and 0.1.0: a hook, and for which
// containers it is. Pure.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace berth::hooks {

/// What hook files ask about a container.
struct About {
  std::vector<std::pair<std::string, std::string>> annotations = {};
  std::string command = {};      ///< what it starts, its first word
  bool has_bind_mounts = false;  ///< that its caller has asked for
};

/// Those that are said have to be so, and one at least is.
struct When {
  std::optional<bool> always = {};
  std::optional<bool> has_bind_mounts = {};
  /// Pairs of POSIX extended regular expressions: of each pair there is an annotation.
  std::vector<std::pair<std::string, std::string>> annotations = {};
  std::vector<std::string> commands = {};  ///< one of these expressions fits the command
  bool is_one_enough = false;              ///< as in 0.1.0; later they have to be so all
};

struct HookFile {
  std::vector<Hook> hooks = {};  ///< the same one, at each of its stages
  When when = {};
};

/// As parse_spec(): all of it has to be as the page says. `file` is its name, for messages.
Result<HookFile> parse_hook_file(const std::string& text, const std::string& file);

/// The expressions are those of a file that was parsed.
bool is_for(const When& when, const About& about);

}  // namespace berth::hooks
