// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/limited.h"

#include "base/apart.h"
#include "base/children.h"
#include "base/orphans.h"
#include "base/text.h"
#include "launcher/cgroup/choose.h"
#include "launcher/cgroup/group.h"
#include "launcher/cgroup/nodes.h"
#include "launcher/cgroup/usage.h"
#include "launcher/init/stand_by.h"
#include "launcher/node/announce.h"
#include "launcher/request/slurm_words.h"
#include "launcher/survey/survey.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>

namespace berth::cli {

namespace {

constexpr int kBeforeTheProgram = 125;

/// Takes the group away where who stood by the program was killed, or did not wait for who was left
/// in it.
class Tender : public Orphan {
 public:
  Tender(UniqueFd launch, std::vector<std::string> directories, int helpers)
      : launch_(std::move(launch)),
        directories_(std::move(directories)),
        helpers_(helpers) {}

  [[noreturn]] void live() noexcept override {
    live_apart("berth-group", {launch_.get()});
    pollfd end{launch_.get(), POLLIN, 0};
    while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    cgroup::remove_group_at_last(directories_);
    ::_exit(0);
  }

  void note(pid_t pid) noexcept override { node::announce_helper(helpers_, pid); }

 private:
  UniqueFd launch_;
  std::vector<std::string> directories_;
  int helpers_;
};

/// What is said and done when the program has ended.
struct Ending {
  GroupWishes wishes;
  std::vector<std::string> directories;
  std::string program;
  std::string speaker;  ///< "berth: "
  bool is_quiet = false;
  bool is_task = false;                           ///< of srun's, which has other names for options
  std::optional<cgroup::PagesGiven> before = {};  ///< where it is to be said
};

/// Of the processes that were waited for: of others nobody knows without a group.
void add_children(cgroup::Usage& usage) {
  constexpr std::uint64_t kMillion = 1'000'000;
  rusage children{};
  if (::getrusage(RUSAGE_CHILDREN, &children) != 0) return;
  const auto microseconds = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * kMillion +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  if (!usage.cpu) usage.cpu = microseconds(children.ru_utime) + microseconds(children.ru_stime);
  if (!usage.memory_peak) usage.memory_peak = static_cast<std::uint64_t>(children.ru_maxrss) * 1024;
}

/// What the machine has given out since; to whom, it does not count.
void add_pages(cgroup::Usage& usage, const std::optional<cgroup::PagesGiven>& before) {
  const auto now = before ? cgroup::read_pages_given() : std::nullopt;
  if (!now) return;
  usage.pages_near = now->near - before->near;
  usage.pages_far = now->far - before->far;
}

std::string lines_of(const Ending& ending, bool is_killed) {
  cgroup::Usage usage = cgroup::read_usage(ending.directories);
  std::string text;
  if (is_killed || !ending.is_quiet)
    for (const std::string& remark :
         cgroup::remarks_on(usage, ending.wishes, ending.program, is_killed))
      text += ending.speaker + (ending.is_task ? request::in_slurms_words(remark) : remark) + "\n";
  if (!ending.wishes.stats) return text;
  const bool is_whole = usage.cpu && usage.memory_peak;
  add_children(usage);
  add_pages(usage, ending.before);
  return text + ending.speaker + quote(ending.program) + " " + cgroup::summary_of(usage) +
         (is_whole ? "" : " (in part without a control group)") + "\n";
}

/// Those that the kernel is about to take out of the group do not take long.
void remove_soon(const Ending& ending) noexcept {
  constexpr int kTries = 20;
  constexpr long kMillisecond = 1'000'000;
  for (int i = 0; i < kTries && !cgroup::remove_group(ending.directories); ++i) {
    const timespec time{0, kMillisecond};
    (void)::nanosleep(&time, nullptr);
  }
}

/// In the process that has made the group, an ordinary one.
void end(void* with, int words, int code, int status) noexcept {
  const auto& ending = *static_cast<const Ending*>(with);
  const bool is_killed = code != CLD_EXITED && status == SIGKILL;
  const std::string text = lines_of(ending, is_killed);
  // The last words are worth a moment, to who reads at all.
  constexpr int kMoment = 100;
  pollfd reader{words, POLLOUT, 0};
  if (!text.empty()) (void)::poll(&reader, 1, kMoment);
  init::say(words, text.c_str());
  remove_soon(ending);
}

/// One launch with limits.
class Limited {
 public:
  Limited(Request request, Session& session, Stage stage)
      : request_(std::move(request)),
        session_(session),
        stage_(std::move(stage)),
        rank_(survey::rank_of(session.environment, session.parent)) {
    stage_.has_looked_at_limits = true;
  }

