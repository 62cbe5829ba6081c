// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/screen.h"

#include "base/text.h"

#include <unistd.h>

#include <vector>

namespace berth::cli {

std::optional<winsize> screen_of(const Session& session) {
  const std::string kind = variable(session, "TERM");
  if (kind.empty() || kind == "dumb" || ::isatty(STDOUT_FILENO) != 1) return std::nullopt;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

std::string shown_on(const winsize& screen, const std::string& table) {
  const std::vector<std::string> lines = split(table.substr(0, table.rfind('\n')), '\n');
  std::string text = "\033[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool is_last = screen.ws_row > 2 && i + 2 == screen.ws_row && i + 1 < lines.size();
    const std::string line = is_last ? "(" + std::to_string(lines.size() - i) + " more)" : lines[i];
    text += line.substr(0, screen.ws_col > 0 ? screen.ws_col : line.size()) + "\033[K\n";
    if (is_last) break;
  }
  return text + "\033[J";
}

}  // namespace berth::cli
