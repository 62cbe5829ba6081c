// SPDX-License-Identifier: Apache-2.0
// One request and its answer, through libcurl. Follows nothing, repeats nothing, and knows nothing
// of registries; always checks certificates, and never connects to a forbidden address.
#pragma once

#include "base/result.h"
#include "image/registry/url.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace berth::registry {

constexpr std::size_t kLargestHeaders = 64UL * 1024;  ///< bytes of one answer
constexpr std::size_t kLargestRefusal = 64UL * 1024;  ///< bytes kept of an answer that is an error

/// What one host is to be trusted by, and what we show it. Empty: the system's certificates.
struct Certificates {
  std::string authorities = {};  ///< PEM, besides the system's
  std::string certificate = {};  ///< our own: a file
  std::string key = {};          ///< for it
};

/// What all requests have in common.
struct Network {
  std::vector<std::string> plain_http = {};  ///< hosts that may be talked to without TLS
  std::string authorities = {};              ///< PEM, besides the system's
  std::vector<std::string> folders = {};     ///< with a folder HOST[:PORT] of certificates each
  std::uint64_t timeout = 30;                ///< seconds without a byte: the connection is broken
  unsigned retries = 5;                      ///< after an answer or an end that may pass
  const std::atomic<int>* stop = nullptr;    ///< turns non-zero when all has to end

  [[nodiscard]] bool is_stopped() const { return stop != nullptr && stop->load() != 0; }
};

/// How an exchange can fail before there is an answer, or in the middle of one.
enum class Trouble {
  none,
  stopped,          ///< by the network's flag
  unknown_host,     ///< its name has no address
  unreachable,      ///< no connection; `number` is the errno
  forbidden,        ///< its address is one that we do not talk to
  untrusted,        ///< its certificate
  no_tls,           ///< what answers does not speak TLS as we do
  own_certificate,  ///< the one that we are to show cannot be used
  no_authority,     ///< one of our files, that says whom to trust, cannot be read
  broken,           ///< the connection ended early
  stalled,          ///< nothing came for too long
  refused           ///< by the sink, or larger than we take
};

struct Exchange {
  Trouble trouble = Trouble::none;
  std::string detail = {};  ///< the library's words
  int number = 0;
  long status = 0;  ///< 0: no answer
  /// Names in small letters; a header that came several times has several values.
  std::multimap<std::string, std::string> headers = {};
  std::string body = {};  ///< of answers that are not a success, or have no sink

  /// The first value; empty when there is none.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// Where the body of a success goes.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  Sink(Sink&&) = delete;
  Sink& operator=(Sink&&) = delete;
  virtual ~Sink() = default;

  /// The answer's head, before its first byte. False: we do not want it.
  virtual bool begin(const Exchange& head) = 0;

  /// May wait, which does not count as a stall. False: no more.
  virtual bool take(std::string_view bytes) = 0;
};

struct Request {
  Url url = {};
  std::vector<std::string> headers = {};  ///< whole lines
  std::string form = {};                  ///< not empty: it is sent with POST
  std::size_t limit = 0;                  ///< bytes of a success that has no sink
};

/// A connection that is used again and again, by one thread.
class Http {
 public:
  explicit Http(const Network& network);
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  Http(Http&&) = delete;
  Http& operator=(Http&&) = delete;
  ~Http();

  Exchange perform(const Request& request, Sink* sink = nullptr);

  [[nodiscard]] const Network& network() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What the folders and the network have for a host. A folder that is closed to us is none; a
/// certificate that cannot be read in one that is not, is an error.
Result<Certificates> find_certificates(const Network& network, const std::string& authority);

}  // namespace berth::registry
