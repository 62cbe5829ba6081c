// SPDX-License-Identifier: Apache-2.0
// What a keeper hears from its leader and says to those who want to come in.
#pragma once

#include "base/pass_fd.h"
#include "launcher/enter/linux_process.h"

namespace berth::node {

constexpr char kDoors =
    enter::kDoorsWord;          ///< with the user and mount namespaces (and the configuration)
constexpr char kRefused = 'r';  ///< the keeper does not believe that the peer is of its step

}  // namespace berth::node
