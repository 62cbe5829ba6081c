// SPDX-License-Identifier: Apache-2.0
// `berth import` and `berth image`: hands over to berth-image, which has the libraries that a
// launch must not load.
#include "base/loader.h"
#include "base/text.h"
#include "launcher/cli/programs.h"
#include "launcher/cli/verbs.h"

#include <unistd.h>

#include <cerrno>

namespace berth::cli {

int run_image_program(const std::vector<std::string>& words, Session& session) {
  std::vector<std::string> arguments = {"berth-image"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<std::string> environment = for_host_program(session.environment);
  for (const std::string& program : places_of("berth-image", "../image/")) {
    ::execve(program.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
    if (errno != ENOENT) break;
  }
  print(session, cannot_start("berth-image", "execve", errno));
  return 1;
}

}  // namespace berth::cli
