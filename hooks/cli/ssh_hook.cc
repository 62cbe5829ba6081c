// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/ssh_hook.h"

#include "hooks/own/own.h"

#include <cstdlib>

#include <nlohmann/json.hpp>

namespace berth::hooks {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

}  // namespace

Edits ask_ssh_hook(const std::string& state) {
  SshQuestion question{
      .home = "/", .nodes_home = variable("HOME"), .agent = variable("SSH_AUTH_SOCK")};
  const auto json = nlohmann::json::parse(state, nullptr, false);
  if (json.is_object() && json.contains("user")) {
    question.home = json.at("user").value("home", question.home);
    question.is_home_shown = json.at("user").value("homeIsShown", false);
  }
  return find_ssh("", question);
}

}  // namespace berth::hooks
