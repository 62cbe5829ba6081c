// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/env_changes.h"

#include "base/text.h"

#include <array>
#include <string_view>

namespace berth::request {

namespace {

using Kind = EnvChange::Kind;

bool has_name(const std::string& text) {
  return !text.empty() && text.front() != '=';
}

Error no_variable(const std::string& value, const std::string& option) {
  return Error{Blame::usage, "use " + quote(value) + " as a variable", {}, "write " + option};
}

Status extend(Request& request, const std::string& value, Kind kind, const std::string& option) {
  if (!has_name(value) || value.find('=') == std::string::npos)
    return no_variable(value, option + " NAME=VALUE");
  request.env.push_back({kind, value});
  return Done{};
}

struct Row {
  std::string_view option;
  Status (*add)(Request& request, const std::string& value);
};

/// In the order of Kind.
constexpr std::array<Row, 6> kRows = {{{"env", set_variable},
                                       {"env", set_variable},
                                       {"unset-env", unset_variable},
                                       {"env-prepend", prepend_to_variable},
                                       {"env-append", append_to_variable},
                                       {"env-file", add_env_file}}};

}  // namespace

Status set_variable(Request& request, const std::string& value) {
  if (!has_name(value)) return no_variable(value, "--env NAME=VALUE");
  const bool has_value = value.find('=') != std::string::npos;
  request.env.push_back({has_value ? Kind::set : Kind::take, value});
  return Done{};
}

Status add_env_file(Request& request, const std::string& value) {
  request.env.push_back({Kind::file, value});
  return Done{};
}

Status prepend_to_variable(Request& request, const std::string& value) {
  return extend(request, value, Kind::prepend, "--env-prepend");
}

Status append_to_variable(Request& request, const std::string& value) {
  return extend(request, value, Kind::append, "--env-append");
}

Status unset_variable(Request& request, const std::string& value) {
  if (value.empty() || value.find('=') != std::string::npos)
    return no_variable(value, "--unset-env NAME, which may have '*' in it");
  request.env.push_back({Kind::unset, value});
  return Done{};
}

Status set_explained_variable(Request& request, const std::string& value) {
  if (value.empty() || value.find('=') != std::string::npos)
    return no_variable(value, "--explain-env NAME");
  request.explain_env = value;
  return Done{};
}

Status take_env_change(Request& request, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string_view option = std::string_view(text).substr(0, equals);
  for (const Row& row : kRows)
    if (equals != std::string::npos && row.option == option)
      return row.add(request, text.substr(equals + 1));
  return Error{Blame::internal, "understand the change of a variable " + quote(text)};
}

std::vector<std::string> env_change_texts(const Request& request) {
  std::vector<std::string> texts;
  texts.reserve(request.env.size());
  for (const EnvChange& change : request.env)
    texts.push_back(std::string(kRows[static_cast<std::size_t>(change.kind)].option) + "=" +
                    change.text);
  return texts;
}

}  // namespace berth::request
