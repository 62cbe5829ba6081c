// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/edit_hook.h"

#include "base/fd.h"
#include "base/text.h"
#include "hooks/cdi/spec.h"
#include "hooks/run/program.h"
#include "hooks/stage.h"
#include "hooks/trust.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace berth::hooks {

namespace {

constexpr unsigned kSeconds = 10;
constexpr std::size_t kMostOutput = 256UL * 1024;

/// Holds up the signals that would end this process, and ends it with its own end if one has come:
/// a hook has a process group of its own, and would never hear of it.
class HeldSignals {
 public:
  HeldSignals() {
    ::sigemptyset(&held_);
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
      struct sigaction action {};

      // The kernel keeps one that is held up though it is ignored.
      if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
        ::sigaddset(&held_, number);
    }
    (void)::pthread_sigmask(SIG_BLOCK, &held_, nullptr);  // the set is valid
    file_.reset(::signalfd(-1, &held_, SFD_CLOEXEC));
  }

  ~HeldSignals() { (void)::pthread_sigmask(SIG_UNBLOCK, &held_, nullptr); }

  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  HeldSignals(HeldSignals&&) = delete;
  HeldSignals& operator=(HeldSignals&&) = delete;

  /// Readable once one has come.
  [[nodiscard]] int file() const { return file_.get(); }

 private:
  sigset_t held_{};
  UniqueFd file_;
};

std::string without(const std::string& path) {
  return "--no-hook=" + path.substr(path.rfind('/') + 1);
}

}  // namespace

Result<Edits> ask_edit_hook(const std::string& path, const std::string& state, Answer& answer) {
  auto file = open_trusted_program(path, ::getuid());
  if (!file) {
    Error error = std::move(file.error());
    if (error.hint.empty() && error.refusal && error.refusal->number == ENOENT)
      error.hint = "check the path, or leave it out: " + without(path);
    return error;
  }
  Program program{path, file->get()};
  program.words = {path};
  program.variables = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
  program.input = state;
  program.seconds = kSeconds;
  program.most_output = kMostOutput;
  program.caller = STDOUT_FILENO;
  const HeldSignals signals;
  program.stop = signals.file();
  const Outcome outcome = run_program(program);
  if (!outcome.is_good())
    return Error{Blame::config,
                 "run the hook " + quote(path) + ": " + reason_of(outcome, kSeconds),
                 {},
                 "leave it out: " + without(path)};
  auto edits = parse_hook_answer(outcome.output, path);
  if (!edits) return edits;
  if (const std::string words = last_line(outcome.errors); !words.empty())
    answer.warnings.push_back("the hook " + quote(path) + " says " + quote(words));
  return edits;
}

Status check_programs(const Edits& edits) {
  for (const Hook& hook : edits.hooks) {
    if (hook.stage == Stage::start_container) continue;
    const auto file = open_trusted_program(hook.path, ::getuid());
    if (file) continue;
    Error error = file.error();
    error.goal = "have the " + std::string(name_of(hook.stage)) + " hook of " + hook.who +
                 ": cannot " + error.goal;
    return error;
  }
  return Done{};
}

}  // namespace berth::hooks
