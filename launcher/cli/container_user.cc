// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/container_user.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/enter/linux_calls.h"
#include "launcher/plan/plan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace berth::cli {

namespace {

constexpr std::size_t kMostText = 256UL << 10;

/// Empty where there is none that can be read: then only numbers are known.
std::string read_whole(const UniqueFd& file) {
  auto text = file.is_open() ? read_text(file.get(), kMostText, "") : Result<std::string>("");
  return text ? std::move(*text) : "";
}

std::string read_inside(const UniqueFd& root, const char* path) {
  return read_whole(
      UniqueFd(enter::open_in_root(root.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY)));
}

/// Of /proc/PID/uid_map and gid_map (user_namespaces(7)); the numbers outside are as we see them.
std::vector<IdExtent> read_map(const state::Process& program, const char* file) {
  std::vector<IdExtent> extents;
  for (const std::string& line : split(read_whole(program.open_file(file)), '\n')) {
    IdExtent extent;
    const char* at = line.data();
    const char* const end = at + line.size();
    for (unsigned* number : {&extent.inside, &extent.outside, &extent.count}) {
      at = std::find_if(at, end, [](char letter) { return letter != ' '; });
      at = std::from_chars(at, end, *number).ptr;
    }
    if (extent.count != 0) extents.push_back(extent);
  }
  return extents;
}

/// What the number is inside; itself where the container does not have it.
unsigned inside(const std::vector<IdExtent>& map, unsigned outside) {
  for (const IdExtent& extent : map)
    if (outside - extent.outside < extent.count) return extent.inside + (outside - extent.outside);
  return outside;
}

Status check_one(const std::vector<IdExtent>& map,
                 unsigned id,
                 const std::string& kind,
                 const std::string& asked) {
  const bool is_there = std::any_of(map.begin(), map.end(), [&](const IdExtent& extent) {
    return id - extent.inside < extent.count;
  });
  if (is_there) return Done{};
  return Error{Blame::usage,
               "run as " + quote(asked) + ": the container does not have the number " +
                   std::to_string(id) + " of a " + kind,
               {},
               "start it with --subuid, which gives it more than the caller's"};
}

void set_variable(std::vector<std::string>& environment,
                  const std::string& name,
                  const std::string& value) {
  std::erase_if(environment, [&](const auto& one) { return one.starts_with(name + "="); });
  environment.push_back(name + "=" + value);
}

}  // namespace

Status change_user(Entry& entry, const std::string& asked, const state::Container& container) {
  const UniqueFd root = container.program.open_file("root");
  const std::string passwd = read_inside(root, "etc/passwd");
  const std::string group = read_inside(root, "etc/group");
  const auto users = read_map(container.program, "uid_map");
  const auto groups = read_map(container.program, "gid_map");
  Identity caller;
  caller.ids = entry.ids.value_or(Ids{inside(users, ::getuid()), inside(groups, ::getgid())});
  const auto identity = plan::find_user(asked, {passwd, group, "container"}, std::move(caller));
  if (!identity) return identity.error();
  BERTH_TRY(check_one(users, identity->ids.uid, "user", asked));
  BERTH_TRY(check_one(groups, identity->ids.gid, "group", asked));
  entry.ids = identity->ids;
  set_variable(entry.environment, "USER", identity->name);
  set_variable(entry.environment, "HOME", identity->home);
  return Done{};
}

}  // namespace berth::cli
