// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/programs.h"

#include "base/text.h"

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

std::vector<std::string> places_of(const std::string& program, const std::string& built) {
  const std::string folder = own_folder();
  return {folder + "/../libexec/berth/" + program, folder + "/" + built + program};
}

Error cannot_start(const std::string& program, std::string_view call, int number) {
  Error error = refused(call, "start " + quote(program), number);
  if (number == ENOENT)
    error.hint = "install berth whole: " + program + " belongs into libexec/berth beside bin";
  return error;
}

}  // namespace berth::cli
