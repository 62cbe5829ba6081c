// SPDX-License-Identifier: Apache-2.0
// `berth stop`, `kill`, `wait` and `rm`: the end of containers.
#include "base/signals.h"
#include "base/text.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"
#include "launcher/request/process.h"
#include "launcher/state/end.h"
#include "launcher/state/members.h"

#include <signal.h>

#include <cerrno>

namespace berth::cli {

namespace {

Status set_seconds(ContainerWish& wish, const std::string& value) {
  const auto seconds = request::parse_duration(value);
  if (!seconds) return seconds.error();
  wish.seconds = *seconds;
  return Done{};
}

Status set_signal(ContainerWish& wish, const std::string& value) {
  wish.signal = signal_number(value);
  if (wish.signal) return Done{};
  return Error{Blame::usage,
               "use " + quote(value) + " as a signal",
               {},
               "write a name or a number: --signal SIGINT"};
}

Status set_force(ContainerWish& wish, const std::string&) {
  wish.is_forced = true;
  return Done{};
}

Json status_json(const std::optional<int>& status) {
  Json json = {{"state", "stopped"}};
  if (status) json["status"] = *status;
  return json;
}

Result<Json> stop_one(const state::Directory& directory,
                      const state::Container& container,
                      const ContainerWish& wish) {
  const state::Record& record = container.record;
  if (container.state == state::State::elsewhere) BERTH_TRY(check_program(container, "stop"));
  const auto status = state::stop(directory,
                                  container,
                                  wish.signal.value_or(record.stop_signal),
                                  wish.seconds.value_or(record.stop_timeout));
  if (!status) return status.error();
  return status_json(*status);
}

Result<Json> kill_one(const state::Directory&,
                      const state::Container& container,
                      const ContainerWish& wish) {
  const int number = wish.signal.value_or(SIGKILL);
  BERTH_TRY(check_program(container, "signal"));
  const auto members = state::Members::of(container);  // while it lives
  const int refusal = container.program.signal(number);
  if (refusal != 0)
    return refused("pidfd_send_signal", "signal " + quote(container.record.name), refusal);
  // Those who wait for the program are stopped with it.
  const bool goes_on = number == SIGKILL || number == SIGCONT;
  if (goes_on && container.state == state::State::paused && members) BERTH_TRY(members->resume());
  return Json{{"signal", signal_name(number)}};
}

Result<Json> wait_for_one(const state::Directory& directory,
                          const state::Container& container,
                          const ContainerWish&) {
  if (container.state == state::State::elsewhere) BERTH_TRY(check_program(container, "wait for"));
  const auto status = state::await_end(directory, container, -1);
  if (!status) return status.error();
  const bool is_detached = container.record.is_detached;
  if (!*status)
    return Error{Blame::host,
                 "tell how " + quote(container.record.name) + " ended: " +
                     (is_detached ? "nothing of it was kept" : "it ran in the foreground"),
                 {},
                 is_detached ? "start it without --rm"
                             : "whoever started it knows; of detached containers berth does"};
  return Json{{"state", "stopped"}, {"status", **status}};
}

Result<Json> remove_one(const state::Directory& directory,
                        const state::Container& container,
                        const ContainerWish& wish) {
  const bool has_ended = container.state == state::State::stopped;
  if (!has_ended && !wish.is_forced)
    return Error{Blame::usage,
                 "remove " + quote(container.record.name) + ": it is " +
                     std::string(state::name_of(container.state)),
                 {},
                 "stop it first: berth stop; or end it: berth rm --force"};
  if (container.state != state::State::elsewhere) {
    const auto status = state::stop(directory, container, SIGKILL, 0);
    if (!status) return status.error();
  }
  directory.remove(container.record.name, container.record.key);
  return Json{{"state", "removed"}};
}

const ContainerOption kSignal{{"signal", 's', "SIGNAL", "what is sent, say SIGINT"}, set_signal};

}  // namespace

int stop_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{
      "berth stop [OPTIONS] NAME...",
      "Ends containers: sends their stop signal, and SIGKILL to what is left.",
      {kSignal,
       {{"time", 't', "DURATION", "until SIGKILL; 10 seconds, or as --stop-timeout said"},
        set_seconds},
       json_option(),
       help_option()},
      1,
      kAnyNumber};
  return act_on_each(verb, words, session, stop_one);
}

int kill_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{"berth kill [OPTIONS] NAME...",
                           "Sends a signal to the programs of containers; by default SIGKILL.",
                           {kSignal, json_option(), help_option()},
                           1,
                           kAnyNumber};
  return act_on_each(verb, words, session, kill_one);
}

int wait_verb(const std::vector<std::string>& words, Session& session) {
  ContainerVerb verb{"berth wait [OPTIONS] NAME...",
                     "Waits until containers have ended, and prints how: their exit codes.",
                     {json_option(), help_option()},
                     1,
                     kAnyNumber};
  verb.prints_status = true;
  return act_on_each(verb, words, session, wait_for_one);
}

int rm_verb(const std::vector<std::string>& words, Session& session) {
  ContainerVerb verb{
      "berth rm [OPTIONS] NAME...",
      "Removes what is kept of containers that have ended: status and log.",
      {{{"force", 'f', "", "kill it first if it runs"}, set_force}, json_option(), help_option()},
      1,
      kAnyNumber};
  verb.removes_damaged = true;
  return act_on_each(verb, words, session, remove_one);
}

}  // namespace berth::cli
