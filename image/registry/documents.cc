// SPDX-License-Identifier: Apache-2.0
#include "image/registry/documents.h"

#include "base/text.h"
#include "image/registry/explain.h"
#include "image/source/digest.h"
#include "image/source/json.h"

#include <algorithm>

namespace berth::registry {

namespace {

constexpr std::size_t kLargestTagList = 1UL << 20;
constexpr std::size_t kLongestTag = 128;
constexpr std::size_t kMostTagsShown = 8;

constexpr const char* kAccepted =
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

std::vector<std::string> find_tags(Http& http, Endpoint& endpoint) {
  Question question;
  question.limit = kLargestTagList;
  const auto exchange = endpoint.ask_patiently(http, "tags/list", question);
  std::vector<std::string> tags;
  if (!exchange || exchange->trouble != Trouble::none || exchange->status != 200) return tags;
  const auto document = source::parse_json(exchange->body);
  if (!document) return tags;
  const auto& list = source::member_of(*document, "tags");
  if (!list.is_array()) return tags;
  for (const auto& item : list) {
    const auto* tag = item.get_ptr<const std::string*>();
    if (tag != nullptr && tag->size() <= kLongestTag) tags.push_back(*tag);
  }
  return tags;
}

/// The tag may be a typing error; if nothing there is near it, a few that there are.
Error no_such_manifest(Http& http, Endpoint& endpoint, const Wanted& wanted) {
  Error error{Blame::image,
              "find " + quote(wanted.reference) + " of " + quote(endpoint.repository()) +
                  " in the registry " + quote(endpoint.registry())};
  if (wanted.is_digest) return error;
  std::vector<std::string> tags = find_tags(http, endpoint);
  if (tags.empty()) {
    error.goal =
        "find " + quote(endpoint.repository()) + " in the registry " + quote(endpoint.registry());
    error.hint = "check the name: the registry has nothing, or shows nothing, that is called so";
    return error;
  }
  const std::string close = nearest(wanted.reference, tags);
  if (!close.empty()) {
    error.hint = "did you mean " + quote(close) + "?";
    return error;
  }
  std::sort(tags.begin(), tags.end());
  error.hint = "there is: ";
  for (std::size_t i = 0; i < std::min(tags.size(), kMostTagsShown); ++i)
    error.hint += (i == 0 ? "" : ", ") + quote(tags[i]);
  if (tags.size() > kMostTagsShown) error.hint += " and others";
  return error;
}

Error not_as_named(const std::string& name, const std::string& found, const std::string& wanted) {
  return Error{Blame::image,
               "trust " + quote(name) + ": its content is " + found + ", not " + wanted,
               {},
               "the registry, or something on the way, has changed it: tell its owner"};
}

Status check_size(const std::string& name, std::size_t found, std::uint64_t wanted) {
  if (found == wanted) return Done{};
  return Error{Blame::image,
               "trust " + quote(name) + ": it has " + std::to_string(found) + " bytes, not " +
                   std::to_string(wanted),
               {},
               "what the registry sends is not what its manifest says: tell its owner"};
}

/// Manifests of before 2017, which have no config and no sizes.
bool is_schema_1(const std::string& text) {
  const auto document = source::parse_json(text);
  return document && source::number_of(*document, "schemaVersion") == 1;
}

Error explain_for(Endpoint& endpoint, const Exchange& exchange) {
  if (exchange.trouble == Trouble::none && (exchange.status == 401 || exchange.status == 403))
    return no_credentials(endpoint.registry(), endpoint.credentials_source());
  return explain(exchange, "the registry", endpoint.registry());
}

}  // namespace

Result<std::string> read_manifest(Http& http, Endpoint& endpoint, const Wanted& wanted) {
  const std::string name = endpoint.registry() + "/" + endpoint.repository() +
                           (wanted.is_digest ? "@" : ":") + wanted.reference;
  Question question;
  question.headers = {kAccepted};
  question.limit = source::kManifestLimit;
  auto exchange = endpoint.ask_patiently(http, "manifests/" + wanted.reference, question);
  if (!exchange) return std::move(exchange.error());
  if (exchange->trouble == Trouble::none && exchange->status == 404)
    return no_such_manifest(http, endpoint, wanted);
  if (exchange->trouble != Trouble::none || exchange->status != 200)
    return explain_for(endpoint, *exchange);
  std::string text = std::move(exchange->body);
  if (wanted.size) BERTH_TRY(check_size(name, text.size(), *wanted.size));
  const std::string found = source::digest_of(text);
  if (wanted.is_digest && found != wanted.reference)
    return not_as_named(name, found, wanted.reference);
  const std::string claimed = exchange->header("docker-content-digest");
  if (source::is_digest(claimed) && claimed != found) return not_as_named(name, found, claimed);
  if (is_schema_1(text))
    return Error{Blame::image,
                 "read " + quote(name) + ": its manifest is of schema 1, which is too old",
                 {},
                 "let a current tool push the image once more"};
  return text;
}

Result<std::string> read_blob(Http& http,
                              Endpoint& endpoint,
                              const source::Descriptor& descriptor,
                              std::uint64_t limit) {
  const std::string name =
      endpoint.registry() + "/" + endpoint.repository() + "@" + descriptor.digest;
  if (descriptor.size > limit)
    return Error{Blame::image, "read " + quote(name) + ": it is larger than " + size_text(limit)};
  Question question;
  question.limit = static_cast<std::size_t>(limit);
  auto exchange = endpoint.ask_patiently(http, "blobs/" + descriptor.digest, question);
  if (!exchange) return std::move(exchange.error());
  if (exchange->trouble != Trouble::none || exchange->status != 200)
    return explain_for(endpoint, *exchange);
  BERTH_TRY(check_size(name, exchange->body.size(), descriptor.size));
  const std::string found = source::digest_of(exchange->body);
  if (found != descriptor.digest) return not_as_named(name, found, descriptor.digest);
  return std::move(exchange->body);
}

}  // namespace berth::registry
