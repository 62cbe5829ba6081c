// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/cli/verbs.h"
#include "launcher/request/request_text.h"

namespace berth::cli {

namespace {

/// Slurm's plugin puts berth in the place of the program and the rest of the wish in a variable.
int run_task(const std::string& text, const std::vector<std::string>& words, Session& session) {
  auto request = request::parse_request_text(text);
  if (!request) {
    print(session, request.error());
    return 125;
  }
  request->command.insert(request->command.end(), words.begin(), words.end());
  return run_request(std::move(*request), session);
}

int plugin_missing(Session& session) {
  print(session,
        Error{Blame::config,
              "run this task in its container: Slurm's daemon on this node has not loaded "
              "berth's plugin",
              {},
              "ask the administrator to add berth.so to plugstack.conf of every node"});
  return 125;
}

int unknown_verb(const std::string& verb, Session& session) {
  const std::string near =
      nearest(verb, {"run", "import", "image", "mount", "unmount", "--help", "--version"});
  print(session,
        Error{Blame::usage,
              "understand " + quote(verb),
              {},
              near.empty() ? "see berth --help" : "did you mean berth " + near + "?"});
  return 2;
}

}  // namespace

int main_verb(const std::vector<std::string>& words, Session& session) {
  const std::string task = variable(session, "BERTH_TASK");
  if (!task.empty()) return run_task(task, words, session);
  // srun has put berth in the place of the program, and nobody on the node has said why.
  if (!variable(session, "SLURM_BERTH_TASK").empty()) return plugin_missing(session);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    session.streams.out(help_text());
    return 0;
  }
  if (words[0] == "--version") {
    session.streams.out("berth " BERTH_VERSION "\n");
    return 0;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "run") return run(rest, session);
  if (words[0] == "mount") return mount_verb(rest, session);
  if (words[0] == "unmount") return unmount_verb(rest, session);
  if (words[0] == "import" || words[0] == "image") return run_image_program(words, session);
  return unknown_verb(words[0], session);
}

}  // namespace berth::cli
