// SPDX-License-Identifier: Apache-2.0
#include "image/registry/url.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

namespace berth::registry {

namespace {

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

using Handle = std::unique_ptr<CURLU, FreeUrl>;

std::optional<std::string> part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy = text;
  curl_free(text);
  return copy;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<Url> url_of(CURLU* handle) {
  if (part_of(handle, CURLUPART_USER) || part_of(handle, CURLUPART_PASSWORD)) return std::nullopt;
  const auto scheme = part_of(handle, CURLUPART_SCHEME);
  const auto host = part_of(handle, CURLUPART_HOST);
  const auto port = part_of(handle, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  const auto path = part_of(handle, CURLUPART_PATH);
  const auto query = part_of(handle, CURLUPART_QUERY);
  if (!scheme || !host || host->empty() || !path) return std::nullopt;
  if (*scheme != "https" && *scheme != "http") return std::nullopt;
  Url url{*scheme, lower(*host) + (port ? ":" + *port : ""), *path + (query ? "?" + *query : "")};
  // What is not printable could end a header line.
  if (!is_printable(url.authority) || !is_printable(url.rest)) return std::nullopt;
  return url;
}

bool is_forbidden_v4(std::uint32_t address) {
  const std::uint32_t high = address >> 16;
  // 169.254.0.0/16, link-local; 0.0.0.0/8 means this host, 224.0.0.0/3 many or none;
  // 100.100.100.200 is one cloud's metadata server outside of the first.
  return high == 0xa9fe || (address >> 24) == 0 || address >= 0xe0000000U || address == 0x646464c8U;
}

bool is_forbidden_v6(const in6_addr& address) {
  const auto* byte = address.s6_addr;
  // fd00:ec2::254 is another one's.
  static constexpr std::array<unsigned char, 16> kMetadata = {
      0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
    if (IN6_IS_ADDR_LOOPBACK(&address)) return false;
    return is_forbidden_v4((std::uint32_t{byte[12]} << 24) | (std::uint32_t{byte[13]} << 16) |
                           (std::uint32_t{byte[14]} << 8) | byte[15]);
  }
  return (byte[0] == 0xfe && (byte[1] & 0xc0) == 0x80) || byte[0] == 0xff ||
         IN6_IS_ADDR_UNSPECIFIED(&address) || std::memcmp(byte, kMetadata.data(), 16) == 0;
}

}  // namespace

std::optional<Url> parse_url(const std::string& text) {
  const Handle handle(curl_url());
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  return url_of(handle.get());
}

std::optional<Url> resolve_url(const Url& base, const std::string& location) {
  const Handle handle(curl_url());
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, to_text(base).c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  return url_of(handle.get());
}

std::string to_text(const Url& url) {
  return url.scheme + "://" + url.authority + url.rest;
}

bool is_same_origin(const Url& one, const Url& other) {
  return one.scheme == other.scheme && one.authority == other.authority;
}

std::string host_of(const std::string& authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

bool is_listed(const std::string& authority, const std::vector<std::string>& hosts) {
  return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& entry) {
    const std::string one = lower(entry);
    const std::string host = host_of(authority);
    return one == authority || one == authority + ":80" || one == host || one == "[" + host + "]";
  });
}

bool is_forbidden(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return is_forbidden_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return is_forbidden_v6(v6.sin6_addr);
  }
  return true;
}

bool is_forbidden_host(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return is_forbidden_v4(ntohl(v4.s_addr));
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && is_forbidden_v6(v6);
}

std::string escape(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') ||
                          std::string_view("-._~").find(c) != std::string_view::npos;
    if (is_plain) {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kDigits[byte >> 4];
      escaped += kDigits[byte & 15];
    }
  }
  return escaped;
}

}  // namespace berth::registry
