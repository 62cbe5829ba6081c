// SPDX-License-Identifier: Apache-2.0
#include "hooks/standing.h"

#include "hooks/hook_json.h"

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using Json = nlohmann::json;

Standing take(const Json& json) {
  Standing standing{json.at("id").get<std::string>(), json.at("base").get<std::string>()};
  for (const auto& [key, value] : json.at("annotations").items())
    standing.annotations.emplace_back(key, value.get<std::string>());
  standing.hooks = hooks_from_json(json.at("hooks"));
  standing.shows_output = json.at("shows_output").get<bool>();
  standing.keeps_errors = json.at("keeps_errors").get<bool>();
  return standing;
}

}  // namespace

std::string to_text(const Standing& standing) {
  Json annotations = Json::object();
  for (const auto& [key, value] : standing.annotations)
    annotations[key] = value;
  const Json json = {{"id", standing.id},
                     {"base", standing.base},
                     {"annotations", std::move(annotations)},
                     {"hooks", to_json(standing.hooks)},
                     {"shows_output", standing.shows_output},
                     {"keeps_errors", standing.keeps_errors}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Standing> parse_standing(std::string_view text) {
  try {
    return take(Json::parse(text));
  } catch (const Json::exception&) {
    return Error{Blame::internal, "understand which hooks to run"};
  }
}

}  // namespace berth::hooks
