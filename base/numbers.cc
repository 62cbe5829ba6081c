// SPDX-License-Identifier: Apache-2.0
#include "base/numbers.h"

#include "base/text.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>

namespace berth {

namespace {

constexpr unsigned kWordBits = 8 * sizeof(unsigned long);

std::optional<unsigned> number_in(std::string_view text) {
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  if (trouble != std::errc{} || rest != end || number >= Numbers::kMost) return std::nullopt;
  return number;
}

}  // namespace

Numbers::Numbers(std::vector<unsigned long> words) : words_(std::move(words)) {
  words_.resize(std::min<std::size_t>(words_.size(), kMost / kWordBits));
  while (!words_.empty() && words_.back() == 0)
    words_.pop_back();
}

void Numbers::add(unsigned number) {
  if (number >= kMost) return;
  if (number / kWordBits >= words_.size()) words_.resize(number / kWordBits + 1);
  words_[number / kWordBits] |= 1UL << number % kWordBits;
}

void Numbers::add(const Numbers& others) {
  words_.resize(std::max(words_.size(), others.words_.size()));
  for (std::size_t i = 0; i < others.words_.size(); ++i)
    words_[i] |= others.words_[i];
}

bool Numbers::has(unsigned number) const noexcept {
  return number / kWordBits < words_.size() &&
         (words_[number / kWordBits] >> number % kWordBits & 1UL) != 0;
}

std::size_t Numbers::count() const noexcept {
  std::size_t count = 0;
  for (const unsigned long word : words_)
    count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

bool Numbers::contains(const Numbers& others) const noexcept {
  if (others.words_.size() > words_.size()) return false;
  for (std::size_t i = 0; i < others.words_.size(); ++i)
    if ((others.words_[i] & ~words_[i]) != 0) return false;
  return true;
}

std::vector<unsigned> Numbers::all() const {
  std::vector<unsigned> all;
  for (std::size_t i = 0; i < words_.size(); ++i)
    for (unsigned long rest = words_[i]; rest != 0; rest &= rest - 1)
      all.push_back(static_cast<unsigned>(i) * kWordBits +
                    static_cast<unsigned>(std::countr_zero(rest)));
  return all;
}

Numbers Numbers::common_with(const Numbers& others) const {
  std::vector<unsigned long> words(std::min(words_.size(), others.words_.size()));
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = words_[i] & others.words_[i];
  return Numbers(std::move(words));
}

std::optional<Numbers> parse_numbers(std::string_view text) {
  Numbers numbers;
  for (const std::string& part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    const auto first = number_in(std::string_view(part).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : number_in(std::string_view(part).substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    for (unsigned number = *first; number <= *last; ++number)
      numbers.add(number);
  }
  return numbers;
}

std::string to_text(const Numbers& numbers) {
  std::string text;
  const std::vector<unsigned> all = numbers.all();
  for (std::size_t first = 0; first < all.size();) {
    std::size_t last = first;
    while (last + 1 < all.size() && all[last + 1] == all[last] + 1)
      ++last;
    text += (text.empty() ? "" : ",") + std::to_string(all[first]);
    if (last != first) text += "-" + std::to_string(all[last]);
    first = last + 1;
  }
  return text;
}

std::optional<Numbers> affinity_of(pid_t pid) {
  // The kernel refuses what is too small for all the CPUs that it could have
  // (sched_setaffinity(2)).
  for (std::size_t words = 16; words <= Numbers::kMost / kWordBits; words *= 2) {
    std::vector<unsigned long> mask(words);
    const long bytes =
        ::syscall(SYS_sched_getaffinity, pid, mask.size() * sizeof(unsigned long), mask.data());
    if (bytes > 0) return Numbers(std::move(mask));
    if (errno != EINVAL) break;
  }
  return std::nullopt;
}

}  // namespace berth
