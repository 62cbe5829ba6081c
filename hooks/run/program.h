// SPDX-License-Identifier: Apache-2.0
// Runs one program to its end, for a bounded time, with variables and output that are known
// beforehand.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace berth::hooks {

struct Program {
  std::string path;  ///< looked up in the namespaces where `file` is -1
  int file = -1;     ///< what is run, whatever is at `path` by then
  std::vector<std::string> words = {};
  std::vector<std::string> variables = {};  ///< NAME=value, all that it gets
  std::string input = {};                   ///< on its standard input
  unsigned seconds = 0;                     ///< that it may take
  std::size_t most_output = 64UL * 1024;
  bool is_cut = false;               ///< what it writes beyond that is dropped, and it may go on
  std::vector<int> namespaces = {};  ///< that it is in, the user namespace first
  bool has_no_rights = false;        ///< in that namespace, and no way to any
  int caller = -1;  ///< who has closed the other end of this socket or pipe needs it no more
  int stop = -1;    ///< nor who lets this be readable
};

struct Outcome {
  enum class End : unsigned char {
    exited,     ///< `number`: its code
    signalled,  ///< `number`: the signal
    late,       ///< it was killed with its process group
    too_long,   ///< what it has written; killed as well
    abandoned,  ///< the caller has gone; killed as well
    refused     ///< it has not begun; `number`: an errno
  };
  End end = End::refused;
  int number = 0;
  std::string output = {};
  std::string errors = {};  ///< the first of what it has written to its standard error

  [[nodiscard]] bool is_good() const { return end == End::exited && number == 0; }
};

/// Waits for it. What it has started in its process group ends with it, unless all is well. 0, 1
/// and 2 are open, and every other descriptor but `file` is close-on-exec. It ends with this
/// process, which must not be a thread of others.
Outcome run_program(const Program& program);

/// The last line with anything on it, up to 300 bytes.
std::string last_line(const std::string& text);

/// Why it is not good, "it ended with 3: no such file": its last words, if it has any, behind a
/// colon.
std::string reason_of(const Outcome& outcome, unsigned seconds);

}  // namespace berth::hooks
