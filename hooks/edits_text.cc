// SPDX-License-Identifier: Apache-2.0
#include "hooks/edits_text.h"

#include "base/hex.h"
#include "hooks/hook_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kCannot = "cannot ";

// Names and paths may be any bytes; the other side gets what is not UTF-8 as U+FFFD.
constexpr auto kReplace = Json::error_handler_t::replace;

Json optional_number(const std::optional<std::uint32_t>& number) {
  return number ? Json(*number) : Json();
}

std::optional<std::uint32_t> number_in(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<std::uint32_t>();
}

Json to_json(const std::vector<OwnFile>& files) {
  Json all = Json::array();
  for (const OwnFile& file : files)
    all.push_back({{"to", file.to}, {"hex", to_hex(file.bytes)}});
  return all;
}

Json to_json(const Edits& edits) {
  Json devices = Json::array();
  for (const DeviceNode& node : edits.devices)
    devices.push_back({{"path", node.path},
                       {"from", node.from},
                       {"type", node.type == '\0' ? std::string() : std::string(1, node.type)},
                       {"major", optional_number(node.major)},
                       {"minor", optional_number(node.minor)}});
  Json mounts = Json::array();
  for (const Mount& mount : edits.mounts)
    mounts.push_back(
        {{"from", mount.from}, {"to", mount.to}, {"type", mount.type}, {"options", mount.options}});
  return {{"who", edits.who},
          {"variables", edits.variables},
          {"prepended", edits.prepended},
          {"devices", std::move(devices)},
          {"mounts", std::move(mounts)},
          {"hooks", to_json(edits.hooks)},
          {"files", to_json(edits.files)},
          {"groups", edits.groups},
          {"left_out", edits.left_out},
          {"says", edits.says},
          {"warning", edits.warning},
          {"seen", edits.seen ? Json(*edits.seen) : Json()}};
}

Edits from_json(const Json& json) {
  Edits edits;
  edits.who = json.at("who").get<std::string>();
  edits.variables = json.at("variables").get<std::vector<std::string>>();
  edits.prepended = json.at("prepended").get<std::vector<std::string>>();
  for (const Json& node : json.at("devices")) {
    const auto type = node.at("type").get<std::string>();
    edits.devices.push_back({node.at("path").get<std::string>(),
                             node.at("from").get<std::string>(),
                             type.empty() ? '\0' : type.front(),
                             number_in(node.at("major")),
                             number_in(node.at("minor"))});
  }
  for (const Json& mount : json.at("mounts"))
    edits.mounts.push_back({mount.at("from").get<std::string>(),
                            mount.at("to").get<std::string>(),
                            mount.at("type").get<std::string>(),
                            mount.at("options").get<std::vector<std::string>>()});
  edits.hooks = hooks_from_json(json.at("hooks"));
  for (const Json& file : json.at("files"))
    edits.files.push_back(
        {file.at("to").get<std::string>(), from_hex(file.at("hex").get<std::string>())});
  edits.groups = json.at("groups").get<std::vector<std::uint32_t>>();
  edits.left_out = json.at("left_out").get<std::vector<std::string>>();
  edits.says = json.at("says").get<std::string>();
  edits.warning = json.at("warning").get<std::string>();
  if (const Json& seen = json.at("seen"); !seen.is_null())
    edits.seen = seen.get<std::vector<std::string>>();
  return edits;
}

Result<Answer> take(const Json& json) {
  if (const auto error = json.find("error"); error != json.end())
    return Error{static_cast<Blame>(error->at("blame").get<int>()),
                 error->at("goal").get<std::string>(),
                 {},
                 error->at("hint").get<std::string>()};
  Answer answer;
  for (const Json& edits : json.at("edits"))
    answer.edits.push_back(from_json(edits));
  answer.warnings = json.at("warnings").get<std::vector<std::string>>();
  return answer;
}

}  // namespace

std::string to_text(const Result<Answer>& answer) {
  Json json;
  if (answer) {
    json["edits"] = Json::array();
    for (const Edits& one : answer->edits)
      json["edits"].push_back(to_json(one));
    json["warnings"] = answer->warnings;
  } else {
    json["error"] = {{"blame", static_cast<int>(answer.error().blame)},
                     {"goal", sentence_of(answer.error()).substr(kCannot.size())},
                     {"hint", answer.error().hint}};
  }
  return json.dump(-1, ' ', false, kReplace) + "\n";
}

Result<Answer> parse_answer(std::string_view text) {
  while (text.starts_with(kLooksAt))
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  try {
    return take(Json::parse(text));
  } catch (const Json::exception&) {
    return Error{Blame::internal, "understand what berth-hooks says"};
  }
}

std::string last_look(std::string_view text) {
  const std::size_t begin = text.substr(0, text.rfind('\n')).rfind('\n') + 1;
  const std::string_view line = text.substr(begin, text.rfind('\n') - begin);
  return line.starts_with(kLooksAt) ? std::string(line.substr(1)) : "";
}

}  // namespace berth::hooks
