// SPDX-License-Identifier: Apache-2.0
// `berth import` and `berth image`: hands over to berth-image, which has the libraries that a
// launch must not load.
#include "base/loader.h"
#include "base/text.h"
#include "launcher/cli/verbs.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace berth::cli {

namespace {

/// The folder that this program lies in.
std::string own_folder() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return ".";
  const std::string text(path.data(), static_cast<std::size_t>(length));
  return text.substr(0, text.rfind('/'));
}

}  // namespace

int run_image_program(const std::vector<std::string>& words, Session& session) {
  std::vector<std::string> arguments = {"berth-image"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::vector<std::string> environment = for_host_program(session.environment);
  const std::string folder = own_folder();
  // Installed, and in the build tree.
  for (const char* place : {"/../libexec/berth/berth-image", "/../image/berth-image"}) {
    const std::string program = folder + place;
    ::execve(program.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
    if (errno != ENOENT) break;
  }
  Error error = refused("execve", "start 'berth-image'", errno);
  if (error.refusal->number == ENOENT)
    error.hint = "install berth whole: berth-image belongs into libexec/berth beside bin";
  print(session, error);
  return 1;
}

}  // namespace berth::cli
