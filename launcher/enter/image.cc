// SPDX-License-Identifier: Apache-2.0
#include "launcher/enter/image.h"

#include "base/text.h"
#include "image/overlay/overlay.h"
#include "image/read/root_digest.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace berth::enter {

namespace {

std::string identity_of(const struct stat& info) {
  std::string text;
  for (const auto number : {static_cast<long long>(info.st_dev),
                            static_cast<long long>(info.st_ino),
                            static_cast<long long>(info.st_size),
                            static_cast<long long>(info.st_ctim.tv_sec),
                            static_cast<long long>(info.st_ctim.tv_nsec)})
    text += std::to_string(number) + ".";
  return text;
}

std::string hint_for(int number) {
  if (number == ENOENT || number == ENOTDIR) return "check the path; berth import makes an image";
  if (number == EACCES) return "you may not read it: ask its owner for chmod +r";
  return {};
}

Result<OpenedImage> open_either(const std::string& path, bool may_be_directory) {
  const std::string goal = "use " + quote(path) + " as an image";
  // O_NONBLOCK: a FIFO would otherwise hold us up until somebody writes.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) {
    const int number = errno;
    return Error{Blame::image, goal, Refusal{"open", number}, hint_for(number)};
  }

  struct stat info {};

  if (::fstat(fd.get(), &info) != 0) return refused("fstat", goal, errno);
  if (may_be_directory && S_ISDIR(info.st_mode))
    return OpenedImage{
        true,
        std::move(fd),
        path,
        "directory " + std::to_string(info.st_dev) + "." + std::to_string(info.st_ino),
        "berth",
        {}};
  if (!S_ISREG(info.st_mode))
    return Error{Blame::image, goal + ": it is not a regular file", {}, "name a .sqsh file"};
  return OpenedImage{
      false, std::move(fd), path, identity_of(info), overlay::source_of(info), info.st_mtim};
}

}  // namespace

Result<OpenedImage> open_image(const std::string& path) {
  return open_either(path, /*may_be_directory=*/false);
}

Result<OpenedImage> open_image_or_directory(const std::string& path) {
  return open_either(path, /*may_be_directory=*/true);
}

std::string content_of(const OpenedImage& image) {
  if (image.is_directory) return {};
  std::string digest = read::read_root_digest(image.fd.get());
  return digest.empty() ? image.identity : digest;
}

}  // namespace berth::enter
