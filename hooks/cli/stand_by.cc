// SPDX-License-Identifier: Apache-2.0
#include "hooks/cli/stand_by.h"

#include "base/apart.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/hear.h"
#include "base/text.h"
#include "hooks/cli/built.h"
#include "hooks/run/program.h"
#include "hooks/stage.h"
#include "hooks/standing.h"
#include "hooks/trust.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace berth::hooks {

namespace {

constexpr unsigned kSeconds = 30;  ///< for a hook that says nothing of it

void say(const std::string& text) {
  (void)::send(kBuilder, text.data(), text.size(), MSG_NOSIGNAL);  // or nobody waits any more
}

class Stand {
 public:
  explicit Stand(Standing standing) : standing_(std::move(standing)) {}

  void run();

 private:
  [[nodiscard]] Program program_for(const Hook& hook) const;
  Status run_hook(const Hook& hook);
  Status run_stage(Stage stage);
  void try_stage(Stage stage);
  void begin(pid_t pid);
  void answer(const Status& done);
  void hear_builder();
  void lose_builder();
  void take_orphans();
  void reap() const;

  void tell(const std::string& text) const;

  Standing standing_;
  Built built_;
  UniqueFd ended_;  ///< readable when a child has ended
  bool has_builder_ = true;
  bool has_begun_ = false;    ///< there is something to stop
  bool is_starting_ = false;  ///< when its builder has gone, it is the program
};

Program Stand::program_for(const Hook& hook) const {
  Program program{hook.path};
  program.words = hook.words;
  program.variables = hook.variables;
  const bool has_path = std::any_of(hook.variables.begin(),
                                    hook.variables.end(),
                                    [](const auto& one) { return one.starts_with("PATH="); });
  if (!has_path) program.variables.emplace_back("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  program.input = state_text(standing_, built_, hook.stage);
  program.seconds = hook.seconds == 0 ? kSeconds : hook.seconds;
  program.is_cut = true;
  program.has_no_rights = hook.stage == Stage::start_container;
  if (has_builder_) program.caller = kBuilder;
  if (is_inside(hook.stage))
    for (const UniqueFd& one : built_.namespaces)
      program.namespaces.push_back(one.get());
  return program;
}

/// `why`: what completes the sentence.
Error cannot_run(const Hook& hook, Error why) {
  why.goal = "run the " + std::string(name_of(hook.stage)) + " hook " + quote(hook.path) + " of " +
             hook.who + ": " + why.goal;
  return why;
}

Status Stand::run_hook(const Hook& hook) {
  Program program = program_for(hook);
  UniqueFd file;
  if (hook.stage != Stage::start_container) {
    auto opened = open_trusted_program(hook.path, ::getuid());
    if (!opened) {
      opened.error().goal = "cannot " + opened.error().goal;
      return cannot_run(hook, std::move(opened.error()));
    }
    file = std::move(*opened);
    program.file = file.get();
  }
  const Outcome outcome = run_program(program);
  if (standing_.shows_output)
    for (const std::string* text : {&outcome.output, &outcome.errors})
      if (!text->empty()) tell(*text);
  if (outcome.is_good()) return Done{};
  return cannot_run(hook, {Blame::config, reason_of(outcome, program.seconds)});
}

Status Stand::run_stage(Stage stage) {
  for (const Hook& hook : standing_.hooks)
    if (hook.stage == stage) BERTH_TRY(run_hook(hook));
  return Done{};
}

/// One after which nothing can be undone: what fails is said, and the rest goes on (runtime.md,
/// "Lifecycle").
void Stand::try_stage(Stage stage) {
  for (const Hook& hook : standing_.hooks) {
    if (hook.stage != stage) continue;
    const Status done = run_hook(hook);
    if (done) continue;
    tell("berth: " + sentence_of(done.error()) + ": continuing\n");
  }
}

void Stand::answer(const Status& done) {
  if (done) return say({kWell});
  say({kFailed});
  constexpr std::string_view kCannot = "cannot ";  // which the launch says itself
  say(sentence_of(done.error()).substr(kCannot.size(), kLongestSentence));
}

void Stand::begin(pid_t pid) {
  has_begun_ = true;
  built_ = look_at_built(pid);
  Status done = Done{};
  for (const Stage stage : {Stage::prestart, Stage::create_runtime, Stage::create_container})
    if (done) done = run_stage(stage);
  answer(done);
}

/// It has become the program, or there will be none.
void Stand::lose_builder() {
  has_builder_ = false;
  built_.namespaces.clear();
  // Who reads the program's errors must not wait for us.
  if (!standing_.keeps_errors) (void)::dup2(STDIN_FILENO, STDERR_FILENO);
  if (is_starting_) try_stage(Stage::poststart);
}

/// Where words for people go: while the program runs, to its standard error, which is not kept open
/// for it. Nobody hears them once it has gone.
void Stand::tell(const std::string& text) const {
  if (has_builder_ || standing_.keeps_errors)
    return (void)write_fully(STDERR_FILENO, text.data(), text.size());
  UniqueFd errors(
      static_cast<int>(::syscall(SYS_pidfd_getfd, built_.process.get(), STDERR_FILENO, 0)));
  // Where that takes the right to trace a process (ptrace(2), PTRACE_MODE_ATTACH): of a file, its
  // end; not of a socket.
  if (!errors.is_open() && built_.process.is_open() && !has_gone(built_))
    errors.reset(::open(("/proc/" + std::to_string(built_.pid) + "/fd/2").c_str(),
                        O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (errors.is_open()) (void)write_fully(errors.get(), text.data(), text.size());
}

void Stand::hear_builder() {
  std::array<char, 1> letter{};
  const Heard heard = hear(kBuilder, letter);
  switch (letter.front()) {
    case kRootIsThere:
      return begin(heard.sender);
    case kProgramBegins: {
      const Status done = run_stage(Stage::start_container);
      is_starting_ = bool(done);
      return answer(done);
    }
    case kNothingComes:
      is_starting_ = false;
      return;
    default:
      return lose_builder();
  }
}

/// What hooks have left, and ends. With --pid a hook is two processes, and the inner one outlives
/// the other, its parent: whoever else would take it may be slow to, or have gone.
void Stand::reap() const {
  signalfd_siginfo info{};
  (void)!::read(ended_.get(), &info, sizeof info);  // there is one
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

void Stand::take_orphans() {
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);  // it is known
  sigset_t ended;
  ::sigemptyset(&ended);
  ::sigaddset(&ended, SIGCHLD);
  (void)::pthread_sigmask(SIG_BLOCK, &ended, nullptr);  // the set is valid
  ended_.reset(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
}

void Stand::run() {
  take_orphans();
  while (true) {
    std::array<pollfd, 3> sources = {{{has_builder_ ? kBuilder : -1, POLLIN, 0},
                                      {has_builder_ ? -1 : kLife, POLLIN, 0},
                                      {ended_.get(), POLLIN, 0}}};
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) return;
    if (sources[2].revents != 0) reap();
    if (sources[0].revents != 0) hear_builder();
    if (sources[1].revents != 0) break;
  }
  if (has_begun_) try_stage(Stage::poststop);
}

[[noreturn]] void live(Standing standing) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  (void)::dup2(nothing, STDIN_FILENO);
  (void)::dup2(nothing, STDOUT_FILENO);
  live_apart("berth-hooks", {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, kBuilder, kLife});
  for (const int fd : {kBuilder, kLife})
    (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
  Stand(std::move(standing)).run();
  ::_exit(0);
}

}  // namespace

int stand_by() {
  constexpr std::size_t kMostText = 16UL << 20;
  const auto text = read_text(STDIN_FILENO, kMostText, "hear which hooks to run");
  if (!text) return 1;
  auto standing = parse_standing(*text);
  if (!standing) return 1;
  const pid_t child = ::fork();
  if (child == 0) live(std::move(*standing));
  if (child < 0) return 1;
  const std::string number = std::to_string(child) + "\n";
  return write_fully(STDOUT_FILENO, number.data(), number.size()) == 0 ? 0 : 1;
}

}  // namespace berth::hooks
