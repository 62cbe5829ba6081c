// SPDX-License-Identifier: Apache-2.0
#include "hooks/cdi/nodes.h"

#include "base/text.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

namespace berth::hooks {

namespace {

char type_of(mode_t mode) {
  if (S_ISCHR(mode)) return 'c';
  if (S_ISBLK(mode)) return 'b';
  return S_ISFIFO(mode) ? 'p' : '\0';
}

std::string numbers(std::optional<std::uint32_t> major, std::optional<std::uint32_t> minor) {
  const auto text = [](const auto& number) { return number ? std::to_string(*number) : "*"; };
  return text(major) + ":" + text(minor);
}

Status check_node(const DeviceNode& node, const std::string& who) {
  struct stat info {};

  const std::string goal = "give the container " + quote(node.from) + " for " + who;
  if (::stat(node.from.c_str(), &info) != 0) return refused("stat", goal, errno);
  const char type = type_of(info.st_mode);
  if (type == '\0') return Error{Blame::config, goal + ": it is no device"};
  if (node.type != '\0' && node.type != type)
    return Error{Blame::config,
                 goal + ": it should be of type " + node.type + " and is of type " + type,
                 {},
                 "the specification is not of this node: have it made again"};
  const bool is_same = node.major.value_or(major(info.st_rdev)) == major(info.st_rdev) &&
                       node.minor.value_or(minor(info.st_rdev)) == minor(info.st_rdev);
  if (is_same || type == 'p') return Done{};
  return Error{Blame::config,
               goal + ": it should be device " + numbers(node.major, node.minor) + " and is " +
                   numbers(major(info.st_rdev), minor(info.st_rdev)),
               {},
               "the specification is not of this node: have it made again"};
}

std::vector<gid_t> own_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(count < 0 ? 0 : static_cast<std::size_t>(count));
  const int got = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  groups.push_back(::getgid());
  return groups;
}

}  // namespace

Status check_nodes(const Edits& edits) {
  for (const DeviceNode& node : edits.devices)
    BERTH_TRY(check_node(node, edits.who));
  return Done{};
}

void check_groups(Edits& edits) {
  if (edits.groups.empty()) return;
  const std::vector<gid_t> own = own_groups();
  for (const std::uint32_t group : edits.groups)
    // 0 is nobody's to give, and the specification's word for none.
    if (group != 0 && std::find(own.begin(), own.end(), group) == own.end())
      edits.left_out.push_back("group " + std::to_string(group) +
                               ": the caller is not in it, and only root can add one");
}

}  // namespace berth::hooks
