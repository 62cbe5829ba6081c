// SPDX-License-Identifier: Apache-2.0
// Credentials in files as docker and podman write them: "auths", "credHelpers", "credsStore". Pure.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::registry {

struct Credentials {
  std::string user = {};
  std::string password = {};
  std::string identity_token = {};  ///< to be exchanged for a token; then the rest is empty
  std::string registry_token = {};  ///< to be sent as it is; then the rest is empty
  std::string source = {};          ///< for messages: "'/home/ada/.docker/config.json'"

  [[nodiscard]] bool is_empty() const {
    return user.empty() && password.empty() && identity_token.empty() && registry_token.empty();
  }
};

/// What a file says about one image: the credentials, or the program that has them.
struct Found {
  Credentials credentials = {};
  std::string helper = {};  ///< "secretservice": the program docker-credential-secretservice
  std::string server = {};  ///< what to ask the helper for
};

/// The keys that credentials for an image may stand under, the most telling first:
/// "host/team/app", "host/team", "host", and what docker writes for its own registry.
std::vector<std::string> keys_for(const std::string& registry, const std::string& repository);

/// Looks into the document `text`; `name` is its file. Nothing when it says nothing about the
/// image. A file that is broken is an error, which never shows what is in it.
Result<std::optional<Found>> find_in_auth_file(const std::string& text,
                                               const std::string& name,
                                               const std::vector<std::string>& keys);

/// True for what may be a part of a program's name.
bool is_helper_name(const std::string& text);

/// What a credential helper has answered.
Result<Credentials> parse_helper_answer(const std::string& text, const std::string& name);

std::string encode_base64(const std::string& bytes);
std::optional<std::string> decode_base64(const std::string& text);

}  // namespace berth::registry
