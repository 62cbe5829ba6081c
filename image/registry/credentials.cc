// SPDX-License-Identifier: Apache-2.0
#include "image/registry/credentials.h"

#include "base/file.h"
#include "base/text.h"
#include "image/registry/helper.h"

#include <cerrno>
#include <cstdlib>

namespace berth::registry {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

Result<Credentials> resolve(Found found, const std::atomic<int>* stop) {
  if (found.helper.empty()) return std::move(found.credentials);
  const auto answer = ask_credential_helper(found.helper, found.server, stop);
  if (!answer) return answer.error();
  if (!*answer) return Credentials{};
  return parse_helper_answer(**answer, "docker-credential-" + found.helper);
}

}  // namespace

Login find_login_files() {
  Login login;
  login.named_file = variable("REGISTRY_AUTH_FILE");
  const std::string home = variable("HOME");
  const std::string runtime = variable("XDG_RUNTIME_DIR");
  std::string config = variable("XDG_CONFIG_HOME");
  std::string docker = variable("DOCKER_CONFIG");
  if (config.empty() && !home.empty()) config = home + "/.config";
  if (docker.empty() && !home.empty()) docker = home + "/.docker";
  if (!runtime.empty()) login.files.push_back(runtime + "/containers/auth.json");
  if (!config.empty()) login.files.push_back(config + "/containers/auth.json");
  if (!docker.empty()) login.files.push_back(docker + "/config.json");
  return login;
}

Result<Credentials> find_credentials(const Login& login,
                                     const std::string& registry,
                                     const std::string& repository) {
  if (!login.given.is_empty()) return login.given;
  const auto keys = keys_for(registry, repository);
  const bool is_named = !login.named_file.empty();
  for (const std::string& file :
       is_named ? std::vector<std::string>{login.named_file} : login.files) {
    const auto text = read_text_file(file, kLargestAuthFile);
    if (!text) {
      const auto& refusal = text.error().refusal;
      if (!is_named && refusal && (refusal->number == ENOENT || refusal->number == ENOTDIR))
        continue;
      return text.error();
    }
    auto found = find_in_auth_file(*text, file, keys);
    if (!found) return std::move(found.error());
    if (!*found) continue;
    auto credentials = resolve(std::move(**found), login.stop);
    if (!credentials || !credentials->is_empty()) return credentials;
  }
  return Credentials{};
}

}  // namespace berth::registry
