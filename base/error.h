// SPDX-License-Identifier: Apache-2.0
// The one error type. It carries what a person needs, not where the code was:
// what berth was trying to do, what the kernel answered, what to try next.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Whose problem it is; the command line turns it into the exit code.
enum class Blame { usage, config, image, host, internal };

/// The kernel's answer: which call, which errno. `call` must outlive the error (a literal).
struct Refusal {
  std::string_view call;
  int number = 0;
};

struct Error {
  Blame blame = Blame::internal;
  std::string goal;  ///< completes the words "cannot ...": "bind '/data' to '/mnt/data'"
  std::optional<Refusal> refusal = {};
  std::string hint = {};  ///< one thing the reader can do; empty when we know of none
};

/// The error of a kernel call that has just failed; reads errno first.
/// `goal` is passed by reference so that building it cannot disturb errno.
Error refused(std::string_view call, const std::string& goal, int number);

/// "cannot GOAL: CALL: TEXT (NAME)", without prefix or newline.
std::string sentence_of(const Error& error);

/// One complete line, then at most one hint line. No trailing newline.
/// `prefix` is "berth", or inside a job "berth[NODE:RANK]".
std::string to_text(const Error& error, std::string_view prefix = "berth");

}  // namespace berth
