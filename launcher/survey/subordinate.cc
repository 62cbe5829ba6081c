// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "launcher/survey/survey.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

namespace berth::survey {

namespace {

constexpr const char* kGoal = "map subordinate users and groups into the container";

/// False where it is no number, or a larger one than there are ids.
bool take_number(const std::string& text, unsigned& out) {
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, out);
  return !text.empty() && trouble == std::errc{} && rest == end;
}

Status check_program(const char* program) {
  if (::access(program, X_OK) == 0) return Done{};
  return Error{Blame::host,
               std::string(kGoal) + ": this node has no " + quote(program),
               {},
               "ask the administrator to install newuidmap (uidmap, shadow-utils), or leave "
               "--subuid out"};
}

Result<std::vector<IdRange>> read_ranges(const char* file,
                                         const std::string& user,
                                         unsigned uid,
                                         unsigned own) {
  const auto text = read_text_file(file, 16 << 20);
  auto ranges = text ? ranges_of(*text, user, uid, own) : std::vector<IdRange>{};
  if (!ranges.empty()) return ranges;
  return Error{Blame::host,
               std::string(kGoal) + ": " + quote(file) + " has no line for " + quote(user),
               {},
               "ask the administrator for one: usermod --add-subuids 100000-165535 --add-subgids "
               "100000-165535 USER"};
}

}  // namespace

std::vector<IdRange> ranges_of(const std::string& text,
                               const std::string& user,
                               unsigned uid,
                               unsigned own) {
  constexpr unsigned kNobody = std::numeric_limits<unsigned>::max();
  std::vector<IdRange> ranges;
  for (const std::string& line : split(text, '\n')) {
    const auto fields = split(line, ':');
    IdRange range;
    if (fields.size() != 3 || (fields[0] != user && fields[0] != std::to_string(uid))) continue;
    const bool is_range = take_number(fields[1], range.first) &&
                          take_number(fields[2], range.count) && range.count > 0 &&
                          range.first < kNobody && range.count <= kNobody - range.first;
    // The kernel takes no number twice (user_namespaces(7)); the caller's own one is mapped anyway.
    const auto overlaps = [&](const IdRange& other) {
      return range.first < other.first + other.count && other.first < range.first + range.count;
    };
    if (is_range && !overlaps({own, 1}) && std::none_of(ranges.begin(), ranges.end(), overlaps))
      ranges.push_back(range);
  }
  return ranges;
}

Result<SubordinateIds> find_subordinate_ids() {
  for (const char* program : {kUserMapper, kGroupMapper})
    BERTH_TRY(check_program(program));
  const unsigned uid = ::getuid();
  const std::string user = find_user(uid).name;
  auto users = read_ranges("/etc/subuid", user, uid, uid);
  if (!users) return std::move(users.error());
  auto groups = read_ranges("/etc/subgid", user, uid, ::getgid());
  if (!groups) return std::move(groups.error());
  return SubordinateIds{std::move(*users), std::move(*groups)};
}

}  // namespace berth::survey
