// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/settle.h"

#include "launcher/request/environment_file.h"
#include "launcher/request/run_settings.h"
#include "launcher/survey/survey.h"

#include <optional>
#include <string>
#include <utility>

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
  std::optional<request::EnvironmentFile> environment;
  if (request::names_environment_file(alone->image)) {
    auto read = request::read_environment_file(alone->image);
    if (!read) return std::move(read.error());
    environment = std::move(*read);
  }
  const auto settings = request::read_run_settings(request::run_files_for(session.environment));
  if (!settings) return settings.error();
  if (settings->are_empty() && !environment) return alone;
  auto base = request::make_preset_request(*settings);
  if (!base) return base;
  base->preset_env = base->env.size();
  if (environment) BERTH_TRY(request::apply(*environment, *base));
  auto request = wish.parse(std::move(*base));
  if (!request) return request;
  auto given = wish.options();
  if (!given) return given.error();
  if (environment) {
    request->image = environment->image;
    given->insert(given->begin(), environment->options.begin(), environment->options.end());
  }
  const auto in_vain = request::apply_rules(*settings, *given, *request);
  if (!in_vain) return in_vain.error();
  if (!request->quiet) warn(session, *in_vain);
  return request;
}

}  // namespace berth::cli
