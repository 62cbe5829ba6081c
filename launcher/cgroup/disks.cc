// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/disks.h"

#include "base/file.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <memory>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

bool has_word(const std::string& file, const char* word) {
  const auto text = read_text_file(file, kMostText);
  return text && text->find(word) != std::string::npos;
}

bool has_bfq(const std::string& blocks) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(blocks.c_str()), ::closedir);
  if (!all) return false;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(all.get()))
    if (has_word(blocks + "/" + entry->d_name + "/queue/scheduler", "[bfq]")) return true;
  return false;
}

/// Only the group above all has the file, if it is in sight.
bool has_costs(std::string place) {
  for (std::size_t end = place.size(); end != std::string::npos && end > 0;
       end = place.rfind('/', end - 1)) {
    place.resize(end);
    if (has_word(place + "/io.cost.qos", "enable=1")) return true;
  }
  return false;
}

}  // namespace

Disks find_disks(const GroupWishes& wishes,
                 const std::vector<Ground>& grounds,
                 const std::string& blocks) {
  Disks disks;
  bool are_weighed = false;
  for (const GroupLimit& limit : wishes.limits) {
    struct stat info {};

    if (limit.kind == LimitKind::io_weight) are_weighed = true;
    if (!limit.key.starts_with('/') || ::stat(limit.key.c_str(), &info) != 0) continue;
    if (S_ISBLK(info.st_mode))
      disks.numbers[limit.key] =
          std::to_string(major(info.st_rdev)) + ":" + std::to_string(minor(info.st_rdev));
  }
  if (!are_weighed) return disks;
  disks.have_bfq = has_bfq(blocks);
  disks.have_costs = std::any_of(grounds.begin(), grounds.end(), [](const Ground& ground) {
    return ground.is_unified && has_costs(ground.place);
  });
  return disks;
}

}  // namespace berth::cgroup
