// SPDX-License-Identifier: Apache-2.0
// Small pieces of text work that several rooms need. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// 'text', for names inside messages. Control characters, marks of direction and others that are
/// not seen, and bytes that are not UTF-8 come out as \xNN, so that a hostile name cannot move the
/// reader's cursor, forge a second line or be shown from right to left.
std::string quote(std::string_view text);

/// Splits at every `separator`; n separators give n + 1 parts, empty ones included.
std::vector<std::string> split(std::string_view text, char separator);

/// "1.5 MiB", "12 B": for people, three digits at most before the unit.
std::string size_text(unsigned long long bytes);

/// The candidate with the fewest edits to `word`, two exchanged letters being one, if it is near
/// enough to be a typing error (at most a third of the word's length), else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// What execve(2) and posix_spawn(3) take: pointers into `texts`, and a null behind them. Good as
/// long as `texts` stays as it is.
std::vector<char*> pointers_to(std::vector<std::string>& texts);

/// FNV-1a, 64 bits: tells values apart, keeps no secrets.
unsigned long long fingerprint(std::string_view text,
                               unsigned long long seed = 0xcbf29ce484222325ULL);

}  // namespace berth
