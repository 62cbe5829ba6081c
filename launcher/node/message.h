// SPDX-License-Identifier: Apache-2.0
// One byte and up to three descriptors over a Unix socket (unix(7), SCM_RIGHTS).
#pragma once

#include "base/fd.h"
#include "launcher/enter/linux_process.h"

#include <array>
#include <vector>

namespace berth::node {

constexpr char kDoors =
    enter::kDoorsWord;          ///< with the user and mount namespaces (and the configuration)
constexpr char kRefused = 'r';  ///< the keeper does not believe that the peer is of its step

/// 0 or an errno. Never raises SIGPIPE.
int send_message(int socket, char word, const std::vector<int>& descriptors) noexcept;

struct Message {
  char word = 0;  ///< 0: the peer is gone
  std::vector<UniqueFd> descriptors;
};

/// Waits for one message.
Message receive_message(int socket);

}  // namespace berth::node
