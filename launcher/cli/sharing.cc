// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/sharing.h"

#include "launcher/cli/named.h"
#include "launcher/node/meet.h"
#include "launcher/request/request_text.h"

#include <utility>

namespace berth::cli {

namespace {

/// All that decides what the shared part of the container looks like.
std::string shape_of(const Request& request, const Facts& facts) {
  Request shared = request;
  shared.command.clear();
  shared.env.clear();
  shared.workdir.reset();
  shared.entrypoint.reset();
  shared.limits.clear();
  shared.umask.reset();
  shared.placing = {};
  shared.seccomp.clear();
  shared.timeout = 0;
  shared.stop_signal.reset();
  shared.stop_timeout.reset();
  shared.tty = shared.trace = shared.verbose = shared.quiet = false;
  shared.trace_file.clear();
  return request::to_text(shared) + "\n" + facts.home + "\n" + facts.cwd;
}

}  // namespace

bool should_share(const Request& request, const Facts& facts) {
  if (is_named(request)) return false;  // a name is one container's
  if (request.share != Share::automatic) return request.share == Share::node;
  return facts.rank.local_size > 1;
}

std::string meeting_name(const Launch& launch, std::string identities) {
  node::MeetingPlace place;
  place.uid = launch.facts.uid;
  place.step = launch.facts.rank.step + launch.request.step_key;
  place.image = std::move(identities);
  place.shape = shape_of(launch.request, launch.facts);
  place.outlook = node::read_outlook();
  return node::name_of(place);
}

}  // namespace berth::cli
