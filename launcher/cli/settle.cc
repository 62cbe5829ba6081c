// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/settle.h"

#include "launcher/request/run_settings.h"
#include "launcher/survey/survey.h"

#include <string>

namespace berth::cli {

namespace {

void warn(Session& session, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return;
  if (survey::rank_of(session.environment, session.parent).local_rank != 0) return;
  for (const std::string& sentence : sentences)
    session.streams.err("berth: " + sentence + "\n");
}

}  // namespace

Result<Request> settle(Session& session, const Wish& wish) {
  auto alone = wish.parse({});
  if (!alone || alone->help_only) return alone;
  const auto settings = request::read_run_settings(request::run_files_for(session.environment));
  if (!settings) return settings.error();
  if (settings->are_empty()) return alone;
  auto presets = request::make_preset_request(*settings);
  if (!presets) return presets;
  presets->preset_env = presets->env.size();
  auto request = wish.parse(std::move(*presets));
  if (!request) return request;
  const auto given = wish.options();
  if (!given) return given.error();
  const auto in_vain = request::apply_rules(*settings, *given, *request);
  if (!in_vain) return in_vain.error();
  if (!request->quiet) warn(session, *in_vain);
  return request;
}

}  // namespace berth::cli
