// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/task.h"

#include "launcher/model/request.h"
#include "launcher/request/options.h"
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

std::string make_task_text(const Task& task) {
  Request request;
  request.image = task.image;
  request.command = {task.program};
  request.step_key = task.step_key;
  request.placing = task.placing;
  return request::to_text(request);
}

Result<Placing> parse_pin(const std::string& value) {
  Request request;
  for (const request::Option& option : request::options())
    if (option.name == "pin") BERTH_TRY(option.apply(request, value));
  return request.placing;
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

}  // namespace berth::slurm_plugin
