// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/identity.h"

#include "launcher/plan/plan.h"
#include "launcher/survey/survey.h"

#include <unistd.h>

namespace berth::cli {

namespace {

/// An identity is text without it.
constexpr char kBehindIdentity = '\0';

}  // namespace

Status find_ids(Launch& launch) {
  BERTH_TRY(plan::check_user(launch.request));
  if (!launch.request.with_subordinates) return Done{};
  auto ids = survey::find_subordinate_ids();
  if (!ids) return std::move(ids.error());
  launch.facts.subordinate = std::move(*ids);
  launch.facts.uid = ::getuid();
  launch.facts.gid = ::getgid();
  return Done{};
}

IdMaps maps_for(const Launch& launch) {
  if (!launch.request.with_subordinates) return {};
  return plan::maps_of(launch.request, launch.facts);
}

Status find_identity(Launch& launch) {
  if (launch.request.user.empty()) return Done{};
  auto identity = plan::find_identity(launch);
  if (!identity) return std::move(identity.error());
  launch.identity = std::move(*identity);
  return Done{};
}

std::string text_for_joiners(const Launch& launch) {
  if (!launch.identity) return launch.image.config;
  return plan::to_text(*launch.identity) + kBehindIdentity + launch.image.config;
}

Status take_from_leader(Launch& launch, const std::string& text) {
  if (launch.request.user.empty()) {
    launch.image.config = text;
    return Done{};
  }
  const std::size_t end = text.find(kBehindIdentity);
  launch.identity = plan::parse_identity(text.substr(0, end));
  if (!launch.identity || end == std::string::npos)
    return Error{Blame::internal,
                 "join the container of this step: it does not say who runs in it"};
  launch.image.config = text.substr(end + 1);
  return Done{};
}

}  // namespace berth::cli
