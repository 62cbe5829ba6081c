// SPDX-License-Identifier: Apache-2.0
// Addresses on the web, and which of them a server may send us to. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace berth::registry {

struct Url {
  std::string scheme = {};     ///< "https" or "http"
  std::string authority = {};  ///< HOST[:PORT], small letters, without a port that is the usual one
  std::string rest = {};       ///< path and query, from '/'
};

/// "https://host/path?query". Nothing for other schemes and for what has a user or is no URL.
std::optional<Url> parse_url(const std::string& text);

/// Where `location`, absolute or not, leads from `base`.
std::optional<Url> resolve_url(const Url& base, const std::string& location);

std::string to_text(const Url& url);

/// True when a password for one may be shown to the other: the same scheme, host and port.
bool is_same_origin(const Url& one, const Url& other);

/// The host of HOST[:PORT], without the brackets of an IPv6 address.
std::string host_of(const std::string& authority);

/// True when `authority` is in `hosts`; an entry without a port stands for every port.
bool is_listed(const std::string& authority, const std::vector<std::string>& hosts);

/// True for addresses that no registry has but that a hostile one may want to be asked from here:
/// link-local ones, among them those where clouds keep their machines' credentials.
bool is_forbidden(const sockaddr& address);

/// The same for a host that is written as an address.
bool is_forbidden_host(const std::string& host);

/// `text` with everything but letters, digits and "-._~" as %XX.
std::string escape(std::string_view text);

}  // namespace berth::registry
