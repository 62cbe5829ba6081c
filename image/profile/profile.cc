// SPDX-License-Identifier: Apache-2.0
#include "image/profile/profile.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace berth::profile {

namespace {

constexpr std::string_view kRecordHead = "berth launch profile 1";
constexpr std::string_view kListHead = "berth read-ahead list 1";
constexpr std::size_t kMostHeadBytes = 96;
constexpr std::size_t kMostLineBytes = 42;  // two numbers of 20 digits

template <std::size_t Count>
using Numbers = std::array<std::uint64_t, Count>;

template <std::size_t Count>
std::string line(std::string_view head, const Numbers<Count>& numbers) {
  std::string text(head);
  for (const std::uint64_t number : numbers)
    text += (text.empty() ? "" : " ") + std::to_string(number);
  return text + "\n";
}

/// Takes the next whole line off `text`.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view found = text.substr(0, end);
  text.remove_prefix(end + 1);
  return found;
}

/// `head` and just as many numbers, one space before each but the first of a line.
template <std::size_t Count>
std::optional<Numbers<Count>> parse(std::string_view head, std::string_view text) {
  if (!text.starts_with(head)) return std::nullopt;
  text.remove_prefix(head.size());
  Numbers<Count> numbers{};
  for (std::uint64_t& number : numbers) {
    if (!head.empty() || &number != numbers.data()) {
      if (!text.starts_with(' ')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto [rest, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (trouble != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  }
  if (!text.empty()) return std::nullopt;
  return numbers;
}

Numbers<3> numbers_of(const Stamp& stamp) {
  return {stamp.bytes_used, stamp.inode_table, stamp.root};
}

Error no_record(const std::string& name, const std::string& why) {
  return Error{Blame::usage,
               "use " + quote(name) + " as a launch profile: " + why,
               {},
               "record one with: berth run --record-profile FILE IMAGE -- PROGRAM"};
}

}  // namespace

std::string first_line(const Stamp& stamp) {
  return line<3>(kRecordHead, numbers_of(stamp));
}

std::string line_of(const Touch& touch) {
  return line<2>("", {touch.inode, touch.block});
}

Result<std::vector<Touch>> parse_record(std::string_view text,
                                        const Stamp& stamp,
                                        const std::string& name) {
  const auto head = take_line(text);
  const auto whose = head ? parse<3>(kRecordHead, *head) : std::nullopt;
  if (!whose) return no_record(name, "it does not begin like one");
  if (*whose != numbers_of(stamp)) return no_record(name, "it was recorded with another image");
  std::vector<Touch> touches;
  while (const auto next = take_line(text)) {
    const auto numbers = parse<2>("", *next);
    if (!numbers)
      return no_record(name, "line " + std::to_string(touches.size() + 2) + " is not two numbers");
    if (touches.size() == kMostTouches) return no_record(name, "it has too many lines");
    touches.push_back({(*numbers)[0], (*numbers)[1]});
  }
  return touches;
}

std::size_t room_for(std::size_t ranges) {
  return kMostHeadBytes + ranges * kMostLineBytes;
}

std::string make_list(const Stamp& stamp, std::span<const Range> ranges, std::size_t bytes) {
  std::string text = line<3>(kListHead, numbers_of(stamp));
  for (const Range& range : ranges)
    text += line<2>("", {range.offset, range.bytes});
  text.resize(std::max(bytes, text.size()), '\n');
  return text;
}

std::vector<Range> parse_list(std::string_view text, const Stamp& stamp) {
  const auto head = take_line(text);
  const auto whose = head ? parse<3>(kListHead, *head) : std::nullopt;
  if (!whose || *whose != numbers_of(stamp)) return {};
  std::vector<Range> ranges;
  while (const auto next = take_line(text)) {
    if (next->empty()) break;  // what fills it up
    const auto numbers = parse<2>("", *next);
    if (!numbers || (*numbers)[1] > UINT64_MAX - (*numbers)[0]) return {};
    ranges.push_back({(*numbers)[0], (*numbers)[1]});
  }
  return ranges;
}

std::vector<Range> joined(std::vector<Range> ranges) {
  std::ranges::sort(ranges, {}, &Range::offset);
  std::vector<Range> out;
  for (const Range& range : ranges) {
    const std::uint64_t end = out.empty() ? 0 : out.back().offset + out.back().bytes;
    if (out.empty() || (range.offset > end && range.offset - end >= kGap)) {
      out.push_back(range);
    } else {
      out.back().bytes = std::max(end, range.offset + range.bytes) - out.back().offset;
    }
  }
  return out;
}

std::vector<Range> clipped(std::span<const Range> ranges,
                           std::uint64_t file_bytes,
                           std::uint64_t most) {
  std::vector<Range> out;
  for (const Range& range : ranges) {
    const std::uint64_t offset = std::min(range.offset, file_bytes);
    const std::uint64_t bytes = std::min({range.bytes, file_bytes - offset, most});
    if (bytes == 0) continue;
    out.push_back({offset, bytes});
    most -= bytes;
  }
  return out;
}

}  // namespace berth::profile
