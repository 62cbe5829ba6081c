// SPDX-License-Identifier: Apache-2.0
// A specification file of the Container Device Interface (SPEC.md of release 0.8.0,
// and what 1.1.0 adds): what devices
// of one kind need in a container. JSON or YAML. Pure.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>
#include <vector>

namespace berth::hooks {

struct Device {
  std::string name;
  Edits edits;
};

struct Spec {
  std::string file;
  std::string kind = {};  ///< "vendor.com/class"
  std::vector<Device> devices = {};
  Edits edits = {};  ///< for whoever gets one of its devices
};

/// All of `text` has to be as the specification says, for the version that it claims: a key that
/// it does not know, a value of a wrong type or a field of a later version is an error. `file` is
/// its name, for messages.
Result<Spec> parse_spec(const std::string& text, const std::string& file);

/// What a site's own hook has written: nothing, or {"cdiVersion": ..., "containerEdits": {...}}.
/// `who`: the hook, for messages.
Result<Edits> parse_hook_answer(const std::string& text, const std::string& who);

}  // namespace berth::hooks
