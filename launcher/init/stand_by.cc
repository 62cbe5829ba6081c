// SPDX-License-Identifier: Apache-2.0
#include "launcher/init/stand_by.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace berth::init {

namespace {

constexpr int kShells = 128;
constexpr int kHadItsTime = 124;  // timeout(1)

/// What became of a child, as siginfo_t has it; over a pipe, from a pid namespace to outside.
struct News {
  int code = 0;        ///< CLD_EXITED and its like
  int status = 0;      ///< an exit code, or a signal
  bool stays = false;  ///< who tells it will not end now
};

/// The terminal's driver has sent these to the whole process group, the child too.
bool has_reached_the_child(const signalfd_siginfo& signal) noexcept {
  if (signal.ssi_code != SI_KERNEL) return false;
  for (const int number : {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH})
    if (signal.ssi_signo == static_cast<unsigned>(number)) return true;
  return false;
}

/// Stops as the program has, unless that has been told to go on meanwhile: a stop would take
/// SIGCONT away, which still has to reach the program (signal(7)).
void stop_as(int number) noexcept {
  sigset_t pending;
  ::sigemptyset(&pending);
  (void)::sigpending(&pending);  // the set is valid
  if (::sigismember(&pending, SIGCONT) != 1) take_default(number);
}

[[noreturn]] void end_as(const News& ended) noexcept {
  if (ended.code == CLD_EXITED) ::_exit(ended.status);
  take_default(ended.status);
  ::_exit(kShells + ended.status);  // the first process of a pid namespace does not die of it
}

class Watch {
 public:
  explicit Watch(const Charge& charge) noexcept
      : child_(charge.child),
        news_(charge.news),
        tell_(charge.tell),
        stay_with_(charge.stay_with),
        words_(charge.words),
        time_(charge.time),
        at_end_(charge.at_end),
        with_(charge.with),
        leads_session_(charge.leads_session) {
    if (time_.seconds != 0) alarm_.set(time_.seconds);
    keep_only_own();
    sigset_t all;
    ::sigfillset(&all);
    signals_ = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  /// One round; never returns once all is over.
  void go_on() noexcept;

 private:
  void keep_only_own() noexcept;
  void read_news() noexcept;
  void take_signals() noexcept;
  void collect() noexcept;
  void be_told_of_end(News ended) noexcept;
  void mind_time() noexcept;
  void signal_all(int number) noexcept;
  void end_if_alone() noexcept;

  pid_t child_;  ///< -1 once it has ended
  int news_;
  int tell_;
  int stay_with_;
  int words_;
  TimeAllowed time_;
  void (*at_end_)(void* with, int words, int code, int status) noexcept;
  void* with_;
  bool leads_session_;
  Alarm alarm_ = {};
  enum class Phase : unsigned char { running, stopping, killing } phase_ = Phase::running;
  int signals_ = -1;
  News last_ = {};  ///< how the program ended, while the first process of its namespace goes
};

/// They get the numbers of the streams, so that one call closes all the rest.
void Watch::keep_only_own() noexcept {
  int* const own[] = {&news_, &tell_, &stay_with_, &words_};
  constexpr int kCount = 4;
  for (int* fd : own)
    if (*fd >= 0) *fd = ::fcntl(*fd, F_DUPFD_CLOEXEC, kCount);
  for (int i = 0; i < kCount; ++i) {
    if (*own[i] >= 0)
      *own[i] = ::dup3(*own[i], i, O_CLOEXEC);
    else
      ::close(i);
  }
  (void)::close_range(kCount, ~0U, 0);  // the range is valid
}

void Watch::read_news() noexcept {
  News got;
  while (news_ >= 0) {
    const ssize_t size = ::read(news_, &got, sizeof got);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;  // nothing more at the moment
    if (size != sizeof got) {
      // The program is the first process itself, or the teller has ended.
      ::close(news_);
      news_ = -1;
      return;
    }
    if (got.code == CLD_STOPPED)
      stop_as(got.status);
    else if (got.stays)
      end_as(got);
    else
      last_ = got;
  }
}

void Watch::be_told_of_end(News ended) noexcept {
  child_ = -1;
  read_news();  // it may be more exact: how the program ended, not the namespace
  if (last_.code != 0) ended = last_;
  if (phase_ != Phase::running)
    ended = {CLD_EXITED, phase_ == Phase::killing ? kShells + SIGKILL : kHadItsTime};
  ended.stays = stay_with_ >= 0;
  if (tell_ >= 0) (void)!::write(tell_, &ended, sizeof ended);  // or nobody wants to know any more
  if (ended.stays) return alarm_.stop();
  if (phase_ == Phase::running && at_end_ != nullptr)
    at_end_(with_, words_, ended.code, ended.status);
  if (phase_ == Phase::running) end_as(ended);
  last_ = ended;
  signal_all(phase_ == Phase::killing ? SIGKILL : time_.stop_signal);
}

/// The program, or those that it has left, of which an init that stays would see other ranks' too.
void Watch::signal_all(int number) noexcept {
  if (child_ > 0)
    (void)::kill(child_, number);
  else
    signal_children(number);
}

void Watch::mind_time() noexcept {
  constexpr std::uint64_t kToDie = 1;
  if (!alarm_.is_due()) return;
  if (phase_ == Phase::running) {
    phase_ = Phase::stopping;
    alarm_.set(time_.grace);
    signal_all(time_.stop_signal);
    signal_all(SIGCONT);
    return say(words_, time_.notice);
  }
  // Whoever does not die of it waits for a disk or a node that is gone: we do not.
  if (phase_ == Phase::killing && child_ < 0) end_as(last_);
  phase_ = Phase::killing;
  alarm_.set(kToDie);
  signal_all(SIGKILL);
}

/// Those that the program has left, once it has had its time.
void Watch::end_if_alone() noexcept {
  if (phase_ == Phase::running || child_ > 0 || stay_with_ >= 0) return;
  if (!has_children()) end_as(last_);
  if (phase_ == Phase::killing) signal_children(SIGKILL);  // whose parents were killed before
}

void Watch::collect() noexcept {
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) != 0 || info.si_pid == 0) return;
    if (info.si_pid != child_) continue;
    const News now{info.si_code, info.si_status};
    if (now.code != CLD_STOPPED) {
      be_told_of_end(now);
    } else if (tell_ >= 0) {
      (void)!::write(tell_, &now, sizeof now);  // only who waits outside can be stopped
    } else {
      stop_as(leads_session_ ? SIGSTOP : now.status);
    }
  }
}

