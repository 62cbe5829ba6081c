// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/edit_hook.h"

#include "base/text.h"
#include "hooks/cdi/spec.h"
#include "hooks/run/program.h"
#include "hooks/stage.h"
#include "hooks/trust.h"

#include <unistd.h>

#include <utility>

namespace berth::hooks {

namespace {

constexpr unsigned kSeconds = 10;
constexpr std::size_t kMostOutput = 256UL * 1024;

/// The last line of what it has complained about, fit to be printed.
std::string last_words(const Outcome& outcome) {
  std::string text = outcome.errors;
  while (!text.empty() && text.find_last_of(" \t\r\n") == text.size() - 1)
    text.pop_back();
  return quote(text.substr(text.rfind('\n') + 1));
}

}  // namespace

Result<Edits> ask_edit_hook(const std::string& path, const std::string& state, Answer& answer) {
  auto file = open_trusted_program(path, ::getuid());
  if (!file) return std::move(file.error());
  Program program{path, file->get()};
  program.words = {path};
  program.variables = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
  program.input = state;
  program.seconds = kSeconds;
  program.most_output = kMostOutput;
  const Outcome outcome = run_program(program);
  if (!outcome.is_good())
    return Error{Blame::config,
                 "run the hook " + quote(path) + ": " + reason_of(outcome, kSeconds),
                 {},
                 "leave it out: --no-hook=" + path.substr(path.rfind('/') + 1)};
  auto edits = parse_hook_answer(outcome.output, path);
  if (!edits) return edits;
  if (const std::string words = last_words(outcome); words != "''")
    answer.warnings.push_back("the hook " + quote(path) + " says " + words);
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
