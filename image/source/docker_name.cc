// SPDX-License-Identifier: Apache-2.0
#include "image/source/docker_name.h"

#include "base/text.h"
#include "image/source/digest.h"

#include <algorithm>
#include <string_view>

namespace berth::source {

namespace {

constexpr std::string_view kDefaultRegistry = "docker.io";
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestTag = 128;

bool is_lower(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/// Letters and digits, joined by one '.', one or two '_', or any number of '-'.
bool is_component(std::string_view text) {
  while (true) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_lower);
    if (end == text.begin()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    if (text.empty()) return true;
    const char joint = text.front();
    const std::size_t count = std::min(text.find_first_not_of(joint), text.size());
    const bool is_joint =
        (joint == '.' && count == 1) || (joint == '_' && count <= 2) || joint == '-';
    if (!is_joint) return false;
    text.remove_prefix(count);
  }
}

bool is_repository(const std::string& text) {
  const auto parts = split(text, '/');
  return std::all_of(parts.begin(), parts.end(), is_component);
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_letter(c) || c == '-'; });
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "[::1]": hexadecimal digits and colons; what they mean, the resolver will say.
bool is_ipv6(std::string_view text) {
  return text.size() > 3 && text.front() == '[' && text.back() == ']' &&
         text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:") ==
             std::string_view::npos;
}

bool is_registry(const std::string& text) {
  std::string_view host = text;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && text.back() != ']') {
    if (!is_port(host.substr(colon + 1))) return false;
    host = host.substr(0, colon);
  }
  if (is_ipv6(host)) return true;
  const auto labels = split(host, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

bool is_tag(std::string_view text) {
  const auto is_fine = [](char c) { return is_letter(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && text.size() <= kLongestTag && text.front() != '.' &&
         text.front() != '-' && std::all_of(text.begin(), text.end(), is_fine);
}

/// Docker's rule for what is a registry and not the first part of a repository's name.
bool looks_like_registry(const std::string& text) {
  return text.find_first_of(".:") != std::string::npos || text == "localhost" ||
         std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Moves what stands before the repository out of `rest`.
void take_registry(DockerName& name, std::string& rest) {
  const std::size_t slash = rest.find('/');
  name.registry = kDefaultRegistry;
  if (slash != std::string::npos && looks_like_registry(rest.substr(0, slash))) {
    name.registry = rest.substr(0, slash);
    rest.erase(0, slash + 1);
  }
  if (name.registry == "index.docker.io") name.registry = kDefaultRegistry;
  if (name.registry == kDefaultRegistry && rest.find('/') == std::string::npos)
    rest = "library/" + rest;
}

}  // namespace

Result<DockerName> parse_docker_name(const std::string& text) {
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    return Error{Blame::usage, "take " + quote(text) + " as an image's name: " + why, {}, hint};
  };
  const std::string form = "write it as [REGISTRY/]NAME[:TAG] or [REGISTRY/]NAME@sha256:DIGITS";
  DockerName name;
  std::string rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string::npos) {
    name.digest = rest.substr(at + 1);
    rest.resize(at);
    if (!is_digest(name.digest)) return refuse("after '@' belongs 'sha256:' and 64 digits", form);
  }
  const std::size_t colon = rest.find(':', rest.rfind('/') + 1);  // npos + 1 is 0
  name.tag = "latest";
  if (colon != std::string::npos) {
    name.tag = rest.substr(colon + 1);
    rest.resize(colon);
    if (!is_tag(name.tag)) return refuse(quote(name.tag) + " is no tag", form);
  }
  if (!name.digest.empty()) name.tag.clear();
  if (rest.size() == 64 && is_digest("sha256:" + rest))
    return refuse("64 digits alone are an image's id, which registries do not know", form);
  take_registry(name, rest);
  if (!is_registry(name.registry)) return refuse(quote(name.registry) + " is no registry", form);
  if (!is_repository(rest))
    return refuse(quote(rest) + " is no name in a registry",
                  "such names have small letters, digits, and '.', '_', '-' between them");
  if (name.registry.size() + 1 + rest.size() > kLongestName)
    return refuse("it is longer than 255 bytes", {});
  name.repository = std::move(rest);
  return name;
}

std::string to_text(const DockerName& name) {
  const std::string text = name.registry + "/" + name.repository;
  return name.digest.empty() ? text + ":" + name.tag : text + "@" + name.digest;
}

}  // namespace berth::source
