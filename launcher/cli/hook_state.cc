// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/hook_state.h"

#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"
#include "launcher/request/hooks.h"
#include "launcher/request/image_config.h"

#include <nlohmann/json.hpp>

namespace berth::cli {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

/// As the launch would start it without hooks.
Json process_of(const std::vector<Step>& rest) {
  Json process = Json::object();
  for (const Step& step : rest) {
    if (const auto* work = std::get_if<EnterDirectory>(&step)) process["cwd"] = work->path;
    const auto* program = std::get_if<Execute>(&step);
    if (program == nullptr) continue;
    process["args"] = program->arguments;
    process["env"] = program->environment;
  }
  return process;
}

/// What the caller has asked for, of the node's files.
Json mounts_of(const Request& request) {
  Json mounts = Json::array();
  for (const Bind& bind : request.binds)
    if (bind.origin == Origin::host && bind.image == 0)
      mounts.push_back({{"source", bind.from}, {"destination", bind.to}});
  return mounts;
}

/// Where something else than the node's files hides what the image has.
Json covered_by(const Request& request) {
  Json covered = request.masked;
  for (const Bind& bind : request.binds)
    if (bind.origin != Origin::host || bind.image != 0) covered.push_back(bind.to);
  return covered;
}

Json images_of(const Launch& launch) {
  Json images = Json::array();
  const auto configs = request::split_configs(launch.image.config);
  for (std::size_t i = 0; i < launch.image.layers.size(); ++i) {
    Json image = {{"name", launch.image.layers[i].name}};
    if (i < configs.size()) {
      Json config = Json::parse(configs[i], nullptr, false);
      if (config.is_object()) image["config"] = std::move(config);
    }
    images.push_back(std::move(image));
  }
  return images;
}

Json user_of(const Launch& launch) {
  const std::string home = plan::home_of(launch);
  return {{"uid", launch.facts.uid},
          {"gid", launch.facts.gid},
          {"home", home},
          {"homeIsShown", launch.request.home == Home::host && home == launch.facts.home}};
}

Json rank_of(const Rank& rank) {
  return {{"launcher", rank.launcher},
          {"rank", rank.rank},
          {"localRank", rank.local_rank},
          {"localSize", rank.local_size}};
}

}  // namespace

bool asks_hooks(const Request& request) {
  return request::looks_into_image(request) || asks_programs(request);
}

bool asks_programs(const Request& request) {
  return !request.without_hooks &&
         (!request.edit_hooks.empty() || !request.hook_directories.empty());
}

bool may_have_hooks(const Request& request) {
  return asks_programs(request) || !request.gpus.empty() || !request.devices.empty();
}

std::vector<std::pair<std::string, std::string>> annotations_of(const Request& request) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& text : request.annotations)
    all.emplace_back(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
  return all;
}

std::vector<std::string> shown_of(const Launch& launch) {
  std::vector<std::string> shown;
  const auto binds = plan::choose_binds(launch.request, launch.facts);
  if (!binds) return shown;
  for (const Bind& bind : *binds) {
    const bool is_partly = bind.to == "/dev" && launch.request.own_ipc;
    if (!is_partly && bind.from == bind.to && plan::is_shown(bind.to, *binds))
      shown.push_back(bind.to);
  }
  return shown;
}

Result<std::string> hook_state(const Launch& launch) {
  const auto rest = plan::make_rest(launch);
  if (!rest) return rest.error();
  Json annotations = Json::object();
  for (const auto& [key, value] : annotations_of(launch.request))
    annotations[key] = value;
  const Json state = {{"version", kVersion},
                      {"image", launch.request.image},
                      {"images", images_of(launch)},
                      {"process", process_of(*rest)},
                      {"mounts", mounts_of(launch.request)},
                      {"covered", covered_by(launch.request)},
                      {"shown", shown_of(launch)},
                      {"devices", launch.request.devices},
                      {"gpus", launch.request.gpus},
                      {"annotations", std::move(annotations)},
                      {"user", user_of(launch)},
                      {"network", launch.request.net == Net::host ? "host" : "own"},
                      {"rank", rank_of(launch.facts.rank)}};
  return state.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace berth::cli
