// SPDX-License-Identifier: Apache-2.0
// Ranks that meet, in real processes: one leads, the others join, and nobody stays.
#include "base/file.h"
#include "launcher/enter/linux_process.h"
#include "launcher/node/keeper.h"
#include "launcher/node/keeper_loop.h"
#include "launcher/node/meet.h"
#include "launcher/node/message.h"
#include "tests/component/launcher_child.h"
#include "tests/component/launcher_ranks.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace berth::node {
namespace {

using tests::Fate;
using tests::Step;

long count_of(const std::map<pid_t, Fate>& fates, Fate fate) {
  return std::count_if(
      fates.begin(), fates.end(), [&](const auto& entry) { return entry.second == fate; });
}

void sleep_for(std::chrono::microseconds time) {
  std::this_thread::sleep_for(time);
}

TEST(Ranks, ElectOneLeaderAndAllOthersAreLetIn) {
  const std::string name = tests::new_name();
  Step step(name, 32);
  step.start(32);
  const auto fates = step.gather(32);
  EXPECT_EQ(count_of(fates, Fate::shares), 1);
  EXPECT_EQ(count_of(fates, Fate::joined), 31);
  step.end_launcher();
  EXPECT_TRUE(Step::is_all_gone());
  EXPECT_TRUE(tests::is_free(name));
}

/// Kills the first leader `later` than it got the name; what the three others came to.
std::map<pid_t, Fate> fates_after_a_kill(Step& step, std::chrono::microseconds later) {
  const auto [leader, first] = step.next();
  EXPECT_EQ(first, Fate::leads);
  sleep_for(later);
  ::kill(leader, SIGKILL);
  std::map<pid_t, Fate> fates;
  unsigned there = 0;
  while (there < 3) {
    const auto [pid, fate] = step.next();
    if (pid == leader) continue;
    fates[pid] = fate;
    if (fate == Fate::failed) break;
    if (fate != Fate::leads) ++there;
  }
  return fates;
}

TEST(Ranks, TakeOverFromALeaderThatIsKilledAtAnyMoment) {
  std::mt19937 random(20);  // NOLINT(cert-msc51-cpp,cert-msc32-c): the same moments every time
  long takeovers = 0;
  for (int round = 0; round < 100; ++round) {
    Step step(tests::new_name(), 4, std::chrono::milliseconds(2));
    step.start(4);
    const auto fates = fates_after_a_kill(step, std::chrono::microseconds(random() % 8000));
    EXPECT_EQ(count_of(fates, Fate::failed), 0) << "round " << round;
    EXPECT_EQ(fates.size(), 3U) << "round " << round;
    const long leaders = count_of(fates, Fate::shares);
    EXPECT_LE(leaders, 1) << "round " << round;
    takeovers += leaders;
    step.end_launcher();
    ASSERT_TRUE(Step::is_all_gone()) << "round " << round;
  }
  // Else the kills came too late to show anything.
  EXPECT_GT(takeovers, 20);
}

TEST(Keeper, WaitsForRanksThatHaveNotComeYet) {
  const std::string name = tests::new_name();
  Step step(name, 3);
  step.start(1);
  EXPECT_EQ(count_of(step.gather(1), Fate::shares), 1);
  step.start_late_rank();
  EXPECT_EQ(count_of(step.gather(1), Fate::joined), 1);
  step.end_late_ranks();
  // Two came and one of them has gone: the third still finds the container.
  step.start_late_rank();
  EXPECT_EQ(count_of(step.gather(1), Fate::joined), 1);
  step.end_launcher();
  EXPECT_TRUE(Step::is_all_gone());
  EXPECT_TRUE(tests::is_free(name));
}

TEST(Keeper, DoesNotOutliveALauncherThatStartedFewer) {
  const std::string name = tests::new_name();
  Step step(name, 1000);
  step.start(2);
  EXPECT_EQ(step.gather(2).size(), 2U);
  step.end_launcher();
  EXPECT_TRUE(Step::is_all_gone());
  EXPECT_TRUE(tests::is_free(name));
}

/// Forks a launch that nobody can join; what it told `helpers` of its keeper.
pid_t start_alone(bool does_announce) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  Pipe helpers{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fork() == 0) {
    auto keeper = start_keeper({}, helpers.write.get());
    enter::LinuxProcess process(keeper ? keeper->get() : -1, {});
    ::_exit(!does_announce || process.share_container(CLONE_NEWUSER | CLONE_NEWNS).number == 0 ? 0
                                                                                               : 1);
  }
  helpers.write.reset();
  std::int32_t pid = -1;
  return ::read(helpers.read.get(), &pid, sizeof pid) == sizeof pid ? pid : -1;
}

TEST(Keeper, OfOneProcessIsAnnouncedAndGoesWithIt) {
  const Step adopts_what_is_left(tests::new_name(), 1);
  for (const bool does_announce : {true, false}) {
    const pid_t keeper = start_alone(does_announce);
    EXPECT_GT(keeper, 0);
    EXPECT_TRUE(Step::is_all_gone());
    EXPECT_EQ(::kill(keeper, 0), -1);
  }
}

