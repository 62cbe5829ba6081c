// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/request_text.h"

#include "base/text.h"
#include "launcher/request/options.h"

#include <algorithm>

namespace berth::request {

namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kLimit = 128UL * 1024;
constexpr std::string_view kEnvChange = "env-change=";
constexpr std::string_view kDigits = "0123456789abcdef";

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/._-:=,+@").find(c) != std::string_view::npos;
}

std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (stands_for_itself(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

/// Empty when an escape is broken or hides a NUL.
std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const std::size_t high = kDigits.find(text[i + 1]);
    const std::size_t low = kDigits.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos || high + low == 0)
      return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(";").append(name);
  if (!value.empty()) text.append("=").append(encode(value));
}

Error damaged(std::string_view what) {
  return Error{Blame::internal,
               "understand the request from Slurm: " + std::string(what),
               {},
               "use the plugin and the berth of one release on every node"};
}

std::vector<Option>::const_iterator find_option(const std::string& name) {
  const auto& table = options();
  return std::find_if(
      table.begin(), table.end(), [&](const Option& option) { return option.name == name; });
}

Status take_field(Request& request, const std::string& field) {
  const std::size_t equals = field.find('=');
  const std::string name = field.substr(0, equals);
  auto value =
      decode(equals == std::string::npos ? "" : std::string_view(field).substr(equals + 1));
  if (!value) return damaged("bad escape in " + quote(name));
  if (name == "image") {
    request.image = std::move(*value);
    return Done{};
  }
  if (name == "command") {
    request.command.push_back(std::move(*value));
    return Done{};
  }
  const auto row = find_option(name);
  if (row == options().end()) return damaged("unknown field " + quote(name));
  return row->apply(request, *value);
}

}  // namespace

std::string to_text(const Request& request) {
  std::string text(kVersion);
  append_field(text, "image", request.image);
  for (const Option& option : options())
    for (const std::string& value : option.values_of(request))
      append_field(text, option.name, value);
  for (const std::string& word : request.command)
    append_field(text, "command", word);
  return text;
}

Result<Request> parse_request_text(std::string_view text, Request request) {
  if (text.size() > kLimit) return damaged("it is longer than " + size_text(kLimit));
  const std::vector<std::string> fields = split(text, ';');
  if (fields[0] != kVersion) return damaged("version " + quote(fields[0].substr(0, 16)));
  for (std::size_t i = 1; i < fields.size(); ++i)
    BERTH_TRY(take_field(request, fields[i]));
  if (request.image.empty()) return damaged("it names no image");
  return request;
}

std::vector<GivenOption> options_given_in_text(std::string_view text) {
  std::vector<GivenOption> given;
  for (std::string field : split(text, ';')) {
    // A change of a variable has its option in front of the value.
    if (field.starts_with(kEnvChange)) field.erase(0, kEnvChange.size());
    const std::size_t equals = std::min(field.find('='), field.size());
    const auto row = find_option(field.substr(0, equals));
    if (row == options().end()) continue;
    const auto value = decode(std::string_view(field).substr(std::min(equals + 1, field.size())));
    given.push_back({static_cast<std::size_t>(row - options().begin()), value.value_or("")});
  }
  return given;
}

}  // namespace berth::request
