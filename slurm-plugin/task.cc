// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/task.h"

#include "base/text.h"
#include "launcher/request/request_text.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Result<std::string> make_task_text(const Request& request) {
  // One string of execve(2) has room for 32 pages, with the variable's name, and the name on its
  // way is the longer one.
  constexpr std::size_t kRoom = 32UL * 4096 - 64;
  std::string text = request::to_text(request);
  if (text.size() <= kRoom) return text;
  return Error{Blame::usage,
               "hand " + size_text(text.size()) + " of options to a task, which may have " +
                   size_text(kRoom),
               {},
               "put variables into a file: --container-env-file=FILE"};
}

Result<std::string> make_step_key() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return refused("getrandom", "make a secret for this step", errno);
  std::string key;
  for (const unsigned byte : bytes)
    key.append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  return key;
}

std::string typed_program(const std::vector<std::string>& command_line,
                          const std::vector<std::string>& argv) {
  if (argv.empty() || command_line.size() <= argv.size()) return argv.empty() ? "" : argv[0];
  const auto typed = command_line.end() - static_cast<std::ptrdiff_t>(argv.size());
  const bool same = std::equal(argv.begin() + 1, argv.end(), typed + 1, command_line.end());
  return same && last_part(*typed) == last_part(argv[0]) ? *typed : argv[0];
}

std::string with_berth(const std::string& programs, const std::string& berth) {
  constexpr std::string_view kBlank = " \t\r";
  std::string changed;
  bool continues = false;
  for (std::string line : split(programs, '\n')) {
    const std::size_t ranks = line.find_first_not_of(kBlank);
    const bool is_program = !continues && ranks != std::string::npos && line[ranks] != '#';
    continues = line.ends_with('\\');
    const std::size_t end = is_program ? line.find_first_of(kBlank, ranks) : std::string::npos;
    if (end != std::string::npos) line.insert(end, " " + berth);
    changed += line + "\n";
  }
  changed.pop_back();  // n newlines give n + 1 lines
  return changed;
}

}  // namespace berth::slurm_plugin
