// SPDX-License-Identifier: Apache-2.0
#include "image/registry/endpoint.h"

#include "base/text.h"
#include "image/registry/explain.h"
#include "image/registry/patience.h"
#include "image/registry/token.h"

#include <utility>

namespace berth::registry {

namespace {

bool is_redirect(const Exchange& exchange) {
  const long status = exchange.status;
  return exchange.trouble == Trouble::none &&
         (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

/// Where the answer sends us, if we may go there.
Result<Url> next_url(const Network& network, const Url& from, const Exchange& exchange) {
  const std::string location = exchange.header("location");
  const auto next = resolve_url(from, location);
  const std::string shown = next ? next->scheme + "://" + next->authority : location.substr(0, 200);
  const std::string goal =
      "follow " + quote(from.authority) + " to " + quote(shown) + ", where it sends us: ";
  if (!next) return Error{Blame::image, goal + "this is no address on the web"};
  if (is_forbidden_host(host_of(next->authority)))
    return Error{Blame::image, goal + "this is no address of a registry"};
  if (next->scheme != "https" && !is_listed(next->authority, network.plain_http))
    return Error{Blame::image,
                 goal + "it is not https",
                 {},
                 "if that host may be talked to without TLS: --plain-http " + next->authority};
  return *next;
}

/// `authorization` is only shown to the origin of `question`, and never after a redirect elsewhere.
Result<Exchange> follow(Http& http,
                        const Network& network,
                        const Question& question,
                        const std::string& authorization,
                        Sink* sink) {
  Request request;
  request.url = question.url;
  request.limit = question.limit;
  if (question.shortcut != nullptr && *question.shortcut) request.url = **question.shortcut;
  bool is_home = is_same_origin(request.url, question.url);
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    request.headers = question.headers;
    if (is_home && !authorization.empty()) request.headers.push_back(authorization);
    Exchange exchange = http.perform(request, sink);
    if (!is_redirect(exchange)) {
      // A refusal of ours has to come from the registry itself: nobody else may ask who we are.
      if (exchange.status == 401 && !is_home) exchange.status = 403;
      return exchange;
    }
    auto next = next_url(network, request.url, exchange);
    if (!next) return std::move(next.error());
    request.url = std::move(*next);
    is_home = is_home && is_same_origin(request.url, question.url);
    if (question.shortcut != nullptr && !is_home) *question.shortcut = request.url;
  }
  return Error{Blame::image,
               "read " + quote(question.url.authority) + ": it sends us on more than 5 times"};
}

}  // namespace

Result<Exchange> ask_anybody(Http& http,
                             const Network& network,
                             const Question& question,
                             Sink* sink) {
  return follow(http, network, question, {}, sink);
}

Endpoint::Endpoint(const Network& network,
                   Login login,
                   std::string registry,
                   const std::string& host,
                   std::string repository)
    : network_(network),
      login_(std::move(login)),
      registry_(std::move(registry)),
      repository_(std::move(repository)) {
  const auto parsed = parse_url("https://" + host + "/");
  base_ = parsed ? *parsed : Url{"https", host, "/"};
  if (is_listed(base_.authority, network.plain_http)) {
    const auto plain = parse_url("http://" + host + "/");
    if (plain) base_ = *plain;
  }
  base_.rest = "/v2/" + repository_ + "/";
}

Endpoint::Authorization Endpoint::authorization() {
  const std::lock_guard lock(mutex_);
  return authorization_;
}

std::string Endpoint::credentials_source() {
  const std::lock_guard lock(mutex_);
  return credentials_ && !credentials_->is_empty() ? credentials_->source : "";
}

Result<Exchange> Endpoint::ask(Http& http, const std::string& path, Question question, Sink* sink) {
  constexpr int kMostRefusals = 2;
  question.url = base_;
  question.url.rest += path;
  for (int refusals = 0;; ++refusals) {
    const Authorization shown = authorization();
    auto exchange = follow(http, network_, question, shown.line, sink);
    if (!exchange) return exchange;
    if (exchange->status != 0) is_known_.store(true);
    if (exchange->trouble != Trouble::none || exchange->status != 401 || refusals >= kMostRefusals)
      return exchange;
    BERTH_TRY(renew(http, *exchange, shown.number));
  }
}

Result<Exchange> Endpoint::ask_patiently(Http& http,
                                         const std::string& path,
                                         const Question& question) {
  Patience patience(network_);
  while (true) {
    auto exchange = ask(http, path, question, nullptr);
    if (!exchange || !patience.wait_after(*exchange, is_known())) return exchange;
  }
}

Status Endpoint::find_credentials_once() {
  if (credentials_) return Done{};
  auto found = find_credentials(login_, registry_, repository_);
  if (!found) return std::move(found.error());
  credentials_ = std::move(*found);
  return Done{};
}

/// After the refusal of the authorization with this number; another thread may have been quicker.
Status Endpoint::renew(Http& http, const Exchange& refusal, unsigned number) {
  const std::lock_guard lock(mutex_);
  if (authorization_.number != number) return Done{};
  BERTH_TRY(find_credentials_once());
  std::vector<Challenge> challenges;
  const auto [first, last] = refusal.headers.equal_range("www-authenticate");
  for (auto header = first; header != last; ++header) {
    for (Challenge& challenge : parse_challenges(header->second))
      challenges.push_back(std::move(challenge));
  }
  auto line = answer_to(http, challenges);
  if (!line) return std::move(line.error());
  authorization_ = {std::move(*line), number + 1};
  return Done{};
}

Result<std::string> Endpoint::answer_to(Http& http, const std::vector<Challenge>& challenges) {
  const Challenge* basic = nullptr;
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme == "basic") basic = &challenge;
    if (challenge.scheme != "bearer") continue;
    const TokenRequest request{
        registry_, "repository:" + repository_ + ":pull", challenge, *credentials_};
    auto token = fetch_token(http, request);
    if (!token) return token;
    return "Authorization: Bearer " + *token;
  }
  if (basic == nullptr)
    return Error{Blame::image,
                 "log in to the registry " + quote(registry_) +
                     ": it asks for a way that berth does not have"};
  if (credentials_->user.empty()) return no_credentials(registry_, {});
  return "Authorization: " + basic_authorization(*credentials_);
}

}  // namespace berth::registry
