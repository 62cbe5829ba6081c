// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/disks.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <memory>

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

bool has_word(const std::string& file, const char* word) {
  const auto text = read_text_file(file, kMostText);
  return text && text->find(word) != std::string::npos;
}

void add_bfq(const std::string& blocks, Disks& disks) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(blocks.c_str()), ::closedir);
  if (!all) return;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(all.get())) {
    const std::string disk = blocks + "/" + entry->d_name;
    if (!has_word(disk + "/queue/scheduler", "[bfq]")) continue;
    disks.have_bfq = true;
    if (const auto number = read_text_file(disk + "/dev", kMostText))
      disks.bfq.insert(number->substr(0, number->find('\n')));
  }
}

/// Only the group above all has the file, if it is in sight.
void add_costs(std::string place, Disks& disks) {
  for (std::size_t end = place.size(); end != std::string::npos && end > 0;
       end = place.rfind('/', end - 1)) {
    place.resize(end);
    const auto text = read_text_file(place + "/io.cost.qos", kMostText);
    if (!text) continue;
    for (const std::string& line : split(*text, '\n'))
      if (line.find("enable=1") != std::string::npos) {
        disks.have_costs = true;
        disks.costs.insert(line.substr(0, line.find(' ')));
      }
  }
}

}  // namespace

Disks find_disks(const GroupWishes& wishes,
                 const std::vector<Ground>& grounds,
                 const std::string& blocks) {
  Disks disks;
  bool are_weighed = false;
  for (const GroupLimit& limit : wishes.limits) {
    struct stat info {};

    if (limit.kind == LimitKind::io_weight || limit.kind == LimitKind::device_weight)
      are_weighed = true;
    if (!limit.key.starts_with('/') || ::stat(limit.key.c_str(), &info) != 0) continue;
    if (S_ISBLK(info.st_mode))
      disks.numbers[limit.key] =
          std::to_string(major(info.st_rdev)) + ":" + std::to_string(minor(info.st_rdev));
  }
  if (!are_weighed) return disks;
  add_bfq(blocks, disks);
  for (const Ground& ground : grounds)
    if (ground.is_unified) add_costs(ground.place, disks);
  return disks;
}

}  // namespace berth::cgroup
