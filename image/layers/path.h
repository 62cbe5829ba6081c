// SPDX-License-Identifier: Apache-2.0
// Names inside a layer: normalised once where they enter, and the marks that layers delete with.
// Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace berth::layers {

constexpr std::size_t kLongestPath = 4095;  ///< PATH_MAX without its NUL
constexpr std::size_t kLongestName = 255;   ///< NAME_MAX

/// "./a//b/" becomes "a/b", "/" becomes "". Any bytes but NUL are fine in a name; a ".." is
/// refused, and so is what no kernel could open because it is too long.
Result<std::string> parse_path(std::string_view raw);

/// 'name', for messages: of a long one the beginning.
std::string quote_start(std::string_view name);

/// "a/b/c" split into "a/b" and "c".
struct Split {
  std::string_view folder;
  std::string_view name;
};

Split split_path(std::string_view path);

/// What an entry's name asks for (image-spec, layer.md, "Whiteouts").
struct Mark {
  enum class Kind { none, whiteout, opaque, ignored };
  Kind kind = Kind::none;
  std::string path = {};  ///< what is deleted, or the directory whose lower content is
};

/// `path` is normalised. Names with aufs' own prefix ".wh..wh." other than the opaque mark are
/// ignored, as by every other tool; ".wh." and ".wh..." are refused.
Result<Mark> parse_mark(std::string_view path);

}  // namespace berth::layers
