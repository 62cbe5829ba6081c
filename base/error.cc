// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cstring>

namespace berth {

Error refused(std::string_view call, const std::string& goal, int number) {
  return Error{Blame::host, goal, Refusal{call, number}, {}};
}

std::string sentence_of(const Error& error) {
  std::string text = "cannot " + error.goal;
  if (!error.refusal) return text;
  const auto& [call, number] = *error.refusal;
  const char* words = ::strerrordesc_np(number);
  const char* name = ::strerrorname_np(number);
  text.append(": ").append(call).append(": ").append(words ? words : "unknown error");
  text.append(" (").append(name ? name : std::to_string(number)).append(")");
  return text;
}

std::string to_text(const Error& error, std::string_view prefix) {
  std::string text = std::string(prefix) + ": " + sentence_of(error);
  if (!error.hint.empty()) text.append("\n").append(prefix).append(": hint: ").append(error.hint);
  return text;
}

}  // namespace berth
