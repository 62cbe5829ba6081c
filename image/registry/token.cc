// SPDX-License-Identifier: Apache-2.0
#include "image/registry/token.h"

#include "base/text.h"
#include "image/registry/explain.h"
#include "image/registry/patience.h"
#include "image/source/json.h"

#include <algorithm>

namespace berth::registry {

namespace {

constexpr std::size_t kLargestAnswer = 256UL * 1024;

Result<Url> token_url(const Network& network, const TokenRequest& request) {
  const std::string realm = request.challenge.get("realm");
  const std::string goal = "log in to the registry " + quote(request.registry) + ": ";
  auto url = parse_url(realm);
  if (!url)
    return Error{
        Blame::image,
        goal + "its token server " + quote(realm.substr(0, 200)) + " is no address on the web"};
  if (url->scheme != "https" && !is_listed(url->authority, network.plain_http))
    return Error{
        Blame::image,
        goal + "its token server " + quote(url->scheme + "://" + url->authority) + " is not https",
        {},
        "if that host may be talked to without TLS: --plain-http " + url->authority};
  return *url;
}

Request make_request(Url url, const TokenRequest& wanted) {
  const std::string challenged = wanted.challenge.get("scope");
  const std::string service = wanted.challenge.get("service");
  std::string query = "service=" + escape(service) +
                      "&scope=" + escape(challenged.empty() ? wanted.scope : challenged);
  Request request;
  request.limit = kLargestAnswer;
  const Credentials& credentials = wanted.credentials;
  if (!credentials.identity_token.empty()) {
    request.form = "grant_type=refresh_token&client_id=berth&" + query +
                   "&refresh_token=" + escape(credentials.identity_token);
  } else {
    if (!credentials.user.empty()) {
      query += "&account=" + escape(credentials.user);
      request.headers.push_back("Authorization: " + basic_authorization(credentials));
    }
    url.rest += (url.rest.find('?') == std::string::npos ? "?" : "&") + query;
  }
  request.url = std::move(url);
  return request;
}

/// What may stand in a header line.
bool is_token(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string basic_authorization(const Credentials& credentials) {
  return "Basic " + encode_base64(credentials.user + ":" + credentials.password);
}

Result<std::string> fetch_token(Http& http, const TokenRequest& wanted) {
  const Network& network = http.network();
  if (!wanted.credentials.registry_token.empty()) {
    if (is_token(wanted.credentials.registry_token)) return wanted.credentials.registry_token;
    return Error{Blame::config,
                 "use the token in " + wanted.credentials.source + ": it is no token"};
  }
  auto url = token_url(network, wanted);
  if (!url) return std::move(url.error());
  const std::string server = url->authority;
  const Request request = make_request(std::move(*url), wanted);
  Patience patience(network);
  Exchange exchange = http.perform(request);
  while (patience.wait_after(exchange, true))
    exchange = http.perform(request);
  if (exchange.trouble == Trouble::none && (exchange.status == 401 || exchange.status == 403))
    return no_credentials(wanted.registry, wanted.credentials.source);
  if (exchange.trouble != Trouble::none || exchange.status != 200)
    return explain(exchange, "the token server", server);
  const auto document = source::parse_json(exchange.body);
  std::string token = document ? source::text_of(*document, "token") : "";
  if (token.empty() && document) token = source::text_of(*document, "access_token");
  if (!is_token(token))
    return Error{Blame::image,
                 "log in to the registry " + quote(wanted.registry) + ": its token server " +
                     quote(server) + " gives no token"};
  return token;
}

}  // namespace berth::registry
