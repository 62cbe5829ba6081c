// SPDX-License-Identifier: Apache-2.0
// Who the program is, and what the container's /etc says of him. The image's files are hostile
// text: what is taken of them are names and numbers.
#include "base/text.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace berth::plan {

namespace {

/// 2^32 - 1 means "nobody" to the kernel.
constexpr unsigned kNobody = ~0U;

/// The image's lines are hostile text but only name users; a missing last newline would glue lines.
std::string with_line_first(const std::string& line, const std::string& rest) {
  std::string text = line + "\n" + rest;
  if (text.back() != '\n') text += '\n';
  return text;
}

/// A home with ':' or newline in it cannot stand in the file (passwd(5)).
std::string field(const std::string& text) {
  return text.find_first_of(":\n") == std::string::npos ? text : "";
}

bool is_number(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Of digits alone, and one that the kernel takes.
std::optional<unsigned> id_in(const std::string& text) {
  unsigned id = 0;
  const char* end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, id);
  if (!is_number(text) || trouble != std::errc{} || rest != end || id == kNobody) return {};
  return id;
}

/// The first line of passwd(5) or group(5) with that name, or with that number; empty where none
/// is.
std::vector<std::string> find_line(const std::string& text, const std::string& wanted) {
  const bool by_number = is_number(wanted);
  for (const std::string& line : split(text, '\n')) {
    // A name goes into variables and to other ranks, as a text that a NUL would end.
    if (line.find('\0') != std::string::npos) continue;
    std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 4 || !id_in(fields[2])) continue;
    if (by_number ? id_in(fields[2]) == id_in(wanted) : fields[0] == wanted) return fields;
  }
  return {};
}

Error no_such(const std::string& asked,
              const Accounts& accounts,
              const std::string& what,
              const char* file) {
  return Error{
      Blame::usage,
      "run as " + quote(asked) + ": the " + accounts.owner + " has no " + what,
      {},
      "name one of the " + accounts.owner + "'s " + file + ", or give numbers: --user UID[:GID]"};
}

/// "USER" and, behind a colon, "GROUP".
std::string user_part(const std::string& asked) {
  return asked.substr(0, asked.find(':'));
}

std::string group_part(const std::string& asked) {
  const std::size_t colon = asked.find(':');
  return colon == std::string::npos ? "" : asked.substr(colon + 1);
}

/// Takes what is asked for, or what is said of the user.
Status take_group(const std::string& asked,
                  const std::string& group,
                  const Accounts& accounts,
                  Identity& identity) {
  const auto line = find_line(accounts.group, group);
  const auto number = line.empty() ? id_in(group) : id_in(line[2]);
  if (!number) return no_such(asked, accounts, "group " + quote(group), "/etc/group");
  const bool is_callers = line.empty() && *number == identity.ids.gid;
  if (!is_callers) identity.group = line.empty() ? group : line[0];
  identity.ids.gid = *number;
  return Done{};
}

std::string passwd_line(const Identity& identity, const std::string& home) {
  const std::string ids = std::to_string(identity.ids.uid) + ":" + std::to_string(identity.ids.gid);
  return field(identity.name) + ":x:" + ids + ":" + field(identity.name) + ":" + field(home) +
         ":/bin/sh";
}

std::string group_line(const Identity& identity) {
  return field(identity.group) + ":x:" + std::to_string(identity.ids.gid) + ":";
}

/// Who the caller is inside if nobody asks for another.
Identity callers(const Launch& launch) {
  const Facts& facts = launch.facts;
  if (launch.request.as_root) return {{}, "root", "root", "/root"};
  return {{facts.uid, facts.gid}, facts.user, facts.group, "/"};
}

}  // namespace

Status check_user(const Request& request) {
  if (!request.as_root || request.user.empty() || request.with_subordinates) return Done{};
  return Error{Blame::usage,
               "be root and user " + quote(request.user) + " at once: one number is mapped",
               {},
               "leave out --root or --user, or map more numbers: --subuid"};
}

Result<Identity> find_user(const std::string& asked, const Accounts& accounts, Identity caller) {
  Identity identity = std::move(caller);
  const std::string user = user_part(asked);
  const auto line = find_line(accounts.passwd, user);
  const auto number = line.empty() ? id_in(user) : id_in(line[2]);
  if (!number) return no_such(asked, accounts, "user " + quote(user), "/etc/passwd");
  identity.ids.uid = *number;
  identity.name = line.empty() ? user : line[0];
  identity.home = line.size() > 5 && line[5].starts_with('/') ? line[5] : "/";
  std::string group = group_part(asked);
  if (group.empty() && !line.empty()) group = line[3];
  if (!group.empty()) BERTH_TRY(take_group(asked, group, accounts, identity));
  return identity;
}

Result<Identity> find_identity(const Launch& launch) {
  auto identity = find_user(
      launch.request.user, {launch.image.passwd, launch.image.group, "image"}, callers(launch));
  if (!identity) return std::move(identity.error());
  BERTH_TRY(check_mapped(identity->ids, launch.request, launch.facts));
  return identity;
}

Identity identity_of(const Launch& launch) {
  return launch.identity ? *launch.identity : callers(launch);
}

std::string to_text(const Identity& identity) {
  return passwd_line(identity, identity.home) + "\n" + group_line(identity);
}

std::optional<Identity> parse_identity(const std::string& text) {
  const auto lines = split(text, '\n');
  if (lines.size() != 2) return {};
  const auto user = split(lines[0], ':');
  const auto group = split(lines[1], ':');
  if (user.size() != 7 || group.size() != 4 || !id_in(user[2]) || !id_in(group[2])) return {};
  return Identity{{*id_in(user[2]), *id_in(group[2])}, user[0], group[0], user[5]};
}

std::string home_of(const Launch& launch) {
  const Identity identity = identity_of(launch);
  // The caller's home directory is no home to another user.
  const bool is_caller = identity.ids.uid == builder_of(launch).uid;
  const bool is_shown = launch.request.home == Home::host && !launch.facts.home.empty();
  return is_caller && is_shown ? launch.facts.home : identity.home;
}

/// Files of the caller's have his name, whoever the program is.
std::string make_passwd(const Launch& launch) {
  const Identity identity = identity_of(launch);
  std::string rest = launch.image.passwd;
  if (builder_of(launch).uid != identity.ids.uid)
    rest = with_line_first(passwd_line(callers(launch), callers(launch).home), rest);
  return with_line_first(passwd_line(identity, home_of(launch)), rest);
}

std::string make_group(const Launch& launch) {
  const Identity identity = identity_of(launch);
  std::string rest = launch.image.group;
  if (builder_of(launch).gid != identity.ids.gid)
    rest = with_line_first(group_line(callers(launch)), rest);
  return with_line_first(group_line(identity), rest);
}

}  // namespace berth::plan
