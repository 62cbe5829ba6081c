// SPDX-License-Identifier: Apache-2.0
// Why a variable is what it is, in sentences.
#include "base/text.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

#include <optional>

namespace berth::plan {

namespace {

/// Without what would move the reader's cursor: it may come from the image.
std::string harmless(const std::string& text) {
  const std::string quoted = quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

/// `before`: the value until then.
std::string sentence_of(const VariableHistory::Event& event,
                        const std::optional<std::string>& before) {
  const std::string who = harmless(event.who);
  switch (event.kind) {
    case VariableHistory::Event::set:
      if (!before) return who + " sets it to " + quote(event.value);
      if (*before == event.value) return who + " sets it to the same";
      return who + " changes it to " + quote(event.value);
    case VariableHistory::Event::removed:
      return who + " removes it";
    case VariableHistory::Event::left_out:
      if (event.value.empty()) return who + " comes to nothing: " + event.reason;
      return who + " has " + quote(event.value) + ", which is left out: " + event.reason;
  }
  return {};
}

}  // namespace

Result<std::string> explain_variable(const Launch& launch, const std::string& name) {
  auto binds = choose_binds(launch.request, launch.facts);
  if (!binds) return std::move(binds.error());
  VariableHistory history{name};
  const std::vector<std::string> environment = make_environment(launch, *binds, &history);
  std::string text;
  std::optional<std::string> value;
  for (const VariableHistory::Event& event : history.events) {
    text += sentence_of(event, value) + "\n";
    if (event.kind == VariableHistory::Event::set) value = event.value;
    if (event.kind == VariableHistory::Event::removed) value.reset();
  }
  for (const std::string& variable : environment)
    if (variable.starts_with(name + "=")) return text + harmless(variable) + "\n";
  return text + harmless(name) + " is not set\n";
}

}  // namespace berth::plan
