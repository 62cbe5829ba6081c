// SPDX-License-Identifier: Apache-2.0
#include "image/cli/flags.h"

#include "base/text.h"

namespace berth::cli {

Status check_count(const VerbText& text, const std::vector<std::string>& operands) {
  const std::string hint = "write: " + std::string(text.usage);
  if (operands.size() < text.fewest)
    return Error{Blame::usage,
                 "go on: there " + std::string(operands.empty() ? "is nothing" : "is too little") +
                     " to work on",
                 {},
                 hint};
  if (operands.size() > text.most)
    return Error{Blame::usage, "understand " + quote(operands[text.most]), {}, hint};
  return Done{};
}

}  // namespace berth::cli