/// What 40 ranks come to whose limit of descriptors is `limit`.
std::string fates_with_descriptors(rlimit limit) {
  Step step(tests::new_name(), 40);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return "no limit";
  step.start(40);
  const auto fates = step.gather(40);
  step.end_launcher();
  if (!Step::is_all_gone()) return "somebody stayed";
  if (count_of(fates, Fate::shares) + count_of(fates, Fate::joined) != 40) return "somebody failed";
  return count_of(fates, Fate::shares) == 1 ? "one container" : "several containers";
}

TEST(Keeper, HasRoomForMoreRanksThanTheSoftLimitOfDescriptors) {
  EXPECT_EQ(tests::in_child([] { return fates_with_descriptors({24, 200}); }), "one container");
}

TEST(Keeper, WithoutRoomForMoreRanksLeavesThemToAnother) {
  EXPECT_EQ(tests::in_child([] { return fates_with_descriptors({24, 24}); }), "several containers");
}

sockaddr_un address_of(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ::memcpy(address.sun_path + 1, name.data(), name.size());
  return address;
}

socklen_t length_of(const std::string& name) {
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

TEST(Keeper, IsNotStartedForALeaderItCannotFollow) {
  EXPECT_EQ(tests::in_child([] {
              const UniqueFd highest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
              // Two more for the socket between the two, none for the leader's pidfd.
              const rlim_t most = static_cast<rlim_t>(highest.get()) + 3;
              const rlimit few{most, most};
              if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return std::string("no limit");
              auto keeper = start_keeper({}, -1);
              return keeper ? std::string("started") : to_text(keeper.error());
            }),
            "berth: cannot start the container's keeper: pidfd_open: "
            "Too many open files (EMFILE)");
}

/// A connection to whoever holds the name.
UniqueFd connect_to(const std::string& name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(name);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd.get(), where, length_of(name)) != 0) fd.reset();
  return fd;
}

UniqueFd hold(const std::string& name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(name);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(fd.get(), where, length_of(name)) != 0) fd.reset();
  return fd;
}

std::string meeting_at(const std::string& name) {
  auto met = meet(name);
  return met ? "met" : to_text(met.error());
}

TEST(Meeting, IsGivenUpWhereTheHolderOfTheNameDoesNotAnswer) {
  const std::string expected =
      "berth: cannot join the container of this step: "
      "a process that does not answer holds its name\n"
      "berth: hint: give each process a container of its own: --share=none";
  const std::string silent = tests::new_name();
  const UniqueFd never_listens = hold(silent);
  const std::string full = tests::new_name();
  const UniqueFd never_accepts = hold(full);
  ASSERT_EQ(::listen(never_accepts.get(), 0), 0);
  const UniqueFd fills_the_backlog = connect_to(full);
  ASSERT_TRUE(fills_the_backlog.is_open());
  std::string at_full;
  std::thread another([&] { at_full = meeting_at(full); });
  EXPECT_EQ(meeting_at(silent), expected);
  another.join();
  EXPECT_EQ(at_full, expected);
}

class Strangers : public testing::Test {
 protected:
  Strangers() : name_(tests::new_name()), step_(name_, 2) {}

  void SetUp() override {
    if (::getuid() != 0) BERTH_SKIP_OR_FAIL("only root can be two users");
    step_.start(1);
    ASSERT_EQ(count_of(step_.gather(1), Fate::shares), 1);
  }

  void TearDown() override {
    step_.end_launcher();
    EXPECT_TRUE(Step::is_all_gone());
  }

  std::string name_;
  Step step_;
};

TEST_F(Strangers, LearnNothingFromAKeeper_as_root) {
  EXPECT_EQ(tests::in_child([&]() -> std::string {
              const UniqueFd connection = connect_to(name_);
              if (!connection.is_open()) return "no connection";
              const Message message = receive_message(connection.get());
              return message.word == 0 && message.descriptors.empty() ? "nothing" : "something";
            }),
            "nothing");
  // And the keeper still serves its own.
  step_.start_late_rank();
  EXPECT_EQ(count_of(step_.gather(1), Fate::joined), 1);
  step_.end_late_ranks();
}

TEST_F(Strangers, CannotBecomeTheKeeperOfAnother_as_root) {
  EXPECT_EQ(tests::in_child([&] {
              auto met = meet(name_);
              return met ? "met" : to_text(met.error());
            }),
            "berth: cannot join the container of this step: user 0 holds its name\n"
            "berth: hint: give each process a container of its own: --share=none");
}

/// Where the cgroup2 hierarchy is mounted; empty when it is not.
std::string find_cgroup2() {
  const auto mounts = read_text_file("/proc/self/mounts", 1 << 20);
  if (!mounts) return {};
  const std::size_t end = mounts->find(" cgroup2 ");
  if (end == std::string::npos) return {};
  const std::size_t begin = mounts->rfind(' ', end - 1) + 1;
  return mounts->substr(begin, end - begin);
}

bool write_text(const std::string& path, const std::string& text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.is_open() && write_fully(fd.get(), text.data(), text.size()) == 0;
}

