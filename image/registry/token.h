// SPDX-License-Identifier: Apache-2.0
// Tokens from a registry's token server, for a challenge "Bearer".
#pragma once

#include "base/result.h"
#include "image/registry/auth_file.h"
#include "image/registry/challenge.h"
#include "image/registry/http.h"

#include <string>

namespace berth::registry {

struct TokenRequest {
  std::string registry;
  std::string scope;  ///< where the challenge names none
  const Challenge& challenge;
  const Credentials& credentials;
};

/// "Basic BASE64", of user and password.
std::string basic_authorization(const Credentials& credentials);

/// Asks the server that the challenge names, over TLS unless the user has said otherwise of it.
/// It gets the password, as is the protocol; redirects are not followed.
Result<std::string> fetch_token(Http& http, const TokenRequest& wanted);

}  // namespace berth::registry
