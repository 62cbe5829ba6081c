// SPDX-License-Identifier: Apache-2.0
#include "image/cli/open_source.h"

#include "base/file.h"
#include "base/text.h"
#include "image/registry/pull.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace berth::cli {

namespace {

constexpr std::size_t kLargestCertificates = 4UL << 20;
constexpr int kMoment = 100;  ///< milliseconds between two looks at the flag
constexpr std::size_t kLongestPassword = 64UL * 1024;

/// An option whose key the site has locked is refused: it would be silently without effect.
Status check_lock(const settings::Settings& settled,
                  bool is_given,
                  const std::string& option,
                  const std::string& key) {
  const settings::Origin* lock = is_given ? settings::lock_of(settled, key) : nullptr;
  if (lock == nullptr) return Done{};
  return Error{Blame::usage,
               "use " + quote(option) + ": the site has locked " + quote(key) + " (" +
                   settings::to_text(*lock) + ")"};
}

/// All of standard input: some passwords are documents.
Result<std::string> read_password(const std::atomic<int>& stop) {
  std::string password;
  std::array<char, 4096> piece{};
  while (true) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, kMoment);
    if (stop.load() != 0) return Error{Blame::host, "go on: interrupted"};
    if (ready <= 0) continue;
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused("read", "read the password from standard input", errno);
    if (got == 0) break;
    password.append(piece.data(), static_cast<std::size_t>(got));
    if (password.size() > kLongestPassword)
      return Error{Blame::usage, "take the password from standard input: it is too long"};
  }
  if (password.ends_with('\n')) password.pop_back();
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty())
    return Error{Blame::usage, "take the password from standard input: there is none"};
  return password;
}

Status apply_login(registry::Login& login,
                   const RegistryOptions& options,
                   const std::atomic<int>& stop) {
  if (options.username.empty() && !options.password_stdin) return Done{};
  if (options.username.empty() || !options.password_stdin)
    return Error{Blame::usage,
                 options.username.empty() ? "use '--password-stdin' without '--username'"
                                          : "use '--username' without '--password-stdin'",
                 {},
                 "a password on the command line would be seen by everybody on this machine"};
  auto password = read_password(stop);
  if (!password) return std::move(password.error());
  login.given.user = options.username;
  login.given.password = std::move(*password);
  login.given.source = "the command line";
  return Done{};
}

/// Where docker and podman look for certificates of single hosts.
std::vector<std::string> certificate_folders() {
  std::vector<std::string> folders = {"/etc/containers/certs.d", "/etc/docker/certs.d"};
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): no threads yet
  if (home != nullptr && *home == '/')
    folders.insert(folders.begin(), std::string(home) + "/.config/containers/certs.d");
  return folders;
}

Status check_locks(const RegistryOptions& options, const settings::Settings& settled) {
  BERTH_TRY(check_lock(settled, !options.ca_file.empty(), "--ca-file", "registry.ca-file"));
  BERTH_TRY(
      check_lock(settled, !options.plain_http.empty(), "--plain-http", "registry.plain-http"));
  return check_lock(settled, !options.cache.empty(), "--cache", "import.cache");
}

Result<registry::Options> make_options(const RegistryOptions& given,
                                       const settings::Settings& settled,
                                       const Machine& machine) {
  BERTH_TRY(check_locks(given, settled));
  registry::Options options;
  options.network.plain_http = settled.registry.plain_http.value;
  options.network.plain_http.insert(
      options.network.plain_http.end(), given.plain_http.begin(), given.plain_http.end());
  options.network.folders = certificate_folders();
  options.network.timeout = settled.registry.timeout.value;
  options.network.retries = static_cast<unsigned>(settled.registry.retries.value);
  options.network.stop = &machine.stop;
  const std::string& file = given.ca_file.empty() ? settled.registry.ca_file.value : given.ca_file;
  if (!file.empty()) {
    auto text = read_text_file(file, kLargestCertificates);
    if (!text) return std::move(text.error());
    if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      return Error{Blame::config,
                   "take certificates from " + quote(file) + ": there is none in it (PEM)"};
    options.network.authorities = std::move(*text) + "\n";
  }
  for (const auto& [registry, mirrors] : settled.registry.mirrors)
    options.mirrors[registry] = mirrors.value;
  options.cache = given.cache.empty() ? settled.cache.value : given.cache;
  options.login = registry::find_login_files();
  options.login.stop = &machine.stop;
  BERTH_TRY(apply_login(options.login, given, machine.stop));
  return options;
}

}  // namespace

Result<source::Image> open_source(const ImportOptions& options,
                                  const source::Reference& reference,
                                  const settings::Settings& settled,
                                  const Machine& machine) {
  if (reference.kind != source::Kind::registry)
    return source::open_image(reference, options.platform);
  const auto network = make_options(options.registry, settled, machine);
  if (!network) return network.error();
  return registry::open_image(reference.docker, options.platform, *network);
}

}  // namespace berth::cli
