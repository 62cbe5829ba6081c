// SPDX-License-Identifier: Apache-2.0
#include "hooks/own/own.h"

#include "base/text.h"

namespace berth::hooks {

Result<Edits> find_own(const std::string& name) {
  if (name == "localtime") return find_localtime("");
  return Error{Blame::internal, "find the hook " + quote(name)};
}

}  // namespace berth::hooks
