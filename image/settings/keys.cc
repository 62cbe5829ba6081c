// SPDX-License-Identifier: Apache-2.0
#include "image/settings/keys.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace berth::settings {

namespace {

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

template <std::uint64_t kMost>
std::optional<std::uint64_t> parse_few(std::string_view text) {
  const auto number = parse_count(text);
  return number && *number <= kMost ? number : std::nullopt;
}

/// "4096", "64K", "512M", "8G" or "2T".
std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  unsigned shift = 0;
  if (!text.empty() && kUnits.find(text.back()) != std::string_view::npos) {
    shift = 10 * (static_cast<unsigned>(kUnits.find(text.back())) + 1);
    text.remove_suffix(1);
  }
  const auto number = parse_count(text);
  if (!number || *number > (UINT64_MAX >> shift)) return std::nullopt;
  return *number << shift;
}

Status apply_number(Value<std::uint64_t>& to,
                    const Given& given,
                    std::optional<std::uint64_t> (*parse)(std::string_view),
                    const std::string& wanted) {
  const auto number =
      given.node.kind == Element::Kind::word ? parse(given.node.text) : std::nullopt;
  if (!number) return given.refuse(wanted, given.node);
  to = {*number, given.origin()};
  return Done{};
}

Status apply_count(Value<std::uint64_t>& to, const Given& given) {
  return apply_number(to, given, parse_count, "a whole number from 1");
}

/// An absolute path, or nothing to take one back; "~/" is the home directory.
Status apply_path(Value<std::string>& to, const Given& given) {
  std::string path = given.node.text;
  if (path.starts_with("~/") && !given.home.empty()) path = given.home + path.substr(1);
  const bool is_none = given.node.kind == Element::Kind::nothing;
  const bool is_path = given.node.kind == Element::Kind::word && path.starts_with('/') &&
                       path.find('\0') == std::string::npos;
  if (!is_none && !is_path) return given.refuse("an absolute path", given.node);
  to = {path, given.origin()};
  return Done{};
}

/// Letters, digits and what joins them in a host, a port, an IPv6 address; with `path`, also '/'.
bool is_host(std::string_view text, bool path) {
  const auto is_fine = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:[]").find(c) != std::string_view::npos || (path && c == '/');
  };
  return !text.empty() && text.front() != '-' && text.front() != '/' && text.back() != '/' &&
         std::all_of(text.begin(), text.end(), is_fine);
}

Result<std::vector<std::string>> parse_hosts(const Given& given, const Element& node, bool path) {
  const std::string wanted = path ? "a list of HOST[:PORT][/PREFIX]" : "a list of HOST[:PORT]";
  std::vector<std::string> hosts;
  if (node.kind == Element::Kind::nothing) return hosts;
  if (node.kind != Element::Kind::list) return given.refuse(wanted, node);
  for (const Element& item : node.items) {
    if (item.kind != Element::Kind::word || !is_host(item.text, path))
      return given.refuse(wanted, item);
    hosts.push_back(item.text);
  }
  return hosts;
}

Status apply_plain_http(Settings& settings, const Given& given) {
  auto hosts = parse_hosts(given, given.node, false);
  if (!hosts) return std::move(hosts.error());
  settings.registry.plain_http = {std::move(*hosts), given.origin()};
  return Done{};
}

/// Each registry's list is a value of its own: the user may add one and keep the site's others.
Status apply_mirrors(Settings& settings, const Given& given) {
  if (given.node.kind == Element::Kind::nothing) {
    settings.registry.mirrors.clear();
    return Done{};
  }
  if (given.node.kind != Element::Kind::map)
    return given.refuse("a map of registries to lists of mirrors", given.node);
  for (std::size_t i = 0; i < given.node.keys.size(); ++i) {
    const Element& registry = given.node.keys[i];
    if (!is_host(registry.text, false))
      return given.refuse("a map of registries to lists of mirrors", registry);
    auto mirrors = parse_hosts(given, given.node.items[i], true);
    if (!mirrors) return std::move(mirrors.error());
    settings.registry.mirrors[registry.text] = {std::move(*mirrors), {given.file, registry.line}};
  }
  return Done{};
}

Status apply_setuid(Settings& settings, const Given& given) {
  if (given.node.text != "keep" && given.node.text != "drop")
    return given.refuse("'keep' or 'drop'", given.node);
  settings.setuid = {given.node.text == "keep" ? Setuid::keep : Setuid::drop, given.origin()};
  return Done{};
}

constexpr std::array<Key, 11> kKeys = {{
    {"registry.mirrors", apply_mirrors},
    {"registry.plain-http", apply_plain_http},
    {"registry.ca-file",
     [](Settings& settings, const Given& given) {
       return apply_path(settings.registry.ca_file, given);
     }},
    {"registry.timeout",
     [](Settings& settings, const Given& given) {
       return apply_number(
           settings.registry.timeout, given, parse_few<3600>, "a number from 1 to 3600");
     }},
    {"registry.retries",
     [](Settings& settings, const Given& given) {
       return apply_number(
           settings.registry.retries, given, parse_few<50>, "a number from 1 to 50");
     }},
    {"import.cache",
     [](Settings& settings, const Given& given) { return apply_path(settings.cache, given); }},
    {"import.setuid", apply_setuid},
    {"limits.unpacked-size",
     [](Settings& settings, const Given& given) {
       return apply_number(
           settings.limits.unpacked_size, given, parse_size, "a size such as 512G or 2T");
     }},
    {"limits.entries",
     [](Settings& settings, const Given& given) {
       return apply_count(settings.limits.entries, given);
     }},
    {"limits.layers",
     [](Settings& settings, const Given& given) {
       return apply_count(settings.limits.layers, given);
     }},
    {"limits.ratio",
     [](Settings& settings, const Given& given) {
       return apply_count(settings.limits.ratio, given);
     }},
}};

}  // namespace

Error Given::refuse(const std::string& wanted, const Element& where) const {
  return bad_line(file, where.line, quote(key) + " has to be " + wanted);
}

const Key* find_key(std::string_view name) {
  for (const Key& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

bool is_section(std::string_view name) {
  return std::any_of(kKeys.begin(), kKeys.end(), [&](const Key& key) {
    return key.name.substr(0, key.name.find('.')) == name;
  });
}

std::vector<std::string> names_of_keys(bool sections) {
  std::vector<std::string> names;
  for (const Key& key : kKeys) {
    names.emplace_back(key.name);
    if (sections) names.emplace_back(key.name.substr(0, key.name.find('.')));
  }
  return names;
}

}  // namespace berth::settings
