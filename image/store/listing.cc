// SPDX-License-Identifier: Apache-2.0
#include "image/store/listing.h"

#include "base/text.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

namespace berth::store {

namespace {

constexpr std::string_view kSuffix = ".sqsh";

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }  // only ever read
};

}  // namespace

Result<std::vector<Stored>> read_listing(const std::string& folder) {
  std::vector<Stored> images;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open && errno == ENOENT) return images;
  if (!open) return refused("opendir", "list the images in " + quote(folder), errno);
  while (const dirent* entry =
             ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string_view file = entry->d_name;

    struct stat info {};

    if (file.starts_with('.') || !file.ends_with(kSuffix) ||
        ::fstatat(::dirfd(open.get()), entry->d_name, &info, 0) != 0 || !S_ISREG(info.st_mode))
      continue;
    images.push_back({std::string(file.substr(0, file.size() - kSuffix.size())),
                      folder + "/" + std::string(file),
                      static_cast<std::uint64_t>(info.st_size),
                      info.st_mtim.tv_sec});
  }
  std::sort(images.begin(), images.end(), [](const Stored& a, const Stored& b) {
    return a.name < b.name;
  });
  return images;
}

}  // namespace berth::store
