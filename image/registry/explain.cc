// SPDX-License-Identifier: Apache-2.0
#include "image/registry/explain.h"

#include "base/text.h"
#include "image/registry/patience.h"
#include "image/source/json.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace berth::registry {

namespace {

/// The message of an error answer (distribution-spec, "Error Codes"), cut to a line's length.
std::string message_in(const std::string& body) {
  constexpr std::size_t kLongest = 200;
  const auto document = source::parse_json(body);
  if (!document) return {};
  const auto& errors = source::member_of(*document, "errors");
  std::string message = source::text_of(*document, "message");
  if (errors.is_array() && !errors.empty()) message = source::text_of(errors[0], "message");
  if (message.empty()) message = source::text_of(*document, "details");
  return message.substr(0, kLongest);
}

std::string duration_text(std::uint64_t seconds) {
  const auto counted = [](std::uint64_t count, const std::string& unit) {
    return count == 1 ? "1 " + unit : std::to_string(count) + " " + unit + "s";
  };
  if (seconds >= 7200) return counted((seconds + 1800) / 3600, "hour");
  if (seconds >= 120) return counted((seconds + 30) / 60, "minute");
  return counted(seconds, "second");
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error explain_limit(const Exchange& exchange, const std::string& goal) {
  Error error{Blame::host, goal + "it limits how much one may ask"};
  const std::string limit = limit_text(exchange.header("ratelimit-limit"));
  if (!limit.empty()) error.goal += ", " + limit;
  const std::string message = message_in(exchange.body);
  if (!message.empty()) error.goal += ", and says " + quote(message);
  error.hint = "log in if you have not, name a mirror in berth.yaml, or try again later";
  if (const auto wait = wait_asked_for(exchange))
    error.hint = "log in if you have not, name a mirror in berth.yaml, or try again in " +
                 duration_text(static_cast<std::uint64_t>(wait->count()));
  return error;
}

/// The library's words may quote the server's: one line, and not a long one.
std::string plain(const std::string& text) {
  constexpr std::size_t kLongest = 200;
  const std::string quoted = quote(std::string_view(text).substr(0, kLongest));
  return quoted.substr(1, quoted.size() - 2);
}

/// Only what answers, and not in TLS, may be meant to be asked without.
Error explain_tls(const Exchange& exchange, const std::string& what, const std::string& host) {
  const std::string goal = "talk to " + what + " " + quote(host) + " over TLS: ";
  const bool is_other = exchange.detail.find("wrong version number") != std::string::npos ||
                        exchange.detail.find("packet length too long") != std::string::npos;
  if (!is_other) return Error{Blame::host, goal + plain(exchange.detail)};
  return Error{Blame::host,
               goal + "it answers without",
               {},
               "if it is meant to be asked without TLS: --plain-http " + host};
}

Error explain_trouble(const Exchange& exchange, const std::string& what, const std::string& host) {
  const std::string reach = "reach " + what + " " + quote(host) + ": ";
  const std::string trust = "trust " + what + " " + quote(host) + ": ";
  switch (exchange.trouble) {
    case Trouble::stopped:
      return Error{Blame::host, "go on: interrupted"};
    case Trouble::unknown_host:
      return Error{Blame::host,
                   reach + "its name has no address",
                   {},
                   "check the spelling, and that this machine may look up names"};
    case Trouble::unreachable:
      if (exchange.number != 0)
        return refused("connect", "reach " + what + " " + quote(host), exchange.number);
      return Error{Blame::host, reach + plain(exchange.detail)};
    case Trouble::forbidden:
      return Error{Blame::image, reach + "its address is link-local, where no registry is"};
    case Trouble::untrusted:
      return Error{Blame::host,
                   trust + plain(exchange.detail),
                   {},
                   "if your site signs its own certificates, name its authority's with --ca-file"};
    case Trouble::no_tls:
      return explain_tls(exchange, what, host);
    case Trouble::own_certificate:
      return Error{
          Blame::config,
          "show " + what + " " + quote(host) + " our certificate: " + plain(exchange.detail),
          {},
          "look at the .cert and .key for it in the folders certs.d"};
    case Trouble::no_authority:
      return Error{Blame::config,
                   "know whether to trust " + what + " " + quote(host) + ": " + exchange.detail,
                   {},
                   "let the certificate be read by all, or take it away: it holds no secret"};
    case Trouble::stalled:
      return Error{Blame::host, "read " + what + " " + quote(host) + ": it sends nothing any more"};
    case Trouble::refused:
      return Error{Blame::image, "read " + what + " " + quote(host) + ": its answer is too large"};
    case Trouble::broken:
    case Trouble::none:
      break;
  }
  return Error{
      Blame::host,
      "read " + what + " " + quote(host) + ": the connection broke: " + plain(exchange.detail)};
}

}  // namespace

std::string limit_text(const std::string& header) {
  const std::size_t semicolon = header.find(";w=");
  if (semicolon == std::string::npos) return {};
  const auto count = number_in(std::string_view(header).substr(0, semicolon));
  const auto seconds = number_in(std::string_view(header).substr(semicolon + 3));
  if (!count || !seconds) return {};
  return std::to_string(*count) + " in " + duration_text(*seconds);
}

Error no_credentials(const std::string& registry, const std::string& source) {
  const std::string goal = "read from the registry " + quote(registry) + ": ";
  const std::string hint =
      "'podman login' or 'docker login' stores credentials; or give --username and "
      "--password-stdin";
  if (source.empty())
    return Error{Blame::config, goal + "it wants credentials, and there are none for it", {}, hint};
  return Error{Blame::config,
               goal + "it does not accept the credentials from " + source,
               {},
               "check the image's name too: registries answer so for what they do not have"};
}

Error explain(const Exchange& exchange, const std::string& what, const std::string& host) {
  if (exchange.trouble != Trouble::none) return explain_trouble(exchange, what, host);
  const std::string goal = "read from " + what + " " + quote(host) + ": ";
  if (exchange.status == 429) return explain_limit(exchange, goal);
  std::string why = "it answers with status " + std::to_string(exchange.status);
  const std::string message = message_in(exchange.body);
  if (!message.empty()) why += ", " + quote(message);
  if (exchange.status >= 500)
    return Error{Blame::host, goal + why, {}, "its owner has to look at it; or try again later"};
  return Error{Blame::image, goal + why};
}

}  // namespace berth::registry
