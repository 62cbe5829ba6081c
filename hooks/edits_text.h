// SPDX-License-Identifier: Apache-2.0
// Edits as JSON: what berth-hooks tells the launcher. Pure.
#pragma once

#include "base/result.h"
#include "hooks/edits.h"

#include <string>
#include <string_view>

namespace berth::hooks {

/// Begins a line that says what berth-hooks is about to look at: a path. The last line is the
/// answer.
constexpr char kLooksAt = '@';

/// The answer, or why there is none, in one line.
std::string to_text(const Result<Answer>& answer);

/// What to_text() was given, but for what only berth-hooks has to know of devices. An error keeps
/// its words, and not the kernel's number. Lines before it are passed over.
Result<Answer> parse_answer(std::string_view text);

/// What an unfinished `text` last said it would look at; empty: nothing.
std::string last_look(std::string_view text);

}  // namespace berth::hooks
