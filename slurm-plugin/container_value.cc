// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/container_value.h"

#include "base/fd.h"
#include "base/text.h"
#include "image/integrity/hash_tree.h"
#include "image/read/superblock.h"
#include "image/store/stack.h"
#include "launcher/request/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

constexpr std::uint32_t kMagic = 0x73717368;  // "hsqs"

Error unusable(const std::string& goal, std::string_view call, int number) {
  Error error = refused(call, goal, number);
  error.blame = Blame::image;
  if (number == ENOENT) error.hint = "give the path of a .sqsh file that exists on this host";
  if (number == EACCES) error.hint = "make the file and its folders readable for you";
  return error;
}

Result<std::string> read_root_hash(int fd, std::uint64_t size, const std::string& goal) {
  std::array<std::byte, read::kSuperblockBytes> start = {};
  if (::pread(fd, start.data(), start.size(), 0) < 0) return unusable(goal, "read", errno);
  const read::Superblock super = read::parse_superblock(start.data());
  if (super.magic != kMagic)
    return Error{Blame::image,
                 goal + ": it is not a SquashFS file",
                 {},
                 "make an image with: berth import SOURCE IMAGE.sqsh"};
  // Where its tree is damaged, the node says what is wrong with it.
  const std::string root = integrity::read_root_text(fd, super.bytes_used, size);
  return root.empty() ? "-" : root;
}

/// Its root hash, or "-" where there is none.
Result<std::string> look_at(const store::Named& image, Directories directories) {
  const std::string goal = "use " + quote(image.name) + " as an image";
  // Not blocking: a FIFO must not hold srun up before it is refused.
  const UniqueFd file(::open(image.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return unusable(goal, "open", errno);
  struct stat found = {};
  if (::fstat(file.get(), &found) != 0) return unusable(goal, "fstat", errno);
  if (S_ISDIR(found.st_mode) && directories == Directories::yes) return std::string("-");
  if (!S_ISREG(found.st_mode))
    return Error{Blame::image, goal + ": it is not a regular file", {}, ""};
  return read_root_hash(file.get(), static_cast<std::uint64_t>(found.st_size), goal);
}

}  // namespace

Meaning find_meaning(const std::string& value) {
  struct stat found = {};
  const bool is_directory = ::stat(value.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
  return is_directory ? Meaning::bundle : Meaning::image;
}

Result<Found> find_image(const std::string& value,
                         const store::Environment& places,
                         Directories directories) {
  if (value.empty())
    return Error{Blame::usage, "use '' as an image", {}, "write --container=IMAGE.sqsh"};
  auto images = store::find_stack(value, places);
  if (!images) return std::move(images.error());
  std::error_code trouble;
  const std::string folder = std::filesystem::current_path(trouble).string();
  if (trouble) return refused("getcwd", "use " + quote(value) + " as an image", trouble.value());
  Found found;
  for (const store::Named& image : *images) {
    auto root_hash = look_at(image, directories);
    if (!root_hash) return std::move(root_hash.error());
    found.paths += (found.paths.empty() ? "" : "+") + request::absolute_path(image.path, folder);
    found.root_hashes.push_back(std::move(*root_hash));
  }
  return found;
}

}  // namespace berth::slurm_plugin
