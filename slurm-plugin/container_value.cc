// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/container_value.h"

#include "base/fd.h"
#include "base/text.h"
#include "image/store/stack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

constexpr std::string_view kMagic = "hsqs";  // squashfs: the superblock's first four bytes

Error unusable(const std::string& goal, std::string_view call, int number) {
  Error error = refused(call, goal, number);
  error.blame = Blame::image;
  if (number == ENOENT) error.hint = "give the path of a .sqsh file that exists on this host";
  if (number == EACCES) error.hint = "make the file and its folders readable for you";
  return error;
}

Status check_magic(int fd, const std::string& goal) {
  std::array<char, kMagic.size()> start = {};
  const ssize_t count = ::pread(fd, start.data(), start.size(), 0);
  if (count < 0) return unusable(goal, "read", errno);
  if (std::string_view(start.data(), static_cast<std::size_t>(count)) == kMagic) return Done{};
  return Error{Blame::image,
               goal + ": it is not a SquashFS file",
               {},
               "make an image with: berth import SOURCE IMAGE.sqsh"};
}

Status check_image(const store::Named& image, Directories directories) {
  const std::string goal = "use " + quote(image.name) + " as an image";
  // Not blocking: a FIFO must not hold srun up before it is refused.
  const UniqueFd file(::open(image.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return unusable(goal, "open", errno);
  struct stat found = {};
  if (::fstat(file.get(), &found) != 0) return unusable(goal, "fstat", errno);
  if (S_ISDIR(found.st_mode) && directories == Directories::yes) return Done{};
  if (!S_ISREG(found.st_mode))
    return Error{Blame::image, goal + ": it is not a regular file", {}, ""};
  return check_magic(file.get(), goal);
}

}  // namespace

Meaning find_meaning(const std::string& value) {
  struct stat found = {};
  const bool is_directory = ::stat(value.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
  return is_directory ? Meaning::bundle : Meaning::image;
}

std::string absolute_path(const std::string& path, const std::string& folder) {
  if (path.starts_with('/')) return path;
  return folder.ends_with('/') ? folder + path : folder + "/" + path;
}

Result<std::string> find_image(const std::string& value,
                               const store::Environment& places,
                               Directories directories) {
  if (value.empty())
    return Error{Blame::usage, "use '' as an image", {}, "write --container=IMAGE.sqsh"};
  auto images = store::find_stack(value, places);
  if (!images) return std::move(images.error());
  std::error_code trouble;
  const std::string folder = std::filesystem::current_path(trouble).string();
  if (trouble) return refused("getcwd", "use " + quote(value) + " as an image", trouble.value());
  std::string paths;
  for (const store::Named& image : *images) {
    BERTH_TRY(check_image(image, directories));
    paths += (paths.empty() ? "" : "+") + absolute_path(image.path, folder);
  }
  return paths;
}

}  // namespace berth::slurm_plugin
