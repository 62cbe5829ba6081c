// SPDX-License-Identifier: Apache-2.0
#include "image/registry/http.h"

#include "base/file.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include <curl/curl.h>

namespace berth::registry {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestBundle = 8UL << 20;  ///< bytes of the system's certificates
constexpr std::uint64_t kSlowest = 128;            ///< bytes a second; what is slower has stalled

void init_once() {
  static const CURLcode outcome = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (outcome != CURLE_OK) std::abort();  // no memory
}

/// An option that cannot fail but for memory, and that ends the program everywhere here.
template <class T>
void set(CURL* curl, CURLoption option, T value) {
  if (curl_easy_setopt(curl, option, value) != CURLE_OK) std::abort();
}

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  HeaderList(HeaderList&&) = delete;
  HeaderList& operator=(HeaderList&&) = delete;

  ~HeaderList() { curl_slist_free_all(list_); }

  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) std::abort();
    list_ = longer;
  }

  [[nodiscard]] curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool is_success(long status) {
  return status >= 200 && status < 300;
}

Trouble trouble_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return Trouble::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Trouble::unknown_host;
    case CURLE_COULDNT_CONNECT:
      return Trouble::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Trouble::untrusted;
    case CURLE_SSL_CERTPROBLEM:
      return Trouble::own_certificate;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Trouble::no_tls;
    case CURLE_OPERATION_TIMEDOUT:
      return Trouble::stalled;
    case CURLE_WRITE_ERROR:
      return Trouble::refused;
    default:
      return Trouble::broken;
  }
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return made;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string Exchange::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

