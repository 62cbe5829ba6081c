// SPDX-License-Identifier: Apache-2.0
#include "image/cli/pace.h"

#include "base/text.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace berth::cli {

namespace {

constexpr std::chrono::milliseconds kApart{500};
constexpr std::chrono::seconds kWindow{8};
/// Before this, a rate would be a guess.
constexpr std::chrono::seconds kLeast{1};

/// Columns on a terminal, at most: what is not ASCII may take two.
std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) ++columns;
    if (byte >= 0xc0) columns += 2;  // the first byte of a character
  }
  return columns;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// The end of a long name tells more than its beginning.
std::string shortened(const std::string& name, std::size_t columns) {
  constexpr std::string_view kDots = "...";
  std::string quoted = quote(name);
  if (columns_of(quoted) <= columns) return quoted;
  std::string_view rest = name;
  while (!rest.empty()) {
    do {
      rest.remove_prefix(1);
    } while (!rest.empty() && continues_character(rest.front()));
    quoted = quote(std::string(kDots) + std::string(rest));
    if (columns_of(quoted) <= columns) break;
  }
  return quoted;
}

std::string amount_of(const Pace& pace) {
  if (pace.total == 0) return size_text(pace.bytes);
  return size_text(std::min(pace.bytes, pace.total)) + " of " + size_text(pace.total) + " (" +
         std::to_string(*percent_of(pace)) + " %)";
}

}  // namespace

std::optional<unsigned> percent_of(const Pace& pace) {
  if (pace.total == 0) return std::nullopt;
  if (pace.bytes >= pace.total) return 100;
  return static_cast<unsigned>(static_cast<long double>(pace.bytes) * 100 /
                               static_cast<long double>(pace.total));
}

Pacer::Pacer(Moment begin, std::uint64_t total) : total_(total), samples_{{begin, 0}} {}

Pace Pacer::take(Moment now, std::uint64_t bytes) {
  Pace pace{bytes, total_, {}, {}};
  while (samples_.size() > 1 && now - samples_.front().when > kWindow)
    samples_.pop_front();
  const Sample& first = samples_.front();
  const std::chrono::duration<double> passed = now - first.when;
  if (passed >= kLeast && bytes >= first.bytes)
    pace.rate =
        static_cast<std::uint64_t>(static_cast<double>(bytes - first.bytes) / passed.count());
  if (pace.rate.value_or(0) > 0 && total_ > 0)
    pace.seconds = (total_ - std::min(bytes, total_) + *pace.rate - 1) / *pace.rate;
  if (now - samples_.back().when >= kApart) samples_.push_back({now, bytes});
  return pace;
}

std::string line_of(const Pace& pace, const std::string& name, std::size_t columns) {
  constexpr std::size_t kShortestName = 12;
  const std::string begin = "importing ";
  std::vector<std::string> ends{": " + amount_of(pace)};
  if (pace.rate) ends.push_back(ends.back() + ", " + size_text(*pace.rate) + "/s");
  if (pace.seconds) ends.push_back(ends.back() + ", " + duration_text(*pace.seconds) + " left");
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    const std::size_t used = begin.size() + end->size();
    if (used + std::min(kShortestName, columns_of(quote(name))) <= columns)
      return begin + shortened(name, columns - used) + *end;
  }
  // Too narrow for a name.
  const auto percent = percent_of(pace);
  const std::string least = percent ? std::to_string(*percent) + " %" : size_text(pace.bytes);
  return least.size() <= columns ? least : "";
}

std::string duration_text(std::uint64_t seconds) {
  constexpr std::uint64_t kMinute = 60;
  constexpr std::uint64_t kHour = 3600;
  if (seconds < kMinute) return std::to_string(seconds) + " s";
  if (seconds < kHour)
    return std::to_string(seconds / kMinute) + " min " + std::to_string(seconds % kMinute) + " s";
  return std::to_string(seconds / kHour) + " h " + std::to_string(seconds % kHour / kMinute) +
         " min";
}

}  // namespace berth::cli
