// SPDX-License-Identifier: Apache-2.0
// An init between its caller and a program: what either of them sees of the other is what they
// would see without it.
#include "base/fd.h"
#include "launcher/enter/linux_process.h"
#include "tests/component/launcher_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace berth::enter {
namespace {

/// A process that has become an init, and the program that it stands by.
class UnderInit {
 public:
  /// `program` runs behind the init; what it tells can be heard.
  explicit UnderInit(const std::function<void(int tell)>& program, TimeLimit time = {}) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    hears_ = UniqueFd(ends[0]);
    UniqueFd tells(ends[1]);
    init_ = ::fork();
    if (init_ != 0) return;
    LinuxProcess process(-1, {});
    if (process.start_init({false, std::move(time)}).number != 0) ::_exit(99);
    program(tells.get());
    ::_exit(98);
  }

  UnderInit(const UnderInit&) = delete;
  UnderInit& operator=(const UnderInit&) = delete;
  UnderInit(UnderInit&&) = delete;
  UnderInit& operator=(UnderInit&&) = delete;

  ~UnderInit() {
    if (init_ < 0) return;
    ::kill(init_, SIGKILL);
    (void)ending();
  }

  /// The init's, as a shell would be told.
  std::string ending() {
    const int status = next(0);
    init_ = -1;
    if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
    return "exit " + std::to_string(WEXITSTATUS(status));
  }

  [[nodiscard]] int next(int options) const {
    int status = 0;
    while (::waitpid(init_, &status, options) < 0 && errno == EINTR) {
    }
    return status;
  }

  /// The next byte that the program tells; 0 when nobody is left who could.
  [[nodiscard]] int heard() const {
    unsigned char byte = 0;
    return ::read(hears_.get(), &byte, 1) == 1 ? byte : 0;
  }

  [[nodiscard]] pid_t init() const { return init_; }

 private:
  UniqueFd hears_;
  pid_t init_ = -1;
};

void tell(int to, int byte) {
  const auto told = static_cast<unsigned char>(byte);
  (void)!::write(to, &told, 1);  // the test hears that nothing came
}

TEST(Init, ExitsWithTheProgramsCode) {
  for (int code = 0; code < 256; ++code) {
    UnderInit under([&](int) { ::_exit(code); });
    EXPECT_EQ(under.ending(), "exit " + std::to_string(code));
  }
}

TEST(Init, DiesOfTheSignalThatTheProgramDiedOf) {
  for (const int number : {SIGHUP, SIGINT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGXCPU}) {
    UnderInit under([&](int) {
      (void)::signal(number, SIG_DFL);
      ::kill(::getpid(), number);
    });
    EXPECT_EQ(under.ending(), "signal " + std::to_string(number));
  }
}

TEST(Init, ForwardsEverySignal) {
  for (int number = 1; number <= SIGRTMAX; ++number) {
    // Two cannot be caught, one speaks of children, and two are the C library's own.
    if (number == SIGKILL || number == SIGSTOP || number == SIGCHLD) continue;
    if (number >= __SIGRTMIN && number < SIGRTMIN) continue;
    UnderInit under([&](int to) {
      sigset_t all;
      ::sigfillset(&all);
      (void)::pthread_sigmask(SIG_BLOCK, &all, nullptr);
      tell(to, 255);
      int got = 0;
      if (::sigwait(&all, &got) == 0) ::_exit(got);
    });
    ASSERT_EQ(under.heard(), 255);
    ::kill(under.init(), number);
    EXPECT_EQ(under.ending(), "exit " + std::to_string(number));
  }
}

TEST(Init, ReapsWhoeverHasLostHisParent) {
  UnderInit under([&](int to) {
    if (::fork() == 0) {
      const pid_t orphan = ::fork();
      if (orphan == 0) ::pause();
      tell(to, 1);
      (void)!::write(to, &orphan, sizeof orphan);
      ::_exit(0);
    }
    ::pause();
  });
  ASSERT_EQ(under.heard(), 1);
  pid_t orphan = 0;
  for (unsigned i = 0; i < sizeof orphan; ++i)
    orphan |= under.heard() << (8 * i);
  ASSERT_GT(orphan, 0);
  EXPECT_EQ(::kill(orphan, SIGKILL), 0);
  // A zombie could still be sent signals.
  bool is_gone = false;
  for (int i = 0; i < 1000 && !is_gone; ++i) {
    is_gone = ::kill(orphan, 0) != 0;
    ::usleep(2000);
  }
  EXPECT_TRUE(is_gone);
}

