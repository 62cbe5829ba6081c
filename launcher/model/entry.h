// SPDX-License-Identifier: Apache-2.0
// How further programs come to be in a container as its own one is. Plain data.
#pragma once

#include "launcher/model/capability.h"
#include "launcher/model/ids.h"
#include "launcher/model/process.h"

#include <linux/filter.h>

#include <optional>
#include <string>
#include <vector>

namespace berth {

struct Entry {
  int namespaces = 0;  ///< flags of clone(2)
  std::string workdir = {};
  bool may_lack_workdir = false;              ///< then it is the root directory
  std::optional<Ids> ids = {};                ///< who it is, if not who the caller is inside
  Capabilities kept = 0;                      ///< in the container's namespaces
  std::vector<std::string> environment = {};  ///< NAME=value
  std::vector<Limit> limits = {};
  std::optional<unsigned> umask = {};
  std::string profile = {};  ///< of system calls, as it was asked for
  std::vector<sock_filter> filter = {};
};

}  // namespace berth
