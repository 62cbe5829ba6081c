// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/session.h"

#include "launcher/survey/survey.h"

namespace berth::cli {

std::string variable(const Session& session, std::string_view name) {
  return survey::value_of(session.environment, name);
}

void print(Session& session, const Error& error) {
  session.streams.err(to_text(error) + "\n");
}

void print_for_rank(Session& session, Error error) {
  const Rank rank = survey::rank_of(session.environment, session.parent);
  if (rank.launcher.empty()) return print(session, error);
  if (rank.local_rank != 0) error.hint.clear();
  const std::string who = "berth[" + survey::node_name() + ":" + std::to_string(rank.rank) + "]";
  session.streams.err(to_text(error, who) + "\n");
}

}  // namespace berth::cli
