// SPDX-License-Identifier: Apache-2.0
// JSON from outside, read without exceptions: a member of the wrong type is a member that is
// missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace berth::source {

using Json = nlohmann::json;

/// The document, or nothing when `text` is not one.
inline std::optional<Json> parse_json(std::string_view text) {
  Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return std::nullopt;
  return document;
}

/// The member `key` of an object; null for anything that has none.
inline const Json& member_of(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

/// The text at `key`; empty when missing or no text.
inline std::string text_of(const Json& object, const char* key) {
  const auto* text = member_of(object, key).get_ptr<const std::string*>();
  return text == nullptr ? std::string() : *text;
}

/// The whole number at `key`, when there is one and it is not negative.
inline std::optional<std::uint64_t> number_of(const Json& object, const char* key) {
  const auto* number = member_of(object, key).get_ptr<const Json::number_unsigned_t*>();
  if (number == nullptr) return std::nullopt;
  return *number;
}

}  // namespace berth::source
