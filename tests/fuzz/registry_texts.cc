// SPDX-License-Identifier: Apache-2.0
// What a registry, a file of credentials, a helper and a person may say: headers, redirects, names.
// The first byte chooses.
#include "image/registry/auth_file.h"
#include "image/registry/challenge.h"
#include "image/registry/explain.h"
#include "image/registry/patience.h"
#include "image/registry/url.h"
#include "image/source/docker_name.h"
#include "tests/fuzz/require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using berth::fuzz::require;
using namespace berth::registry;  // NOLINT(google-build-using-namespace): all of it is tried

/// Nothing in a message may move a cursor or begin a line.
void require_plain(const berth::Error& error) {
  const std::string line = sentence_of(error) + error.hint;
  require(std::none_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }));
}

void try_name(const std::string& text) {
  const auto name = berth::source::parse_docker_name(text);
  if (!name) {
    require_plain(name.error());
    return;
  }
  const std::string whole = to_text(*name);
  require(whole.find_first_of(" \t\n;&|$`<>()'\"\\*?!#~{}") == std::string::npos);
  require(whole.front() != '-' && name->repository.find("..") == std::string::npos);
  const auto again = berth::source::parse_docker_name(whole);
  require(again && to_text(*again) == whole);
  require(!keys_for(name->registry, name->repository).empty());
}

void try_redirect(const std::string& text) {
  const Url base{"https", "host:5000", "/v2/a/b"};
  const auto url = resolve_url(base, text);
  if (!url) return;
  require(url->scheme == "https" || url->scheme == "http");
  require(to_text(*url).find_first_of("\r\n\t ") == std::string::npos);
  const auto again = parse_url(to_text(*url));
  require(again && is_same_origin(*again, *url));
}

void try_auth_file(const std::string& text) {
  const auto found = find_in_auth_file(text, "file", keys_for("host:5000", "team/app"));
  if (!found) require_plain(found.error());
  if (found && *found) require((*found)->helper.empty() || is_helper_name((*found)->helper));
  const auto answer = parse_helper_answer(text, "helper");
  if (!answer) require_plain(answer.error());
  const auto bytes = decode_base64(text);
  if (bytes) require(decode_base64(encode_base64(*bytes)) == bytes);
}

void try_answer(const std::string& text) {
  Exchange exchange;
  exchange.status = 429;
  exchange.body = text;
  exchange.headers.emplace("retry-after", text);
  exchange.headers.emplace("ratelimit-limit", text);
  require_plain(explain(exchange, "the registry", "host"));
  exchange.status = 500;
  require_plain(explain(exchange, "the registry", "host"));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(data + 1, data + size);
  switch (data[0] % 5) {
    case 0:
      try_name(text);
      break;
    case 1:
      require(parse_challenges(text).size() <= 16);
      break;
    case 2:
      try_redirect(text);
      break;
    case 3:
      try_auth_file(text);
      break;
    default:
      try_answer(text);
  }
  return 0;
}
