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

}  // namespace berth::cli
