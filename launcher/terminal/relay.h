// SPDX-License-Identifier: Apache-2.0
// The process between two terminals.
#pragma once

#include "base/fd.h"

#include <sys/types.h>
#include <termios.h>

#include <optional>
#include <string>

namespace berth::terminal {

/// The caller's terminal, if standard input is one.
class Outer {
 public:
  /// Remembers how it is set.
  Outer();

  /// How it was; nothing where there is no terminal.
  [[nodiscard]] const std::optional<termios>& before() const { return before_; }

  /// Keys come as they are pressed, and none is a signal. Stops this process in the background.
  void make_raw() const;

  /// As it was, unless somebody else has it by now.
  void give_back() const;

 private:
  std::optional<termios> before_;
};

/// Hands the size of the first of the caller's streams that is a terminal on to `inner`.
void copy_size(int inner);

class Relay {
 public:
  /// `inner` is the other end of the program's terminal, above the streams; `child` leads its
  /// session. All signals are blocked by now.
  Relay(UniqueFd inner, pid_t child);

  /// Ends as the child ends, when all that was said before has been shown.
  [[noreturn]] void run();

 private:
  /// How the child ended, as siginfo_t has it.
  struct End {
    int code = 0;
    int status = 0;
  };

  void go_on();
  void take_signals();
  void collect();
  void stop_with_child();
  void read_keys();
  void write_keys();
  void listen();
  void show();
  void show_if(bool has_room);
  [[noreturn]] void end();

  Outer outer_;
  UniqueFd inner_;
  UniqueFd signals_;
  pid_t child_;
  std::string keys_;          ///< read and not yet written
  std::string said_;          ///< by the program, and not yet shown
  bool has_keys_ = true;      ///< standard input has not ended
  bool is_showing_ = true;    ///< standard output takes what the program says
  bool ends_in_line_ = true;  ///< the last key was the end of a line, or there was none
  bool is_hurried_ = false;   ///< somebody wants this to end, whoever has not read the last words
  std::optional<End> ended_;
};

}  // namespace berth::terminal
