// SPDX-License-Identifier: Apache-2.0
// A registry, or a mirror of one, as seen by one image: where it is, and how we prove who we are.
// Several threads ask it at once.
#pragma once

#include "base/result.h"
#include "image/registry/challenge.h"
#include "image/registry/credentials.h"
#include "image/registry/http.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace berth::registry {

constexpr int kMostRedirects = 5;

/// Something to ask for.
struct Question {
  Url url = {};
  std::vector<std::string> headers = {};
  std::size_t limit = 0;  ///< bytes of an answer that has no sink
  /// Where the registry sent us for this last time; asked first, and set when it sends us again.
  std::optional<Url>* shortcut = nullptr;
};

/// Asks without credentials, and follows redirects.
Result<Exchange> ask_anybody(Http& http,
                             const Network& network,
                             const Question& question,
                             Sink* sink);

class Endpoint {
 public:
  /// `registry` is HOST[:PORT] as people write it, `host` the one to connect to, `repository` with
  /// the mirror's prefix.
  Endpoint(const Network& network,
           Login login,
           std::string registry,
           const std::string& host,
           std::string repository);

  /// An answer, be it an error; or what can be no answer's fault, as a forbidden redirect.
  /// `path` continues "/v2/REPOSITORY/". Credentials go nowhere but to this registry, and to the
  /// token server that it names.
  Result<Exchange> ask(Http& http, const std::string& path, Question question, Sink* sink);

  /// The same, again and again as long as what goes wrong may pass.
  Result<Exchange> ask_patiently(Http& http, const std::string& path, const Question& question);

  [[nodiscard]] const std::string& registry() const { return registry_; }

  [[nodiscard]] const std::string& repository() const { return repository_; }

  /// Whose credentials were used; empty: none.
  [[nodiscard]] std::string credentials_source();

  /// True once it has answered anything.
  [[nodiscard]] bool is_known() const { return is_known_.load(); }

 private:
  struct Authorization {
    std::string line = {};  ///< the header; empty: none
    unsigned number = 0;    ///< grows with each new one
  };

  Authorization authorization();
  Status renew(Http& http, const Exchange& refusal, unsigned number);
  Status find_credentials_once();
  Result<std::string> answer_to(Http& http, const std::vector<Challenge>& challenges);

  const Network network_;
  Login login_;
  std::string registry_;
  std::string repository_;
  Url base_;
  std::atomic<bool> is_known_{false};
  std::mutex mutex_;  ///< of what follows
  std::optional<Credentials> credentials_;
  Authorization authorization_;
};

}  // namespace berth::registry
