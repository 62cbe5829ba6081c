// SPDX-License-Identifier: Apache-2.0
#include "launcher/cgroup/in_force.h"

#include "base/file.h"
#include "base/numbers.h"
#include "base/text.h"
#include "launcher/cgroup/choose.h"
#include "launcher/cgroup/device_rules.h"
#include "launcher/cgroup/group.h"

namespace berth::cgroup {

namespace {

constexpr std::size_t kMostText = 1U << 20U;

Error made_of_it(const GroupSetting& setting,
                 const std::string& now,
                 const std::string& path,
                 const char* hint) {
  return {Blame::host,
          "enforce " + setting.words + ": the kernel has made " + quote(now) + " of it in " +
              quote(path),
          {},
          hint};
}

/// In a group that allows only a list, the kernel looks for the very words of the rule in it.
std::optional<Error> lack_of_rule(const GroupSetting& setting, const std::string& directory) {
  const auto list = read_text_file(directory + "/devices.list", kMostText);
  const std::string left = list ? still_allowed(*list, setting.text) : "";
  if (left.empty()) return std::nullopt;
  return Error{Blame::host,
               "enforce " + setting.words + ": the group above allows " + quote(left) +
                   ", of which version 1 cannot take back a part",
               {},
               kPartOfARule};
}

/// A set may be written that the group above has not, or a part of it; the processes then run
/// where that one lets them.
std::optional<Error> lack_of_set(const GroupSetting& setting, const std::string& directory) {
  const auto wanted = parse_numbers(setting.text);
  for (const std::string& path : {directory + "/" + setting.file + ".effective",
                                  directory + "/cpuset.effective_" + setting.file.substr(7)}) {
    const auto text = read_text_file(path, kMostText);
    if (!text || !wanted) continue;
    const std::string now = text->substr(0, text->find('\n'));
    if (parse_numbers(now) == wanted) return std::nullopt;
    return made_of_it(setting, now, path, kNotAllOfSet);
  }
  return std::nullopt;
}

/// By the kernel's reason (kernel/cgroup/cpuset.c, perr_strings).
const char* hint_of_partition(const std::string& now) {
  if (now.find("not a partition root") != now.npos) return kNoPartition;
  return now.find("unable to distribute") != now.npos ? kLeaveOne : "";
}

/// Of a partition that is none the file tells why: "isolated invalid (Parent is not ...)".
std::optional<Error> lack_of_partition(const GroupSetting& setting, const std::string& path) {
  const auto text = read_text_file(path, kMostText);
  std::string now = text ? *text : "";
  while (now.ends_with('\n'))
    now.pop_back();
  if (now == setting.text) return std::nullopt;
  return made_of_it(setting, now, path, hint_of_partition(now));
}

}  // namespace

std::optional<Error> find_lack(const GroupSetting& setting, const std::string& directory) {
  if (setting.file == kPartitionFile)
    return lack_of_partition(setting, directory + "/" + setting.file);
  if (setting.file == "devices.deny") return lack_of_rule(setting, directory);
  if (setting.file == "cpuset.cpus" || setting.file == "cpuset.mems")
    return lack_of_set(setting, directory);
  return std::nullopt;
}

}  // namespace berth::cgroup
