// SPDX-License-Identifier: Apache-2.0
// `berth pause` and `berth resume`.
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"
#include "launcher/state/members.h"

namespace berth::cli {

namespace {

Result<Json> pause_one(const state::Directory&,
                       const state::Container& container,
                       const ContainerWish&) {
  BERTH_TRY(check_program(container, "pause"));
  const auto members = state::Members::of(container);
  if (!members) return members.error();
  if (Status paused = members->pause(); !paused) {
    (void)members->resume();  // what failed before is what is said
    return std::move(paused.error());
  }
  return Json{{"state", "paused"}};
}

Result<Json> resume_one(const state::Directory&,
                        const state::Container& container,
                        const ContainerWish&) {
  BERTH_TRY(check_program(container, "resume"));
  const auto members = state::Members::of(container);
  if (!members) return members.error();
  BERTH_TRY(members->resume());
  return Json{{"state", "running"}};
}

}  // namespace

int pause_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{"berth pause [OPTIONS] NAME...",
                           "Stops all processes of containers, until berth resume.",
                           {json_option(), help_option()},
                           1,
                           kAnyNumber};
  return act_on_each(verb, words, session, pause_one);
}

int resume_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{"berth resume [OPTIONS] NAME...",
                           "Lets all processes of containers go on.",
                           {json_option(), help_option()},
                           1,
                           kAnyNumber};
  return act_on_each(verb, words, session, resume_one);
}

}  // namespace berth::cli
