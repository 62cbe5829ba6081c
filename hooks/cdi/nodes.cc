// SPDX-License-Identifier: Apache-2.0
#include "hooks/cdi/nodes.h"

#include "base/text.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <vector>

namespace berth::hooks {

namespace {

// Whoever has no number here (user_namespaces(7), "Unmapped user and group IDs").
constexpr unsigned kUnmapped = 65534;

char type_of(mode_t mode) {
  if (S_ISCHR(mode)) return 'c';
  if (S_ISBLK(mode)) return 'b';
  return S_ISFIFO(mode) ? 'p' : '\0';
}

std::string numbers(std::optional<std::uint32_t> major, std::optional<std::uint32_t> minor) {
  const auto text = [](const auto& number) { return number ? std::to_string(*number) : "*"; };
  return text(major) + ":" + text(minor);
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  const auto [end, trouble] = std::to_chars(text.data(), text.data() + text.size(), mode, 8);
  return "0" + std::string(text.data(), end);
}

/// What was asked of files that are the node's.
void note_differences(const DeviceNode& node,
                      const struct stat& info,
                      std::vector<std::string>& left_out) {
  constexpr mode_t kMode = 07777;
  const std::string file = quote(node.from);
  if (node.mode && (*node.mode & kMode) != (info.st_mode & kMode))
    left_out.push_back("mode " + octal(*node.mode & kMode) + " of " + file + ": it keeps " +
                       octal(info.st_mode & kMode));
  const bool is_unmapped = info.st_uid == kUnmapped || info.st_gid == kUnmapped;
  const bool is_theirs = node.uid.value_or(info.st_uid) == info.st_uid &&
                         node.gid.value_or(info.st_gid) == info.st_gid;
  if (!is_theirs && !is_unmapped)
    left_out.push_back("another owner of " + file + ": it keeps " + std::to_string(info.st_uid) +
                       ":" + std::to_string(info.st_gid));
  const auto lacks = [&](char right) { return node.rights.find(right) == node.rights.npos; };
  if (!node.rights.empty() && (lacks('r') || lacks('w')))
    left_out.push_back("only " + quote(node.rights) + " of " + file +
                       ": its mode decides, and only root can take more away");
}

Status check_node(const DeviceNode& node,
                  const std::string& who,
                  std::vector<std::string>& left_out) {
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
  if (is_same || type == 'p') {
    note_differences(node, info, left_out);
    return Done{};
  }
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

Status check_nodes(Edits& edits) {
  for (const DeviceNode& node : edits.devices)
    BERTH_TRY(check_node(node, edits.who, edits.left_out));
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
