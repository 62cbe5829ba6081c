// SPDX-License-Identifier: Apache-2.0
// What berth-hooks gets to stand by a container with, as JSON; and the words between it and who
// builds the container. Pure.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::hooks {

struct Standing {
  std::string id;    ///< of the container
  std::string base;  ///< the place below which it is built, as it sees it; what a bundle is
  std::vector<std::pair<std::string, std::string>> annotations = {};
  std::vector<Hook> hooks = {};
  bool shows_output = false;  ///< what hooks write goes to standard error
  bool keeps_errors = false;  ///< standard error is a file of the container's own, for all its life

  bool operator==(const Standing&) const = default;
};

std::string to_text(const Standing& standing);
Result<Standing> parse_standing(std::string_view text);

/// One byte each, from who builds the container: its root is complete, the program is about to
/// begin, and it will not.
constexpr char kRootIsThere = 'r';
constexpr char kProgramBegins = 'p';
constexpr char kNothingComes = 'x';

/// The answer to the first two. What has failed is another message, a sentence.
constexpr char kWell = 'w';
constexpr char kFailed = 'f';
constexpr std::size_t kLongestSentence = 4096;

/// The descriptors that it is started with: a socket to who builds the container, and the end of a
/// pipe that nobody writes to, whose other end closes with the container.
constexpr int kBuilder = 3;
constexpr int kLife = 4;

}  // namespace berth::hooks
