// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/named.h"

#include "base/apart.h"
#include "base/children.h"
#include "base/file.h"
#include "base/orphans.h"
#include "base/text.h"
#include "launcher/node/announce.h"
#include "launcher/plan/plan.h"
#include "launcher/state/look.h"
#include "launcher/state/monitor.h"
#include "launcher/state/name.h"
#include "launcher/survey/survey.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::cli {

namespace {

constexpr int kBeforeTheProgram = 125;
constexpr const char* kMonitorName = "berth-monitor";

int fail(Session& session, const Error& error) {
  print_for_rank(session, error);
  return kBeforeTheProgram;
}

Status check(const Request& request) {
  if (!request.name.empty()) BERTH_TRY(state::check_name(request.name));
  if (request.is_detached && request.tty)
    return Error{
        Blame::usage, "give a detached container a terminal", {}, "leave out --tty, or --detach"};
  if (request.share == Share::node)
    return Error{Blame::usage,
                 "share a container that has a name between ranks",
                 {},
                 "leave out --share=node, or --name and --detach"};
  return Done{};
}

/// A record with the name that was asked for, or with one that is free.
Result<state::Record> claim(state::Directory& directory, const Request& request) {
  constexpr unsigned kMostNames = 100'000;
  const state::Here here = state::look_here();
  for (unsigned count = 1; true; ++count) {
    const bool is_made = request.name.empty();
    const std::string name = is_made ? state::made_name(request.image, count) : request.name;
    state::Record record = state::new_record(name, here);
    record.image = request.image;
    record.command = request.command;
    record.is_detached = request.is_detached;
    const Status claimed = state::claim(directory, record);
    if (claimed) return record;
    const bool is_taken = claimed.error().blame == Blame::usage;
    if (!is_made || !is_taken || count == kMostNames) return claimed.error();
  }
}

/// A container that has a record, and the launch's end of the line to its monitor.
struct Claimed {
  const state::Directory& directory;
  const state::Record& record;
  int line = -1;
};

/// What is known once a launch has looked at its image.
Status describe(const Claimed& claimed, const Launch& launch, const std::vector<Step>& rest) {
  state::Record record = claimed.record;
  record.entry = plan::entry_of(launch, rest);
  for (const Step& step : rest) {
    if (const auto* program = std::get_if<Execute>(&step)) record.command = program->arguments;
    const auto* told = std::get_if<AnnounceProgram>(&step);
    if (told == nullptr) continue;
    record.stop_signal = told->stop_signal;
    record.stop_timeout = told->grace;
  }
  return claimed.directory.replace(record);
}

/// Launches, and tells the monitor if nothing comes of it.
int launch(Request request, Session& session, const Claimed& claimed) {
  Stage stage;
  stage.monitor = claimed.line;
  stage.describe = [&](const Launch& launch, const std::vector<Step>& rest) {
    return describe(claimed, launch, rest);
  };
  const int code = run_container(std::move(request), session, stage);
  state::tell_failure(claimed.line, code);
  return code;
}

/// Of a container that runs in the foreground: nobody's child, so that the program's parent stays
/// who it was.
class Watcher : public Orphan {
 public:
  Watcher(state::Monitor monitor, int helpers) : monitor_(std::move(monitor)), helpers_(helpers) {}

  [[noreturn]] void live() noexcept override {
    live_apart(kMonitorName, monitor_.descriptors());
    if (!monitor_.await_program()) monitor_.await_other();
    ::_exit(0);
  }

  void note(pid_t pid) noexcept override { node::announce_helper(helpers_, pid); }

 private:
  state::Monitor monitor_;
  int helpers_;
};

int run_in_foreground(Request request, Session& session, state::Directory& directory) {
  const auto record = claim(directory, request);
  if (!record) return fail(session, record.error());
  auto line = state::make_line();
  if (!line) return fail(session, line.error());
  Watcher watcher({directory, *record, std::move(line->monitors), ::getpid()},
                  survey::helpers_of(session.environment));
  const std::array<Orphan*, 1> alone{&watcher};
  int number = 0;
  {
    const AwaitedChildren awaited;
    number = start_orphans(alone);
  }
  if (number != 0) {
    directory.remove(record->name, record->key);
    return fail(session, refused("fork", "stand by the container", number));
  }
  return launch(std::move(request), session, {directory, *record, line->launchs.get()});
}

/// Whatever is said goes to where the caller reads, although the program's output does not.
class CallersStreams : public Streams {
 public:
  CallersStreams() : err_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {}

