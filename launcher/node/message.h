// SPDX-License-Identifier: Apache-2.0
// What a keeper hears from its leader and says to those who want to come in.
#pragma once

#include "base/pass_fd.h"
#include "launcher/enter/linux_process.h"

namespace berth::node {

constexpr char kDoors = enter::kDoorsWord;  ///< with the namespaces (and the configuration)
constexpr char kNetwork = enter::kNetworkWord;
constexpr char kIds = enter::kIdsWord;
constexpr char kRefused = 'r';  ///< the peer is not of its step; or it could not be done

}  // namespace berth::node
