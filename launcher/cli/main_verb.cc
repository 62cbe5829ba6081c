// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/cli/kept.h"
#include "launcher/cli/settle.h"
#include "launcher/cli/verbs.h"
#include "launcher/request/request_text.h"
#include "launcher/request/slurm_words.h"

#include <array>
#include <utility>

namespace berth::cli {

namespace {

using Words = std::vector<std::string>;

/// Those that need nothing but their words.
constexpr std::array<std::pair<std::string_view, int (*)(const Words&, Session&)>, 15> kVerbs = {
    {{"run", run},
     {"mount", mount_verb},
     {"unmount", unmount_verb},
     {"ps", ps_verb},
     {"inspect", inspect_verb},
     {"logs", logs_verb},
     {"exec", exec_verb},
     {"top", top_verb},
     {"stats", stats_verb},
     {"pause", pause_verb},
     {"resume", resume_verb},
     {"stop", stop_verb},
     {"kill", kill_verb},
     {"wait", wait_verb},
     {"rm", rm_verb}}};

/// A batch script is a file of slurmd's on the node, which the container has to show.
void take_script(const Session& session, Request& request) {
  const std::string script = variable(session, "BERTH_SCRIPT");
  if (script.empty()) return;
  request.binds.push_back({script, script, kReadOnly});
  request.command = {script};
}

/// Says what is wrong in the words in which it was asked for.
class SlurmsStreams final : public Streams {
 public:
  explicit SlurmsStreams(Streams& streams) : streams_(streams) {}

  void out(std::string_view text) override { streams_.out(text); }

  void err(std::string_view text) override {
    streams_.err(request::in_slurms_words(std::string(text)));
  }

 private:
  Streams& streams_;
};

/// Slurm's plugin puts berth in the place of the program and the rest of the wish in a variable.
int run_task(const std::string& text, const std::vector<std::string>& words, Session& asked) {
  SlurmsStreams streams(asked.streams);
  Session session{streams, asked.environment, asked.parent, asked.began};
  auto request = settle(
      session,
      {[&](Request settled) { return request::parse_request_text(text, std::move(settled)); },
       [&] { return request::options_given_in_text(text); }});
  if (!request) {
    print_for_rank(session, request.error());
    return 125;
  }
  take_script(session, *request);
  if (const Status kept = take_kept(session, *request); !kept) {
    print_for_rank(session, kept.error());
    return 125;
  }
  request->command.insert(request->command.end(), words.begin(), words.end());
  return run_request(std::move(*request), session);
}

int plugin_missing(Session& session) {
  print_for_rank(session,
                 Error{Blame::config,
                       "run this task in its container: Slurm's daemon on this node has not loaded "
                       "berth's plugin",
                       {},
                       "ask the administrator to add berth.so to plugstack.conf of every node"});
  return 125;
}

int unknown_verb(const std::string& verb, Session& session) {
  std::vector<std::string> all = {"import", "image", "--help", "--version"};
  for (const auto& [name, start] : kVerbs)
    all.emplace_back(name);
  const std::string near = nearest(verb, all);
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
  for (const auto& [name, start] : kVerbs)
    if (words[0] == name) return start(rest, session);
  if (words[0] == "import" || words[0] == "image") return run_image_program(words, session);
  return unknown_verb(words[0], session);
}

}  // namespace berth::cli
