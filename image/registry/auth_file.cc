// SPDX-License-Identifier: Apache-2.0
#include "image/registry/auth_file.h"

#include "base/text.h"
#include "image/source/json.h"

#include <algorithm>
#include <string_view>

namespace berth::registry {

namespace {

using source::Json;
using source::member_of;
using source::text_of;

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// docker writes this for its own registry, and older clients wrote such things for others.
constexpr const char* kDockerKey = "https://index.docker.io/v1/";

/// "https://host/v2/" becomes "host"; a key without a scheme stays.
std::string plain_key(const std::string& key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!key.starts_with(scheme)) continue;
    const std::string rest = key.substr(scheme.size());
    return rest.substr(0, rest.find('/'));
  }
  return key;
}

Error broken(const std::string& name, const std::string& why) {
  return Error{Blame::config, "read the credentials in " + quote(name) + ": " + why};
}

Result<Credentials> parse_entry(const Json& entry, const std::string& name) {
  Credentials credentials;
  credentials.source = quote(name);
  credentials.identity_token = text_of(entry, "identitytoken");
  credentials.registry_token = text_of(entry, "registrytoken");
  if (!credentials.identity_token.empty() || !credentials.registry_token.empty())
    return credentials;
  credentials.user = text_of(entry, "username");
  credentials.password = text_of(entry, "password");
  const std::string packed = text_of(entry, "auth");
  if (packed.empty()) return credentials;
  const auto pair = decode_base64(packed);
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0)
    return broken(name, "an 'auth' is not the base64 of USER:PASSWORD");
  credentials.user = pair->substr(0, colon);
  credentials.password = pair->substr(colon + 1);
  // docker pads with NUL.
  credentials.password.erase(
      std::min(credentials.password.find('\0'), credentials.password.size()));
  return credentials;
}

/// The member of `entries` for a key; keys with a scheme count where no plain one is there.
const Json* find_entry(const Json& entries, const std::string& key) {
  if (!entries.is_object()) return nullptr;
  const auto exact = entries.find(key);
  if (exact != entries.end()) return &*exact;
  for (const auto& [name, value] : entries.items()) {
    if (plain_key(name) == key) return &value;
  }
  return nullptr;
}

std::optional<std::string> helper_for(const Json& document, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const std::string helper = text_of(member_of(document, "credHelpers"), key.c_str());
    if (!helper.empty()) return helper;
  }
  return std::nullopt;
}

Result<std::optional<Found>> ask_helper(const std::string& helper,
                                        const std::string& name,
                                        const std::vector<std::string>& keys) {
  if (!is_helper_name(helper))
    return broken(name, quote(helper) + " is no name of a credential helper");
  Found found;
  found.helper = helper;
  // Helpers know docker's own registry by the address that docker uses for it.
  const bool is_docker = std::find(keys.begin(), keys.end(), kDockerKey) != keys.end();
  found.server = is_docker ? kDockerKey : keys.back();
  return std::optional(std::move(found));
}

}  // namespace

std::vector<std::string> keys_for(const std::string& registry, const std::string& repository) {
  std::vector<std::string> keys;
  std::string key = registry + "/" + repository;
  while (key.size() > registry.size()) {
    keys.push_back(key);
    key.resize(key.rfind('/'));
  }
  if (registry == "docker.io") keys.emplace_back(kDockerKey);
  keys.push_back(registry);
  return keys;
}

Result<std::optional<Found>> find_in_auth_file(const std::string& text,
                                               const std::string& name,
                                               const std::vector<std::string>& keys) {
  const auto document = source::parse_json(text);
  if (!document || !document->is_object()) return broken(name, "it is not a JSON object");
  if (const auto helper = helper_for(*document, keys)) return ask_helper(*helper, name, keys);
  for (const std::string& key : keys) {
    const Json* entry = find_entry(member_of(*document, "auths"), key);
    if (entry == nullptr) continue;
    auto credentials = parse_entry(*entry, name);
    if (!credentials) return std::move(credentials.error());
    if (!credentials->is_empty()) return std::optional(Found{std::move(*credentials), {}, {}});
  }
  const std::string store = text_of(*document, "credsStore");
  if (!store.empty()) return ask_helper(store, name, keys);
  return std::optional<Found>();
}

bool is_helper_name(const std::string& text) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_fine);
}

Result<Credentials> parse_helper_answer(const std::string& text, const std::string& name) {
  const auto document = source::parse_json(text);
  if (!document || !document->is_object())
    return Error{Blame::config,
                 "read the credentials of " + quote(name) + ": it gives no JSON object"};
  Credentials credentials;
  credentials.source = quote(name);
  const std::string user = text_of(*document, "Username");
  const std::string secret = text_of(*document, "Secret");
  if (user == "<token>") {
    credentials.identity_token = secret;
  } else {
    credentials.user = user;
    credentials.password = secret;
  }
  return credentials;
}

std::string encode_base64(const std::string& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
  }
  return text;
}

std::optional<std::string> decode_base64(const std::string& text) {
  std::string bytes;
  unsigned group = 0;
  unsigned bits = 0;
  const std::size_t end = text.find_last_not_of('=') + 1;  // npos + 1 is 0
  for (std::size_t i = 0; i < end; ++i) {
    const std::size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255);
  }
  return bytes;
}

}  // namespace berth::registry
