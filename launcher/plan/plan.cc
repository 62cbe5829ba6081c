// SPDX-License-Identifier: Apache-2.0
#include "launcher/plan/plan.h"

#include "base/text.h"
#include "hooks/stage.h"
#include "launcher/plan/parts.h"

#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <iterator>

namespace berth::plan {

namespace {

using Steps = std::vector<Step>;

std::string map_line(unsigned inside, unsigned outside) {
  return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

/// setgroups has to be denied before an ordinary user may write a gid map (user_namespaces(7)).
void add_namespaces(Steps& steps, const Launch& launch) {
  steps.push_back(EnterNamespaces{namespaces_of(launch.request)});
  if (launch.request.with_subordinates) {
    steps.push_back(MapIds{maps_of(launch.request, launch.facts)});
  } else {
    const auto [uid, gid] = builder_of(launch);
    steps.push_back(WriteFile{"/proc/self/setgroups", "deny"});
    steps.push_back(WriteFile{"/proc/self/uid_map", map_line(uid, launch.facts.uid)});
    steps.push_back(WriteFile{"/proc/self/gid_map", map_line(gid, launch.facts.gid)});
  }
  // How many can be made in this one and below: none (namespaces(7)).
  if (launch.request.without_userns)
    steps.push_back(WriteFile{"/proc/sys/user/max_user_namespaces", "0"});
  for (Step& step : steps_of_namespaces(launch.request, launch.facts))
    steps.push_back(std::move(step));
  steps.push_back(KeepMountsInside{});
}

/// The way to what every start reads, and to what it looks for in vain.
std::vector<std::string> read_by_every_start(const Launch& launch) {
  std::vector<std::string> paths;
  for (const StartFile& file : launch.image.start) {
    const bool is_on_the_way = file.path.find('/') != std::string::npos;
    if (file.kind != StartFile::Kind::directory && is_on_the_way) paths.push_back("/" + file.path);
  }
  paths.emplace_back("/etc/ld.so.preload");
  return paths;
}

/// Nobody may start from files that have not been proved. The proof takes as long as all that has
/// been done till now, and the server has time for our questions meanwhile.
void add_proof(Steps& steps, const Launch& launch, const std::vector<std::string>& candidates) {
  if (!may_lay_start_files(launch) || !launch.image.has_proof) return;
  steps.push_back(LookAhead{candidates, read_by_every_start(launch)});
  steps.push_back(AwaitProof{});
}

/// What the keeper is handed: where others come in all there is, else what it takes down.
int doors_for(const Launch& launch) {
  return launch.role == Role::leader ? namespaces_of(launch.request) : CLONE_NEWUSER | CLONE_NEWNS;
}

/// When the first process of a pid namespace ends, all others in it are killed. Where ranks share
/// one, that process must not be the program of any of them.
/// A bounded time needs somebody who counts it, for each rank.
void add_init(Steps& steps, const Launch& launch, TimeLimit time) {
  const bool is_shared = launch.request.own_pids && launch.role != Role::alone;
  const bool stays = is_shared && launch.role == Role::leader;
  if (stays || (!is_shared && launch.request.with_init) || time.seconds != 0)
    steps.push_back(StartInit{stays, std::move(time)});
}

/// Who has CAP_SYS_RESOURCE would allow user namespaces again (namespaces(7)).
Capabilities kept_capabilities(const Request& request) {
  constexpr Capabilities kSysResource = 1U << CAP_SYS_RESOURCE;
  const Capabilities asked = request.added_capabilities & ~request.dropped_capabilities;
  return request.without_userns ? asked & ~kSysResource : asked;
}

/// Last: an init needs descriptors and a process of its own, whatever the program may have.
void add_limits(Steps& steps, const Request& request) {
  for (const Limit& limit : request.limits)
    steps.push_back(SetLimit{limit});
  if (request.umask) steps.push_back(SetUmask{*request.umask});
}

/// Version 1 lets a process in that is the same user's as who opened the door (cgroups(7)).
void add_group(Steps& steps, const Launch& launch) {
  if (!launch.facts.control_group.parts.empty())
    steps.push_back(EnterGroup{launch.facts.control_group});
}

/// Where others may ask for it.
Status add_announcement(Steps& steps, const Launch& launch) {
  if (!is_named(launch.request)) return Done{};
  const auto stop_signal = choose_stop_signal(launch);
  if (!stop_signal) return stop_signal.error();
  AnnounceProgram announcement{*stop_signal};
  announcement.grace = launch.request.stop_timeout.value_or(announcement.grace);
  steps.push_back(announcement);
  return Done{};
}

Execute program_of(const Launch& launch,
                   const std::vector<Bind>& binds,
                   std::vector<std::string> words) {
  std::vector<std::string> environment = make_environment(launch, binds);
  auto candidates = candidates_for(words[0], value_of(environment, "PATH"));
  return {std::move(candidates), std::move(words), std::move(environment)};
}

/// Whose time is one of `stages`, for people.
RunHooks hooks_at(const Launch& launch,
                  RunHooks::Time time,
                  const std::vector<hooks::Stage>& stages) {
  RunHooks step{time};
  for (const hooks::Stage stage : stages)
    for (const hooks::Hook& hook : launch.hooks)
      if (hook.stage == stage)
        step.lines.push_back(std::string(hooks::name_of(stage)) + " " + hook.path);
  return step;
}

void add_last_hooks(Steps& steps, const Launch& launch) {
  if (!launch.hooks.empty())
    steps.push_back(
        hooks_at(launch, RunHooks::Time::program_begins, {hooks::Stage::start_container}));
}

/// Nobody is let in before it is proved, nor before the hooks of whoever builds it are content.
void add_sharing(Steps& steps, const Launch& launch, const std::vector<std::string>& candidates) {
  add_proof(steps, launch, candidates);
  if (launch.role == Role::leader) add_last_hooks(steps, launch);
  steps.push_back(ShareContainer{doors_for(launch)});
}

/// Before the root is changed: until then the node's files are there, for those that run inside.
void add_hooks(Steps& steps,
               const Launch& launch,
               const Execute& program,
               const std::string& work) {
  using hooks::Stage;
  if (launch.hooks.empty()) return;
  const std::string base = launch.facts.base + "/";
  const auto* change = std::get_if<ChangeRoot>(&steps.back());
  const std::string root = change == nullptr ? "root" : change->root.substr(base.size());
  const std::vector<Step> own = {
      WriteFile{base + "config.json", make_bundle_config(launch, root, program, work)},
      hooks_at(launch,
               RunHooks::Time::root_is_there,
               {Stage::prestart, Stage::create_runtime, Stage::create_container})};
  steps.insert(steps.end() - 1, own.begin(), own.end());
}

/// A leader that has gone without an overlay lacks places, and its joiners cannot know.
EnterDirectory work_of(const Launch& launch, const std::vector<Bind>& binds) {
  const std::string path = choose_workdir(launch, binds);
  const bool is_asked = launch.request.workdir || path == launch.config.workdir;
  const bool may_be_missing = launch.without_overlay || launch.role == Role::joiner;
  return {path, !is_asked && may_be_missing};
}

}  // namespace

Result<Steps> make_beginning(const Launch& launch) {
  auto binds = choose_binds(launch.request, launch.facts);
  if (!binds) return std::move(binds.error());
  Steps steps;
  if (launch.role == Role::joiner) return steps;
  add_namespaces(steps, launch);
  add_layers(steps, launch, *binds);
  return steps;
}

Result<Steps> make_rest(const Launch& launch) {
  auto binds = choose_binds(launch.request, launch.facts);
  if (!binds) return std::move(binds.error());
  auto words = choose_command(launch.request, launch.config);
  if (!words) return std::move(words.error());
  auto time = choose_time(launch, (*words)[0]);
  if (!time) return std::move(time.error());
  Execute program = program_of(launch, *binds, std::move(*words));
  const bool is_joiner = launch.role == Role::joiner;
  Steps steps;
  if (is_joiner) {
    steps.push_back(JoinContainer{namespaces_of(launch.request)});
  } else {
    add_root(steps, launch, *binds);
    add_hooks(steps, launch, program, choose_workdir(launch, *binds));
  }
  const bool is_own = launch.request.private_overlay && launch.role != Role::alone;
  if (is_own && !is_joiner) add_sharing(steps, launch, program.candidates);
  if (is_own) add_private_root(steps, launch, *binds);
  steps.push_back(work_of(launch, *binds));
  const Ids ids = identity_of(launch).ids;
  const bool is_other = ids != builder_of(launch);
  if (is_other) add_group(steps, launch);
  if (is_other) steps.push_back(BecomeUser{ids});
  steps.push_back(DropPrivileges{kept_capabilities(launch.request)});
  if (!is_own && !is_joiner) add_sharing(steps, launch, program.candidates);
  steps.push_back(CloseOthers{launch.facts.kept_descriptors});
  add_init(steps, launch, std::move(*time));
  BERTH_TRY(add_announcement(steps, launch));
  if (!is_other) add_group(steps, launch);
  BERTH_TRY(add_place(steps, launch));
  if (launch.role == Role::alone) add_last_hooks(steps, launch);
  add_limits(steps, launch.request);
  if (!launch.filter.empty()) steps.push_back(FilterCalls{launch.request.seccomp, launch.filter});
  steps.push_back(std::move(program));
  return steps;
}

Result<Steps> make_plan(const Launch& launch) {
  auto steps = make_beginning(launch);
  if (!steps) return steps;
  auto rest = make_rest(launch);
  if (!rest) return rest;
  std::move(rest->begin(), rest->end(), std::back_inserter(*steps));
  return steps;
}

}  // namespace berth::plan