TEST(Init, StopsWhenTheProgramStopsAndLetsItGoOn) {
  UnderInit under([&](int to) {
    ::kill(::getpid(), SIGSTOP);
    tell(to, 7);
    ::_exit(5);
  });
  const int status = under.next(WUNTRACED);
  ASSERT_TRUE(WIFSTOPPED(status));
  EXPECT_EQ(WSTOPSIG(status), SIGSTOP);
  ::kill(under.init(), SIGCONT);
  EXPECT_EQ(under.heard(), 7);
  EXPECT_EQ(under.ending(), "exit 5");
}

TEST(Init, TakesTheProgramWithItWhenItIsKilled) {
  UnderInit under([&](int to) {
    tell(to, 1);
    ::pause();
  });
  ASSERT_EQ(under.heard(), 1);
  ::kill(under.init(), SIGKILL);
  EXPECT_EQ(under.heard(), 0);  // nobody has the other end any more
}

TEST(Init, GivesTheProgramItsTimeAndNoMore) {
  UnderInit in_time([](int) { ::_exit(7); }, {60, 60, SIGTERM, ""});
  EXPECT_EQ(in_time.ending(), "exit 7");
  UnderInit too_long([](int) { ::pause(); }, {1, 60, SIGUSR1, ""});
  EXPECT_EQ(too_long.ending(), "exit 124");
  const auto be_deaf = [](int) {
    (void)::signal(SIGTERM, SIG_IGN);
    while (true)
      ::pause();
  };
  UnderInit deaf(be_deaf, {1, 0, SIGTERM, ""});
  EXPECT_EQ(deaf.ending(), "exit 137");
}

TEST(Init, StopsWhatTheProgramHasLeftWhenItHadItsTime) {
  UnderInit under(
      [](int to) {
        for (const bool is_deaf : {false, true}) {
          if (::fork() != 0) continue;
          ::setsid();
          if (is_deaf) (void)::signal(SIGTERM, SIG_IGN);
          // Its child has to be found a second time.
          if (is_deaf && ::fork() != 0) ::pause();
          tell(to, 1);
          while (true)
            ::pause();
        }
        ::close(to);
        ::pause();
      },
      {1, 1, SIGTERM, ""});
  EXPECT_EQ(under.heard(), 1);
  EXPECT_EQ(under.heard(), 1);
  EXPECT_EQ(under.ending(), "exit 124");
  EXPECT_EQ(under.heard(), 0);  // nobody has the other end any more
}

TEST(Init, HoldsNothingThatTheProgramHas) {
  UnderInit under([&](int to) {
    tell(to, 1);
    ::close(to);
    ::pause();
  });
  ASSERT_EQ(under.heard(), 1);
  EXPECT_EQ(under.heard(), 0);
}

TEST(Init, LeavesTheProgramItsSignalsAsTheyWere) {
  EXPECT_EQ(tests::in_child([] {
              (void)::signal(SIGCHLD, SIG_IGN);
              (void)::signal(SIGUSR1, SIG_IGN);
              sigset_t one;
              ::sigemptyset(&one);
              ::sigaddset(&one, SIGUSR2);
              (void)::pthread_sigmask(SIG_SETMASK, &one, nullptr);
              LinuxProcess process(-1, {});
              if (process.start_init({}).number != 0) return std::string("no init");
              sigset_t now;
              (void)::pthread_sigmask(SIG_SETMASK, nullptr, &now);
              std::string text;
              for (int number = 1; number < 32; ++number)
                if (::sigismember(&now, number) == 1) text += std::to_string(number) + " ";
              text += ::signal(SIGCHLD, SIG_DFL) == SIG_IGN ? "ignored " : "default ";
              text += ::signal(SIGUSR1, SIG_DFL) == SIG_IGN ? "ignored" : "default";
              return text;
            }),
            std::to_string(SIGUSR2) + " ignored ignored");
}

}  // namespace
}  // namespace berth::enter
