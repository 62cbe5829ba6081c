// SPDX-License-Identifier: Apache-2.0
#include "hooks/hook_json.h"

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

}  // namespace

Json to_json(const std::vector<Hook>& hooks) {
  Json all = Json::array();
  for (const Hook& hook : hooks)
    all.push_back({{"stage", static_cast<unsigned>(hook.stage)},
                   {"path", hook.path},
                   {"words", hook.words},
                   {"variables", hook.variables},
                   {"seconds", hook.seconds},
                   {"who", hook.who}});
  return all;
}

std::vector<Hook> hooks_from_json(const Json& json) {
  std::vector<Hook> hooks;
  for (const Json& hook : json)
    hooks.push_back({static_cast<Stage>(hook.at("stage").get<unsigned>() %
                                        (static_cast<unsigned>(Stage::poststop) + 1)),
                     hook.at("path").get<std::string>(),
                     hook.at("words").get<Texts>(),
                     hook.at("variables").get<Texts>(),
                     hook.at("seconds").get<std::uint32_t>(),
                     hook.at("who").get<std::string>()});
  return hooks;
}

}  // namespace berth::hooks
