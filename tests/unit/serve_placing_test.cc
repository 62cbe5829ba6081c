// SPDX-License-Identifier: Apache-2.0
// Where the kernel says that a process may run after it was placed.
#include "image/serve/placing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

using berth::serve::place_server;
using berth::serve::read_cpus;

/// A child that waits to be killed.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    while (pid_ == 0)
      ::pause();
  }

  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  Sleeper(Sleeper&&) = delete;
  Sleeper& operator=(Sleeper&&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  [[nodiscard]] cpu_set_t cpus() const {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    EXPECT_EQ(0, ::sched_getaffinity(pid_, sizeof cpus, &cpus));
    return cpus;
  }

 private:
  pid_t pid_;
};

unsigned first_of(const cpu_set_t& cpus) {
  unsigned cpu = 0;
  while (!CPU_ISSET(cpu, &cpus))
    ++cpu;
  return cpu;
}

TEST(Placing, KeepsAServerOffTheLaunchersProcessor) {
  const cpu_set_t all = read_cpus();
  ASSERT_GE(CPU_COUNT(&all), 2) << "this test needs two processors";
  const unsigned launchers = first_of(all);
  const Sleeper server;
  place_server(server.pid(), static_cast<int>(launchers), all);
  cpu_set_t wanted = all;
  CPU_CLR(launchers, &wanted);
  const cpu_set_t seen = server.cpus();
  EXPECT_TRUE(CPU_EQUAL(&wanted, &seen));
}

TEST(Placing, LeavesAServerWhereThereIsNoOtherProcessor) {
  const cpu_set_t all = read_cpus();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first_of(all), &one);
  const Sleeper server;
  place_server(server.pid(), static_cast<int>(first_of(all)), one);
  const cpu_set_t seen = server.cpus();
  EXPECT_TRUE(CPU_EQUAL(&all, &seen));
}

TEST(Placing, LeavesAServerWhereTheLaunchersProcessorIsUnknown) {
  const cpu_set_t all = read_cpus();
  const Sleeper server;
  for (const int unknown : {-1, CPU_SETSIZE}) {
    place_server(server.pid(), unknown, all);
    const cpu_set_t seen = server.cpus();
    EXPECT_TRUE(CPU_EQUAL(&all, &seen));
  }
}

}  // namespace
