// SPDX-License-Identifier: Apache-2.0
// The fields of one map of a specification file, each taken once and checked as it is taken.
#pragma once

#include "base/result.h"
#include "image/settings/document.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

using settings::Element;

class Fields {
 public:
  /// `known`: all that it may have. `what` it is, for messages: "a mount".
  static Result<Fields> open(const Element& map,
                             const std::string& file,
                             std::string what,
                             const std::vector<std::string>& known);

  /// The value of `name`; null where it is not there, or is null itself.
  [[nodiscard]] const Element* find(const std::string& name) const;

  /// A text. Absent: empty, which is an error where it `is_needed`.
  [[nodiscard]] Result<std::string> text(const std::string& name, bool is_needed = false) const;

  /// A text that begins with '/'.
  [[nodiscard]] Result<std::string> path(const std::string& name, bool is_needed = false) const;

  [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& name) const;

  /// A whole number up to `most`.
  [[nodiscard]] Result<std::optional<std::uint64_t>> number(const std::string& name,
                                                            std::uint64_t most) const;

  /// The maps of a list. Absent: none.
  [[nodiscard]] Result<std::vector<const Element*>> maps(const std::string& name) const;

  /// "cannot read 'FILE:LINE': WHY", for the field `name`.
  [[nodiscard]] Error refuse(const std::string& name, const std::string& why) const;

 private:
  Fields(const Element& map, const std::string& file, std::string what)
      : map_(&map),
        file_(&file),
        what_(std::move(what)) {}

  const Element* map_;
  const std::string* file_;
  std::string what_;
};

}  // namespace berth::hooks
