// SPDX-License-Identifier: Apache-2.0
#include "launcher/model/network.h"

#include "base/fd.h"
#include "launcher/survey/survey.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace berth::survey {

Result<std::string> find_network_program() {
  const std::string goal = "connect a network of the container's own to the node's";
  const auto* const found =
      std::find_if(kNetworkPrograms.begin(), kNetworkPrograms.end(), [](std::string_view program) {
        return ::access(program.data(), X_OK) == 0;  // of literals: they end with NUL
      });
  if (found == kNetworkPrograms.end())
    return Error{
        Blame::host,
        goal + ": this node has neither pasta nor slirp4netns",
        {},
        "ask the administrator to install passt or slirp4netns, or leave --net=private out"};
  const UniqueFd device(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (device.is_open()) return std::string(*found);
  Error error = refused("open", goal + ": use '/dev/net/tun'", errno);
  error.hint = "ask the administrator to open the device: chmod 666 /dev/net/tun";
  return error;
}

}  // namespace berth::survey
