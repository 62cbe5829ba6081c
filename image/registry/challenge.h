// SPDX-License-Identifier: Apache-2.0
// What an answer 401 asks for: the header WWW-Authenticate (RFC 9110, section 11.6.1). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::registry {

struct Challenge {
  std::string scheme = {};                             ///< small letters: "bearer", "basic"
  std::map<std::string, std::string> parameters = {};  ///< names in small letters

  /// The parameter `name`; empty when there is none.
  [[nodiscard]] std::string get(const std::string& name) const;
};

/// All challenges of one header line. What cannot be understood ends the list.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace berth::registry
