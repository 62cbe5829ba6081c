// SPDX-License-Identifier: Apache-2.0
// `berth exec`: another program in a container, as its own one is.
#include "base/text.h"
#include "launcher/cgroup/group.h"
#include "launcher/cgroup/usage.h"
#include "launcher/cli/container_user.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"
#include "launcher/enter/start.h"
#include "launcher/plan/plan.h"
#include "launcher/request/options.h"

#include <sched.h>

#include <algorithm>

namespace berth::cli {

namespace {

Status set_workdir(ContainerWish& wish, const std::string& value) {
  if (!value.starts_with('/'))
    return Error{Blame::usage,
                 "work in " + quote(value),
                 {},
                 "--workdir is a place inside the container: begin it with '/'"};
  wish.workdir = value;
  return Done{};
}

/// In the words of `berth run`.
Status set_user(ContainerWish& wish, const std::string& value) {
  Request runs;
  for (const request::Option& option : request::options())
    if (option.name == "user") BERTH_TRY(option.apply(runs, value));
  wish.user = runs.user;
  return Done{};
}

Status add_variable(ContainerWish& wish, const std::string& value) {
  if (value.empty() || value.front() == '=')
    return Error{
        Blame::usage, "set the variable " + quote(value), {}, "write --env NAME=VALUE or NAME"};
  wish.environment.push_back(value);
  return Done{};
}

/// NAME=VALUE, or NAME for the caller's, of which nothing comes if he has none.
void change(std::vector<std::string>& environment, std::string wanted, const Session& session) {
  if (wanted.find('=') == std::string::npos) {
    const auto& all = session.environment;
    const auto callers = std::find_if(all.begin(), all.end(), [&](const std::string& one) {
      return one.starts_with(wanted + "=");
    });
    if (callers == all.end()) return;
    wanted = *callers;
  }
  set_variable(environment, std::move(wanted));
}

/// The container's namespaces by its program, in the order in which they are entered. They have to
/// be those that it began in: it could be in others of its own meanwhile.
Result<std::vector<UniqueFd>> open_doors(const state::Container& container) {
  const state::Record& record = container.record;
  const std::string goal = "enter the container " + quote(record.name);
  std::vector<UniqueFd> doors;
  for (const std::string& file : state::namespace_files(record.entry.namespaces)) {
    UniqueFd door = container.program.open_file(("ns/" + file).c_str());
    if (!door.is_open()) return refused("open", goal, errno);
    const auto inode = record.inodes.find(file);
    if (inode == record.inodes.end() || inode->second != state::inode_of(door))
      return Error{Blame::host, goal + ": its program is in other namespaces than it began in"};
    doors.push_back(std::move(door));
  }
  // Asked last: while it lives they were its own.
  if (!container.program.lives()) return Error{Blame::usage, goal + ": it has just ended"};
  return doors;
}

Status check(const state::Container& container) {
  constexpr int kNeeded = CLONE_NEWUSER | CLONE_NEWNS;
  BERTH_TRY(check_program(container, "enter the container"));
  if (container.state == state::State::paused)
    return Error{Blame::usage,
                 "enter the container " + quote(container.record.name) + ": it is paused",
                 {},
                 "let it go on: berth resume " + container.record.name};
  if ((container.record.entry.namespaces & kNeeded) == kNeeded) return Done{};
  return Error{Blame::config,
               "enter the container " + quote(container.record.name) + ": its record is damaged",
               {},
               "end it: berth rm --force " + container.record.name};
}

/// The limits of the container hold for this program too. Before it becomes another user: see
/// plan::make_rest().
Result<std::vector<UniqueFd>> open_group(const state::Container& container,
                                         std::vector<Step>& steps) {
  const auto directories =
      cgroup::places_in_group(cgroup::read_hierarchies(container.program.id().pid));
  EnterGroup step;
  for (const std::string& directory : directories)
    step.group.parts.push_back({directory});
  if (!directories.empty()) steps.insert(steps.begin(), std::move(step));
  return cgroup::open_doors(directories);
}

/// The container's own, as the options would have it.
Result<Entry> entry_for(const ContainerWish& wish,
                        const state::Container& container,
                        const Session& session) {
  Entry entry = container.record.entry;
  if (wish.workdir) {
    entry.workdir = *wish.workdir;
    entry.may_lack_workdir = false;
  }
  if (wish.user) BERTH_TRY(change_user(entry, *wish.user, container));
  for (const std::string& variable : wish.environment)
    change(entry.environment, variable, session);
  return entry;
}

/// Does not return if the program begins.
int enter_container(const ContainerWish& wish, Session& session) {
  const auto directory = open_containers(session);
  if (!directory) return not_done(session, directory.error());
  const auto container = state::find(*directory, wish.words[0]);
  if (!container) return not_done(session, container.error());
  if (const Status fine = check(*container); !fine) return not_done(session, fine.error());
  const auto doors = open_doors(*container);
  if (!doors) return not_done(session, doors.error());
  std::vector<int> numbers;
  for (const UniqueFd& door : *doors)
    numbers.push_back(door.get());
  const auto entry = entry_for(wish, *container, session);
  if (!entry) return not_done(session, entry.error());
  const auto command = wish.words.begin() + (wish.words[1] == "--" ? 2 : 1);
  std::vector<Step> steps =
      plan::make_entry(*entry, container->record.name, {command, wish.words.end()});
  const auto group = open_group(*container, steps);
  if (!group) return not_done(session, group.error());
  std::vector<int> groups;
  for (const UniqueFd& door : *group)
    groups.push_back(door.get());
  enter::Tools tools;
  tools.doors = numbers;
  tools.groups = groups;
  enter::Launching launching(tools);
  const auto failure = launching.carry_out(steps);
  if (!failure) return kNotDone;  // the last step starts the program
  print(session, failure->error);
  return failure->exit_code;
}

}  // namespace

int exec_verb(const std::vector<std::string>& words, Session& session) {
  ContainerVerb verb{
      "berth exec [OPTIONS] NAME [--] COMMAND...",
      "Runs another program in a container, as its own program is run.",
      {{{"env", 'e', "NAME[=VALUE]", "set a variable, or take the caller's"}, add_variable},
       {{"user", 'u', "USER[:GROUP]", "be another user that the container has"}, set_user},
       {{"workdir", 'w', "DIR", "begin in DIR of the container"}, set_workdir},
       help_option()},
      2,
      kAnyNumber};
  verb.has_command = true;
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code == 0 ? 0 : kNotDone;
  if (wish.words[1] != "--" || wish.words.size() > 2) return enter_container(wish, session);
  print(session,
        Error{Blame::usage, "understand so few words", {}, "write " + std::string(verb.usage)});
  return kNotDone;
}

}  // namespace berth::cli