void Watch::take_signals() noexcept {
  signalfd_siginfo signal{};
  while (::read(signals_, &signal, sizeof signal) == sizeof signal) {
    const int number = static_cast<int>(signal.ssi_signo);
    // A terminal has stopped the whole job.
    const bool is_for_all = leads_session_ && number == SIGCONT;
    if (number == SIGCHLD)
      collect();
    else if (child_ > 0 && !has_reached_the_child(signal))
      (void)::kill(is_for_all ? -child_ : child_, number);  // it may just have ended
  }
}

void Watch::go_on() noexcept {
  pollfd sources[] = {{signals_, POLLIN, 0}, {news_, POLLIN, 0}, {tell_, 0, 0}, {stay_with_, 0, 0}};
  const int wait = alarm_.milliseconds_left();
  if (::poll(sources, sizeof sources / sizeof sources[0], wait) < 0) return;
  mind_time();
  if (sources[1].revents != 0) read_news();
  if (sources[0].revents != 0) take_signals();
  end_if_alone();
  if (sources[2].revents != 0) {
    // Who waited outside was killed, and the program is all that he had.
    if (child_ > 0) (void)::kill(child_, SIGKILL);
    ::close(tell_);
    tell_ = -1;
  }
  if (sources[3].revents == 0) return;
  // The last member of the container has gone, and this namespace goes with us. But where the
  // keeper was killed, our program is still there, and we end with it.
  if (child_ < 0) ::_exit(0);
  ::close(stay_with_);
  stay_with_ = -1;
}

}  // namespace

void take_default(int number) noexcept {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  (void)::signal(number, SIG_DFL);  // SIGKILL and SIGSTOP need it not
  (void)::kill(::getpid(), number);
  (void)::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  (void)::pthread_sigmask(SIG_BLOCK, &one, nullptr);
}

Held hold_signals() noexcept {
  Held held;
  sigset_t all;
  ::sigfillset(&all);
  (void)::pthread_sigmask(SIG_BLOCK, &all, &held.mask);  // the set is valid
  held.ignores_children = ::signal(SIGCHLD, SIG_DFL) == SIG_IGN;
  return held;
}

void let_signals_go(const Held& held) noexcept {
  if (held.ignores_children) (void)::signal(SIGCHLD, SIG_IGN);  // it can be ignored
  (void)::pthread_sigmask(SIG_SETMASK, &held.mask, nullptr);
}

void stand_by(const Charge& charge) noexcept {
  (void)::prctl(PR_SET_NAME, "berth-init");
  // No second core dump, and no way to berth's own file through /proc/PID/exe from inside.
  (void)::prctl(PR_SET_DUMPABLE, 0);
  (void)::chdir("/");
  Watch watch(charge);
  while (true)
    watch.go_on();
}

}  // namespace berth::init
