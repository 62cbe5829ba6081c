// SPDX-License-Identifier: Apache-2.0
// A set of small numbers, as the kernel counts CPUs and memory nodes; and who may run where.
// However many CPUs there are: cpu_set_t(3) ends at 1024.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

class Numbers {
 public:
  static constexpr unsigned kMost = 1U << 16U;  ///< no number reaches it; Linux ends at 8192 CPUs

  Numbers() = default;

  /// Of kernel's words, the lowest number in the lowest bit.
  explicit Numbers(std::vector<unsigned long> words);

  /// Nothing where `number` is kMost or above.
  void add(unsigned number);
  void add(const Numbers& others);
  [[nodiscard]] bool has(unsigned number) const noexcept;
  [[nodiscard]] std::size_t count() const noexcept;

  [[nodiscard]] bool is_empty() const noexcept { return words_.empty(); }

  /// Whether every one of `others` is here.
  [[nodiscard]] bool contains(const Numbers& others) const noexcept;
  /// In rising order.
  [[nodiscard]] std::vector<unsigned> all() const;
  /// Those that both have.
  [[nodiscard]] Numbers common_with(const Numbers& others) const;

  /// As sched_setaffinity(2) and set_mempolicy(2) take them; none for no number.
  [[nodiscard]] const std::vector<unsigned long>& words() const noexcept { return words_; }

  bool operator==(const Numbers&) const = default;

 private:
  std::vector<unsigned long> words_;  // the last one is not 0
};

/// "0-3,8", as the kernel writes such a set (cpuset(7), list format). Nothing where it is no such
/// text, or names nothing. Pure.
std::optional<Numbers> parse_numbers(std::string_view text);

/// The text from which parse_numbers() makes the set again; "" for none.
std::string to_text(const Numbers& numbers);

/// The CPUs that a process may run on, 0 being this one. Nothing where the kernel does not say.
std::optional<Numbers> affinity_of(pid_t pid);

}  // namespace berth
