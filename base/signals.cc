// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <signal.h>

#include <charconv>
#include <cstring>

namespace berth {

namespace {

constexpr int kLastPlain = 31;
constexpr int kLast = 64;
// The C library keeps the first two for itself; images mean the third, as systemd's do.
constexpr int kFirstRealTime = 34;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::optional<int> within(std::optional<int> number, int offset = 0) {
  if (!number || *number < 0 || *number > kLast) return std::nullopt;
  const int sum = *number + offset;
  return sum >= 1 && sum <= kLast ? std::optional(sum) : std::nullopt;
}

}  // namespace

std::optional<int> signal_number(std::string_view text) {
  if (const auto number = whole_number(text)) return within(number);
  std::string name;
  for (const char c : text)
    name += upper(c);
  if (name.starts_with("SIG")) name.erase(0, 3);
  if (name == "RTMIN") return kFirstRealTime;
  if (name.starts_with("RTMIN+")) return within(whole_number(name.substr(6)), kFirstRealTime);
  for (int number = 1; number <= kLastPlain; ++number)
    if (name == ::sigabbrev_np(number)) return number;
  return std::nullopt;
}

std::string signal_name(int number) {
  if (number >= kFirstRealTime) return "SIGRTMIN+" + std::to_string(number - kFirstRealTime);
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace berth
