// SPDX-License-Identifier: Apache-2.0
#include "image/cli/password.h"

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace berth::cli {

namespace {

constexpr std::size_t kLongest = 1024;
constexpr int kMoment = 100;  // milliseconds

/// Shows nothing of what is typed while it lives.
class Unseen {
 public:
  explicit Unseen(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal, &before_) != 0) return;
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_changed_ = ::tcsetattr(terminal, TCSAFLUSH, &now) == 0;
  }

  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  Unseen(Unseen&&) = delete;
  Unseen& operator=(Unseen&&) = delete;

  ~Unseen() {
    if (is_changed_) (void)::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

  [[nodiscard]] bool is_unseen() const { return is_changed_; }

 private:
  int terminal_;
  termios before_ = {};
  bool is_changed_ = false;
};

/// One line, byte by byte, so that nothing behind it is taken.
Result<std::string> read_line(int fd, const std::atomic<int>* stop) {
  std::string line;
  while (line.size() < kLongest) {
    if (stop != nullptr) {
      pollfd poll{fd, POLLIN, 0};
      const int ready = ::poll(&poll, 1, kMoment);
      if (stop->load() != 0) return Error{Blame::host, "go on: interrupted"};
      if (ready <= 0) continue;
    }
    char c = 0;
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused("read", "read the password", errno);
    if (got == 0 || c == '\n') return line;
    line += c;
  }
  return Error{Blame::usage, "read the password: it is longer than 1024 bytes"};
}

}  // namespace

Result<std::string> ask_password(const std::string& prompt, const std::atomic<int>& stop) {
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.is_open())
    return Error{Blame::usage,
                 "ask for the key's password: there is no terminal",
                 {},
                 "give it on standard input with --password-stdin"};
  const Unseen unseen(terminal.get());
  if (!unseen.is_unseen()) return refused("tcsetattr", "ask for the key's password", errno);
  (void)write_fully(terminal.get(), prompt.data(), prompt.size());  // read() will tell
  auto line = read_line(terminal.get(), &stop);
  (void)write_fully(terminal.get(), "\n", 1);  // the one that was typed was not shown
  return line;
}

Result<std::string> read_password_from_stdin() {
  return read_line(STDIN_FILENO, nullptr);
}

}  // namespace berth::cli
