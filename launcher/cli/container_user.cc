// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/container_user.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/enter/linux_calls.h"
#include "launcher/plan/plan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

namespace berth::cli {

namespace {

/// Some sites show their own file, which has all of their users.
constexpr std::size_t kMostText = 16UL << 20;

/// What the container says of users and groups. Who asks for numbers may need none of it.
struct Texts {
  std::string passwd = {};
  std::string group = {};
  Status are_whole = Done{};  ///< or why one of them could not be read
};

Status read_inside(const UniqueFd& root, const std::string& path, std::string& text) {
  const std::string goal = "read '/" + path + "' of the container";
  const UniqueFd file(
      enter::open_in_root(root.get(), path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open() && errno == ENOENT) return Done{};
  if (!file.is_open()) return refused("openat2", goal, errno);
  auto whole = read_text(file.get(), kMostText, goal);
  if (!whole) return std::move(whole.error());
  text = std::move(*whole);
  return Done{};
}

Texts read_texts(const state::Process& program) {
  Texts texts;
  const UniqueFd root = program.open_file("root");
  texts.are_whole = read_inside(root, "etc/passwd", texts.passwd);
  const Status has_groups = read_inside(root, "etc/group", texts.group);
  if (texts.are_whole) texts.are_whole = has_groups;
  return texts;
}

/// Of /proc/PID/uid_map and gid_map (user_namespaces(7)); the numbers outside are as we see them.
std::vector<IdExtent> read_map(const state::Process& program, const char* file) {
  std::vector<IdExtent> extents;
  const UniqueFd open = program.open_file(file);
  const auto text = open.is_open() ? read_text(open.get(), kMostText, "") : Result<std::string>("");
  if (!text) return {};  // then no number is there
  for (const std::string& line : split(*text, '\n')) {
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

/// What the node's number is to the container; nobody where it has none for it.
unsigned number_inside(const std::vector<IdExtent>& map, unsigned outside) {
  constexpr unsigned kNobody = ~0U;
  for (const IdExtent& extent : map)
    if (outside - extent.outside < extent.count) return extent.inside + (outside - extent.outside);
  return kNobody;
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

}  // namespace

void set_variable(std::vector<std::string>& environment, std::string assignment) {
  const std::string beginning = assignment.substr(0, assignment.find('=') + 1);
  const auto there = std::find_if(environment.begin(), environment.end(), [&](const auto& one) {
    return one.starts_with(beginning);
  });
  if (there == environment.end())
    environment.push_back(std::move(assignment));
  else
    *there = std::move(assignment);
}

Status change_user(Entry& entry, const std::string& asked, const state::Container& container) {
  const Texts texts = read_texts(container.program);
  const auto users = read_map(container.program, "uid_map");
  const auto groups = read_map(container.program, "gid_map");
  Identity caller;
  caller.ids =
      entry.ids.value_or(Ids{number_inside(users, ::getuid()), number_inside(groups, ::getgid())});
  const auto identity =
      plan::find_user(asked, {texts.passwd, texts.group, "container"}, std::move(caller));
  if (!identity) return texts.are_whole ? Status(identity.error()) : texts.are_whole;
  BERTH_TRY(check_one(users, identity->ids.uid, "user", asked));
  BERTH_TRY(check_one(groups, identity->ids.gid, "group", asked));
  entry.ids = identity->ids;
  set_variable(entry.environment, "HOME=" + identity->home);
  set_variable(entry.environment, "USER=" + identity->name);
  set_variable(entry.environment, "LOGNAME=" + identity->name);
  return Done{};
}

}  // namespace berth::cli