TEST_F(Strangers, OfTheSameUserAreToldThatTheyAreOfAnotherStep_as_root) {
  const std::string mount = find_cgroup2();
  const std::string group = mount + "/" + name_;
  if (mount.empty() || ::mkdir(group.c_str(), 0755) != 0) BERTH_SKIP_OR_FAIL("no cgroup2 here");
  const pid_t child = ::fork();
  if (child == 0) {
    if (!write_text(group + "/cgroup.procs", "0")) ::_exit(3);
    auto met = meet(name_);
    const bool is_refused =
        !met && to_text(met.error()) ==
                    "berth: cannot join the container of this step: "
                    "this process is not of the same step\n"
                    "berth: hint: give each process a container of its own: --share=none";
    ::_exit(is_refused ? 0 : 4);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(::rmdir(group.c_str()), 0);
}

std::string namespaces_of_this_process() {
  return read_outlook();
}

TEST(Doors, LeadIntoTheLeadersNamespaces) {
  if (const std::string why = tests::why_no_namespaces(); !why.empty()) BERTH_SKIP_OR_FAIL(why);
  EXPECT_EQ(tests::in_child([]() -> std::string {
              int ends[2];
              if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return "socket";
              const std::string outside = namespaces_of_this_process();
              const pid_t leader = ::fork();
              if (leader == 0) {
                enter::LinuxProcess process(ends[1], {});
                if (process.enter_namespaces(CLONE_NEWUSER | CLONE_NEWNS).number != 0) ::_exit(1);
                const std::string inside = namespaces_of_this_process();
                if (process.share_container(CLONE_NEWUSER | CLONE_NEWNS).number != 0) ::_exit(2);
                (void)!::write(ends[1], inside.data(), inside.size());
                ::_exit(0);
              }
              const Message doors = receive_message(ends[0]);
              if (doors.word != kDoors || doors.descriptors.size() != 2) return "no doors";
              std::array<char, 200> inside;
              const ssize_t length = ::read(ends[0], inside.data(), inside.size());
              ::waitpid(leader, nullptr, 0);
              const int both[] = {doors.descriptors[0].get(), doors.descriptors[1].get()};
              enter::LinuxProcess process(-1, both);
              if (process.join_container(CLONE_NEWUSER | CLONE_NEWNS).number != 0)
                return "not joined";
              const std::string here = namespaces_of_this_process();
              if (here == outside) return "still outside";
              return here == std::string(inside.data(), static_cast<std::size_t>(length))
                         ? "inside"
                         : "elsewhere";
            }),
            "inside");
}

constexpr int kStayed = 40;
constexpr int kLeftEarly = 41;

/// A keeper's loop in a process whose free descriptors are chosen such that a member's pidfd gets
/// the number that the leader's socket had a moment before.
std::string keep_with_reused_numbers(const std::string& name) {
  auto met = meet(name);
  int ends[2];
  if (!met || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return "no sockets";
  const UniqueFd announce(::fcntl(ends[0], F_DUPFD_CLOEXEC, 60));
  UniqueFd listener(::fcntl(std::get_if<Leader>(&*met)->listener.get(), F_DUPFD_CLOEXEC, 50));
  UniqueFd config(::fcntl(::memfd_create("config", MFD_CLOEXEC), F_DUPFD_CLOEXEC, 50));
  UniqueFd leader(::fcntl(ends[1], F_DUPFD_CLOEXEC, 50));
  const pid_t led = ::fork();
  if (led == 0) {
    ::pause();
    ::_exit(0);
  }
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, led, 0)));
  UniqueFd followed(::fcntl(pidfd.get(), F_DUPFD_CLOEXEC, 50));
  const pid_t member = ::fork();
  if (member == 0) {
    const UniqueFd connection = connect_to(name);
    (void)receive_message(connection.get());
    ::kill(led, SIGKILL);
    sleep_for(std::chrono::milliseconds(200));
    ::_exit(0);
  }
  pollfd waiting{listener.get(), POLLIN, 0};
  if (::poll(&waiting, 1, 10000) != 1) return "nobody came";
  if (send_message(announce.get(), kDoors, std::vector{50, 50}) != 0) return "not announced";
  // 0 and 1 stay; 2 and 3 are for the doors, 4 for the connection, and 5 was the leader's.
  ::close_range(2, 49, 0);
  if (::dup3(leader.get(), 5, O_CLOEXEC) != 5) return "no descriptor 5";
  leader.reset();
  ::shutdown(announce.get(), SHUT_RDWR);
  KeeperLoop loop(std::move(listener), UniqueFd(5), std::move(config), 2);
  loop.follow_leader(std::move(followed));
  loop.run();
  // The answer's pipe went with the other descriptors.
  const bool is_member_there = ::waitpid(member, nullptr, WNOHANG) == 0;
  ::_exit(is_member_there ? kLeftEarly : kStayed);
}

TEST(Keeper, DoesNotTakeAMemberForTheLeadersClosedSocket) {
  const std::string name = tests::new_name();
  EXPECT_EQ(tests::in_child([&] { return keep_with_reused_numbers(name); }),
            "exit " + std::to_string(kStayed));
}

}  // namespace
}  // namespace berth::node