  int go();

 private:
  [[nodiscard]] std::string speaker() const;
  int fail(Error error);
  int start();
  void warn(const std::vector<Error>& refused, const char* without = "it");
  Status choose();
  Status make();
  Status start_tender();
  int stand_by();

  Request request_;
  Session& session_;
  Stage stage_;
  Rank rank_;
  cgroup::Group group_;
};

/// As in every message of a launch.
std::string Limited::speaker() const {
  if (rank_.launcher.empty()) return "berth";
  return "berth[" + survey::node_name() + ":" + std::to_string(rank_.rank) + "]";
}

int Limited::fail(Error error) {
  if (rank_.local_rank != 0) error.hint.clear();
  session_.streams.err(to_text(error, speaker()) + "\n");
  return kBeforeTheProgram;
}

void Limited::warn(const std::vector<Error>& refused, const char* without) {
  if (request_.quiet || rank_.local_rank != 0) return;
  for (const Error& one : refused)
    session_.streams.err(speaker() + ": " + sentence_of(one) + ": continuing without " + without +
                         "\n");
}

Status Limited::choose() {
  const auto grounds = cgroup::find_grounds(cgroup::read_hierarchies(0));
  // What ends a job could not end who stands still there.
  request_.group.can_pause =
      is_named(request_) && !survey::is_in_job(session_.environment) &&
      std::none_of(grounds.begin(), grounds.end(), [](const cgroup::Ground& ground) {
        return cgroup::is_of_slurm(ground.place);
      });
  auto choice =
      cgroup::choose_group(request_.group, grounds, cgroup::find_disks(request_.group, grounds));
  if (!choice.refused.empty() && !request_.group.best_effort)
    return std::move(choice.refused.front());
  warn(choice.refused);
  stage_.group = std::move(choice.plan);
  return Done{};
}

Status Limited::make() {
  std::vector<Error> refused;
  auto made =
      cgroup::make_group(stage_.group, cgroup::group_name(), request_.group.best_effort, refused);
  if (!made && !request_.group.best_effort) return std::move(made.error());
  if (made) {
    warn(refused);
    group_ = std::move(*made);
  } else {
    warn({made.error()}, "any limit");
    stage_.group = {};
  }
  for (const UniqueFd& door : group_.doors)
    stage_.groups.push_back(door.get());
  return start_tender();
}

Status Limited::start_tender() {
  if (group_.directories.empty()) return Done{};
  const std::string goal = "stand by a control group";
  // Close-on-exec by itself.
  UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!self.is_open()) return refused("pidfd_open", goal, errno);
  Tender tender(std::move(self), group_.directories, survey::helpers_of(session_.environment));
  const std::array<Orphan*, 1> alone{&tender};
  const AwaitedChildren awaited;
  const int number = start_orphans(alone);
  return number == 0 ? Status(Done{}) : refused("fork", goal, number);
}

int Limited::start() {
  return run_container(std::move(request_), session_, stage_);
}

/// Returns in the launch, which becomes the program; and where there is none.
int Limited::stand_by() {
  Ending ending{request_.group,
                group_.directories,
                request_.command.empty() ? request_.image : request_.command.front(),
                speaker() + ": ",
                request_.quiet,
                !variable(session_, "BERTH_TASK").empty()};
  if (request_.group.stats) ending.before = cgroup::read_pages_given();
  const pid_t self = ::getpid();
  const init::Held held = init::hold_signals();
  const pid_t child = ::fork();
  const int number = errno;
  if (child > 0)
    init::stand_by({.child = child, .words = STDERR_FILENO, .at_end = end, .with = &ending});
  init::let_signals_go(held);
  if (child < 0) {
    (void)cgroup::remove_group(group_.directories);  // nobody has been there
    return fail(refused("fork", "start the program", number));
  }
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != self) ::_exit(kBeforeTheProgram);
  stage_.is_stood_by = true;
  return start();
}

int Limited::go() {
  if (const Status chosen = choose(); !chosen) return fail(chosen.error());
  if (only_looks(request_) || (stage_.group.parts.empty() && !request_.group.stats)) return start();
  if (const Status made = make(); !made) {
    (void)cgroup::remove_group(group_.directories);  // nobody has been there
    return fail(made.error());
  }
  return stand_by();
}

}  // namespace

int run_limited(Request request, Session& session, Stage stage) {
  return Limited(std::move(request), session, std::move(stage)).go();
}

}  // namespace berth::cli
