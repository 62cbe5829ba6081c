// SPDX-License-Identifier: Apache-2.0
// A YAML text as a small tree in which each value knows its line. Pure. Of YAML it takes what a
// settings file needs: maps, lists and plain or quoted words; anchors, aliases and tags are
// refused, so that a short text cannot stand for a huge one.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace berth::settings {

struct Element {
  enum class Kind { nothing, word, list, map };
  Kind kind = Kind::nothing;
  std::string text = {};            ///< of a word
  unsigned line = 0;                ///< from 1
  std::vector<Element> items = {};  ///< of a list; of a map, the values
  std::vector<Element> keys = {};   ///< of a map, as many as items; always words, none twice
};

constexpr std::size_t kLargestFile = 256UL * 1024;  ///< bytes of a settings file
constexpr std::size_t kMostNodes = 20000;
constexpr std::size_t kDeepestNode = 8;

/// The tree, whose root is a map or, for an empty text, nothing. `name` is the file, for messages:
/// "cannot read 'NAME:LINE': ...".
Result<Element> parse_document(const std::string& text, const std::string& name);

/// The error for what stands in `line` of the file `name`.
Error bad_line(const std::string& name, unsigned line, const std::string& why);

}  // namespace berth::settings
