// SPDX-License-Identifier: Apache-2.0
// How long each phase of a launch takes. A trace that nobody asked for holds nothing.
#pragma once

#include "base/fd.h"
#include "launcher/model/image.h"
#include "launcher/model/steps.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::enter {

/// Phases of one launch, each from the end of the one before. They are told once, when nothing is
/// left to be done but to execute the program.
class Trace {
 public:
  using Nanoseconds = std::uint64_t;

  /// Of CLOCK_MONOTONIC.
  static Nanoseconds now() noexcept;

  /// Counts from `begin`. Text for people goes to standard error, a line of JSON to `file`; which
  /// of both, the caller says.
  void start(Nanoseconds begin, bool has_text, UniqueFd file);

  [[nodiscard]] bool is_on() const noexcept { return is_on_; }

  /// What was done since the last phase ended is called `name`.
  void add(std::string_view name);

  /// Whose launch it is, for the line of JSON.
  void introduce(const Launch& launch);

  /// These steps come next; each is a phase, and ends with step_ends(). What runs after fork()
  /// needs no memory then.
  void expect(const std::vector<Step>& steps);

  void step_ends() noexcept;

  /// Writes the phases that have ended: with one write(2) for people and one into the file, so that
  /// those of several ranks do not mix. What cannot be written is left out.
  void tell() noexcept;

 private:
  /// A phase in both forms, up to its time and behind it.
  struct Phase {
    std::string text;  ///< a line without its newline
    std::string json;
    Nanoseconds end = 0;
  };

  /// What tell() fills; as long as both texts can be.
  class Page;

  void push(std::string_view name, unsigned step);
  [[nodiscard]] Nanoseconds length_of(std::size_t phase) const noexcept;
  void tell_people(Page& page) const noexcept;
  void tell_file(Page& page) const noexcept;

  std::vector<Phase> phases_;
  std::size_t ended_ = 0;     ///< phases that have
  unsigned steps_ = 0;        ///< phases that are steps
  std::vector<char> memory_;  ///< a page's
  std::string head_;          ///< of the line of JSON
  Nanoseconds begin_ = 0;
  UniqueFd file_;
  bool is_on_ = false;
  bool has_text_ = false;
};

}  // namespace berth::enter
