// SPDX-License-Identifier: Apache-2.0
// The keys of a settings file: one table, from which files are read. Pure.
#pragma once

#include "image/settings/document.h"
#include "image/settings/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::settings {

/// A value on its way into the settings.
struct Given {
  const Element& node;
  std::string key;
  std::string file;
  std::string home;

  [[nodiscard]] Origin origin() const { return {file, node.line}; }

  /// "cannot read 'FILE:LINE': KEY has to be ...".
  [[nodiscard]] Error refuse(const std::string& wanted, const Element& where) const;
};

struct Key {
  std::string_view name;  ///< "section.key"
  Status (*apply)(Settings&, const Given&);
};

/// The key called `name`, or null.
const Key* find_key(std::string_view name);

/// True for the part before the dot of any key.
bool is_section(std::string_view name);

/// All keys, and with `sections` their sections, for the nearest name.
std::vector<std::string> names_of_keys(bool sections);

}  // namespace berth::settings