struct Http::State {
  explicit State(const Network& of) : network(of), curl(curl_easy_init()) {
    if (curl == nullptr) std::abort();
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() { curl_easy_cleanup(curl); }

  static std::size_t on_header(char* bytes, std::size_t one, std::size_t count, void* self) {
    return static_cast<State*>(self)->add_header({bytes, one * count}) ? one * count : 0;
  }

  static std::size_t on_body(char* bytes, std::size_t one, std::size_t count, void* self) {
    return static_cast<State*>(self)->add_body({bytes, one * count}) ? one * count : 0;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<State*>(self)->may_go_on() ? 0 : 1;
  }

  static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) {
    if (is_forbidden(address->addr)) {
      static_cast<State*>(self)->is_forbidden_address = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  bool add_header(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > kLargestHeaders) return false;
    period_bytes += line.size();
    if (line.starts_with("HTTP/")) {  // a new head: what came before was provisional
      exchange.headers.clear();
      return true;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    exchange.headers.emplace(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    return true;
  }

  bool add_body(std::string_view bytes) {
    period_bytes += bytes.size();
    if (!is_begun) {
      is_begun = true;
      (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.status);
      if (sink != nullptr && is_success(exchange.status) && !sink->begin(exchange)) return false;
    }
    if (sink != nullptr && is_success(exchange.status)) {
      const auto begin = Clock::now();
      const bool is_taken = sink->take(bytes);
      period_begin += Clock::now() - begin;  // the wait was ours
      return is_taken;
    }
    const std::size_t most = is_success(exchange.status) ? limit : kLargestRefusal;
    if (exchange.body.size() + bytes.size() > most) {
      if (is_success(exchange.status)) return false;
      // Enough of it for a message; a refusal need not have an end.
      exchange.body += bytes.substr(0, most - exchange.body.size());
      is_cut = true;
      return false;
    }
    exchange.body += bytes;
    return true;
  }

  /// Each period of patience has to bring some bytes.
  bool may_go_on() {
    const auto period = std::chrono::seconds(network.timeout);
    if (Clock::now() - period_begin > period) {
      is_stalled = period_bytes < kSlowest * network.timeout;
      period_begin = Clock::now();
      period_bytes = 0;
    }
    return !is_stalled && !network.is_stopped();
  }

  Status prepare(const Request& request, const HeaderList& lines);
  Status set_certificates(const std::string& authority);

  const Network& network;
  CURL* curl;
  Exchange exchange;
  Sink* sink = nullptr;
  std::size_t limit = 0;
  std::size_t header_bytes = 0;
  Clock::time_point period_begin;
  std::uint64_t period_bytes = 0;
  bool is_begun = false;  ///< the body
  bool is_cut = false;    ///< by us, and it is an answer all the same
  bool is_stalled = false;
  bool is_forbidden_address = false;
  std::string certificates_of;  ///< the host that the handle is set up for
  Certificates certificates;
  char words[CURL_ERROR_SIZE] = {};
};

Http::Http(const Network& network) {
  init_once();
  state_ = std::make_unique<State>(network);
}

Http::~Http() = default;

const Network& Http::network() const {
  return state_->network;
}

Status Http::State::set_certificates(const std::string& authority) {
  if (certificates_of != authority) {
    auto found = find_certificates(network, authority);
    if (!found) return std::move(found.error());
    certificates = std::move(*found);
    certificates_of = authority;
    // What is given as bytes takes the place of the system's file.
    const char* system = nullptr;
    if (!certificates.authorities.empty() &&
        curl_easy_getinfo(curl, CURLINFO_CAINFO, &system) == CURLE_OK && system != nullptr) {
      const auto bundle = read_text_file(system, kLargestBundle);
      if (bundle) certificates.authorities += *bundle;
    }
  }
  if (!certificates.authorities.empty()) {
    curl_blob blob{
        certificates.authorities.data(), certificates.authorities.size(), CURL_BLOB_NOCOPY};
    set(curl, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (certificates.certificate.empty()) return Done{};
  set(curl, CURLOPT_SSLCERT, certificates.certificate.c_str());
  set(curl, CURLOPT_SSLKEY, certificates.key.c_str());
  return Done{};
}

Status Http::State::prepare(const Request& request, const HeaderList& lines) {
  curl_easy_reset(curl);  // keeps connections
  set(curl, CURLOPT_URL, to_text(request.url).c_str());
  set(curl, CURLOPT_PROTOCOLS_STR, request.url.scheme.c_str());
  set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(curl, CURLOPT_FOLLOWLOCATION, 0L);
  set(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  set(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  set(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
  set(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(network.timeout));
  set(curl, CURLOPT_USERAGENT, "berth");
  set(curl, CURLOPT_HTTPHEADER, lines.get());
  set(curl, CURLOPT_ERRORBUFFER, words);
  set(curl, CURLOPT_HEADERFUNCTION, &State::on_header);
  set(curl, CURLOPT_HEADERDATA, this);
  set(curl, CURLOPT_WRITEFUNCTION, &State::on_body);
  set(curl, CURLOPT_WRITEDATA, this);
  set(curl, CURLOPT_NOPROGRESS, 0L);
  set(curl, CURLOPT_XFERINFOFUNCTION, &State::on_progress);
  set(curl, CURLOPT_XFERINFODATA, this);
  set(curl, CURLOPT_OPENSOCKETFUNCTION, &State::on_open);
  set(curl, CURLOPT_OPENSOCKETDATA, this);
  if (!request.form.empty()) {
    set(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form.size()));
    set(curl, CURLOPT_POSTFIELDS, request.form.c_str());
  }
  return set_certificates(request.url.authority);
}

Exchange Http::perform(const Request& request, Sink* sink) {
  State& state = *state_;
  state.exchange = {};
  if (is_forbidden_host(host_of(request.url.authority))) {
    state.exchange.trouble = Trouble::forbidden;
    return std::move(state.exchange);
  }
  HeaderList lines;
  for (const std::string& line : request.headers)
    lines.add(line);
  state.sink = sink;
  state.limit = request.limit;
  state.header_bytes = 0;
  state.is_begun = false;
  state.is_cut = false;
  state.is_stalled = false;
  state.is_forbidden_address = false;
  state.period_begin = Clock::now();
  state.period_bytes = 0;
  state.words[0] = '\0';
  if (const Status prepared = state.prepare(request, lines); !prepared) {
    state.exchange.trouble = Trouble::no_authority;
    state.exchange.detail = sentence_of(prepared.error());
    return std::move(state.exchange);
  }
  const CURLcode code = curl_easy_perform(state.curl);
  Exchange exchange = std::move(state.exchange);
  (void)curl_easy_getinfo(state.curl, CURLINFO_RESPONSE_CODE, &exchange.status);
  exchange.trouble = trouble_of(code);
  exchange.detail = state.words[0] == '\0' ? curl_easy_strerror(code) : state.words;
  if (code == CURLE_COULDNT_CONNECT) {
    long number = 0;
    (void)curl_easy_getinfo(state.curl, CURLINFO_OS_ERRNO, &number);
    exchange.number = static_cast<int>(number);
  }
  if (state.is_forbidden_address && code != CURLE_OK) exchange.trouble = Trouble::forbidden;
  if (state.is_stalled) exchange.trouble = Trouble::stalled;
  if (state.network.is_stopped() && code != CURLE_OK) exchange.trouble = Trouble::stopped;
  if (state.is_cut) exchange.trouble = Trouble::none;
  if (state.header_bytes > kLargestHeaders) exchange.trouble = Trouble::refused;
  // An empty body has called nobody.
  if (code == CURLE_OK && sink != nullptr && is_success(exchange.status) && !state.is_begun &&
      !sink->begin(exchange))
    exchange.trouble = Trouble::refused;
  return exchange;
}

}  // namespace berth::registry
