// SPDX-License-Identifier: Apache-2.0
#include "tests/component/launcher_ranks.h"

#include "launcher/enter/linux_process.h"
#include "launcher/node/keeper.h"
#include "launcher/node/meet.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace berth::tests {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};
const std::string kConfig = R"({"config": {"Cmd": ["solver"]}})";

struct Report {
  pid_t pid = 0;
  Fate fate = Fate::failed;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void wait_for_end_of(int fd) {
  char byte = 0;
  while (::read(fd, &byte, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace

Step::Step(std::string name, unsigned expected, std::chrono::microseconds building)
    : name_(std::move(name)),
      expected_(expected),
      building_(building),
      reports_(make_pipe()),
      launcher_life_(make_pipe()),
      late_life_(make_pipe()) {
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Step::~Step() {
  end_late_ranks();
  end_launcher();
}

void Step::report(Fate fate) const {
  const Report report{::getpid(), fate};
  if (::write(reports_.write.get(), &report, sizeof report) != sizeof report) ::_exit(1);
}

void Step::be_rank(int until) {
  // Else an end that this process holds would keep the others alive.
  launcher_life_.write.reset();
  late_life_.write.reset();
  auto met = node::meet(name_);
  if (!met) {
    report(Fate::failed);
  } else if (auto* leader = std::get_if<node::Leader>(&*met)) {
    report(Fate::leads);
    std::this_thread::sleep_for(building_);
    auto keeper = node::start_keeper({std::move(leader->listener), kConfig, expected_}, -1);
    std::this_thread::sleep_for(building_);
    enter::LinuxProcess process(keeper ? keeper->get() : -1, {});
    report(process.share_container(CLONE_NEWUSER | CLONE_NEWNS).number == 0 ? Fate::shares
                                                                            : Fate::failed);
  } else {
    report(std::get_if<node::Joiner>(&*met)->config == kConfig ? Fate::joined : Fate::failed);
  }
  wait_for_end_of(until);
  ::_exit(0);
}

void Step::be_launcher(unsigned count) {
  launcher_life_.write.reset();
  late_life_.write.reset();
  Pipe gate = make_pipe();
  for (unsigned i = 0; i < count; ++i) {
    if (::fork() != 0) continue;
    gate.write.reset();
    wait_for_end_of(gate.read.get());
    be_rank(launcher_life_.read.get());
  }
  gate.write.reset();
  wait_for_end_of(launcher_life_.read.get());
  while (::wait(nullptr) > 0) {
  }
  ::_exit(0);
}

void Step::start(unsigned count) {
  if (::fork() == 0) be_launcher(count);
}

void Step::start_late_rank() {
  if (::fork() == 0) be_rank(late_life_.read.get());
}

std::pair<pid_t, Fate> Step::next() {
  pollfd source{reports_.read.get(), POLLIN, 0};
  Report report;
  if (::poll(&source, 1, std::chrono::milliseconds(kPatience).count()) == 1 &&
      ::read(source.fd, &report, sizeof report) != sizeof report)
    report = {};
  return {report.pid, report.fate};
}

std::map<pid_t, Fate> Step::gather(unsigned count) {
  std::map<pid_t, Fate> fates;
  unsigned there = 0;
  while (there < count) {
    const auto [pid, fate] = next();
    fates[pid] = fate;
    if (fate == Fate::failed) break;
    if (fate != Fate::leads) ++there;
  }
  return fates;
}

void Step::end_launcher() {
  launcher_life_.write.reset();
}

void Step::end_late_ranks() {
  late_life_.write.reset();
}

bool Step::is_all_gone() {
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    const pid_t gone = ::waitpid(-1, nullptr, WNOHANG);
    if (gone < 0 && errno == ECHILD) return true;
    if (gone == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

std::string new_name() {
  static unsigned count = 0;
  return "berth-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

bool is_free(const std::string& name) {
  auto met = node::meet(name);
  return met && std::get_if<node::Leader>(&*met) != nullptr;
}

}  // namespace berth::tests
