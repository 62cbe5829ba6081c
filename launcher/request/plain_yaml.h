// SPDX-License-Identifier: Apache-2.0
// As much of YAML as lists of settings need: a mapping whose values are scalars, sequences of
// scalars or mappings of scalars. What it accepts means the same to every reader of YAML 1.2; all
// else is refused. Pure. No third-party library: the Slurm plugin links this.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::request {

struct YamlScalar {
  std::string text;
  unsigned line = 0;
  std::string key = {};  ///< in a mapping
};

/// One key of the document, in the order in which they stand.
struct YamlEntry {
  enum class Kind : unsigned char { nothing, scalar, sequence, mapping };

  std::string key;
  unsigned line = 0;
  Kind kind = Kind::nothing;
  std::vector<YamlScalar> values = {};
};

/// Why a text is not read: a line, and words that follow it.
struct YamlFlaw {
  unsigned line = 0;
  std::string why;
  std::string hint;
};

/// The entries, or nothing, and then `flaw` says why.
std::optional<std::vector<YamlEntry>> parse_plain_yaml(std::string_view text, YamlFlaw& flaw);

}  // namespace berth::request