  void out(std::string_view) override {}  // there is nothing to say

  void err(std::string_view text) override {
    (void)write_fully(err_.get(), text.data(), text.size());  // nobody is left to be told
  }

 private:
  UniqueFd err_;
};

/// The monitor's child, which becomes the program. In a session of its own: a signal for its
/// process group does not mean the monitor.
[[noreturn]] void become_program(Request request,
                                 Session& session,
                                 const Claimed& claimed,
                                 int log) {
  CallersStreams streams;
  Session own{streams, session.environment, session.parent, session.began};
  (void)::setsid();  // fails only for a leader of a process group, which a fresh child is not
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  (void)::dup2(nothing.get(), STDIN_FILENO);
  (void)::dup2(log, STDOUT_FILENO);
  (void)::dup2(log, STDERR_FILENO);
  ::_exit(launch(std::move(request), own, claimed));
}

/// Becomes the monitor. `caller`: hears the exit code and the name.
[[noreturn]] void stand_by(Request request,
                           Session& session,
                           state::Directory& directory,
                           UniqueFd caller) {
  const pid_t self = ::getpid();
  (void)::setsid();
  const auto record = claim(directory, request);
  if (!record) ::_exit(fail(session, record.error()));
  request.name = record->name;
  auto line = state::make_line();
  auto log = directory.make_log(record->name);
  if (!line || !log) {
    directory.remove(record->name, record->key);
    ::_exit(fail(session, line ? log.error() : line.error()));
  }
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != self) ::_exit(kBeforeTheProgram);
    const Claimed claimed{directory, *record, line->launchs.get()};
    become_program(std::move(request), session, claimed, log->get());
  }
  if (child < 0) {
    const int number = errno;
    directory.remove(record->name, record->key);
    ::_exit(fail(session, refused("fork", "start the container", number)));
  }
  line->launchs.reset();
  log->reset();
  state::Monitor monitor(directory, *record, std::move(line->monitors), child);
  const auto failure = monitor.await_program();
  if (failure) ::_exit(*failure);
  const std::string said = record->name + "\n";
  (void)write_fully(caller.get(), said.data(), said.size());  // or he has gone
  live_apart(kMonitorName, monitor.descriptors());
  if (request.leaves_nothing)
    monitor.await_other();
  else
    monitor.await_child();
  ::_exit(0);
}

/// What the monitor says: a name, or nothing, and then its exit code says why.
int hear_monitor(int line, pid_t monitor, Session& session) {
  std::string name;
  std::array<char, 256> piece{};
  while (name.find('\n') == std::string::npos) {
    const ssize_t got = ::read(line, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    name.append(piece.data(), static_cast<std::size_t>(got));
  }
  if (!name.empty()) {
    session.streams.out(name);
    return 0;
  }
  int status = 0;
  while (::waitpid(monitor, &status, 0) < 0)
    if (errno != EINTR) return kBeforeTheProgram;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kBeforeTheProgram;
}

int detach(Request request, Session& session, state::Directory& directory) {
  const AwaitedChildren awaited;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(session, refused("pipe2", "start the container", errno));
  UniqueFd ours(ends[0]);
  UniqueFd monitors(ends[1]);
  const pid_t monitor = ::fork();
  if (monitor < 0) return fail(session, refused("fork", "start the container", errno));
  if (monitor == 0) {
    ours.reset();
    stand_by(std::move(request), session, directory, std::move(monitors));
  }
  monitors.reset();
  return hear_monitor(ours.get(), monitor, session);
}

}  // namespace

int run_named(Request request, Session& session) {
  if (const Status fine = check(request); !fine) return fail(session, fine.error());
  auto directory = state::Directory::open_or_make(state::places_for(session.environment));
  if (!directory) return fail(session, directory.error());
  if (request.is_detached) return detach(std::move(request), session, *directory);
  return run_in_foreground(std::move(request), session, *directory);
}

}  // namespace berth::cli
