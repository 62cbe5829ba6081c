// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/keeper.h"

#include "base/apart.h"
#include "base/file.h"
#include "base/numbers.h"
#include "base/text.h"
#include "launcher/node/announce.h"
#include "launcher/node/message.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::node {

namespace {

constexpr const char* kGoal = "start the container's keeper";

UniqueFd watch(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // close-on-exec by itself
}

Result<UniqueFd> config_file(const std::string& config) {
  UniqueFd fd(::memfd_create("berth-config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.is_open()) return refused("memfd_create", kGoal, errno);
  if (const int number = write_fully(fd.get(), config.data(), config.size()); number != 0)
    return refused("write", kGoal, number);
  // Every rank gets this descriptor: none may change what the next one reads.
  const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return refused("fcntl", kGoal, errno);
  return fd;
}

/// The first rank's binding is not the keeper's: run wherever the step may.
void widen_affinity(pid_t launcher) {
  const auto cpus = affinity_of(launcher);
  if (!cpus) return;
  const auto& words = cpus->words();
  // Best effort: only speed is at stake.
  (void)::syscall(SYS_sched_setaffinity, 0, words.size() * sizeof(unsigned long), words.data());
}

/// It has a descriptor for each rank; the soft limit is meant for programs that use select(2).
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // up to the hard limit anybody may
}

}  // namespace

Keeper::Keeper(UniqueFd socket, KeeperLoop loop, pid_t launcher, int helpers)
    : socket_(std::move(socket)),
      loop_(std::move(loop)),
      launcher_(launcher),
      helpers_(helpers) {}

Result<std::unique_ptr<Keeper>> Keeper::prepare(Door door, int helpers) {
  UniqueFd config;
  if (door.listener.is_open()) {
    auto file = config_file(door.config);
    if (!file) return std::move(file.error());
    config = std::move(*file);
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return refused("socketpair", kGoal, errno);
  UniqueFd ours(ends[0]);
  UniqueFd keepers(ends[1]);
  UniqueFd leader = watch(::getpid());
  // A leader that cannot be followed would never be seen to go.
  if (!leader.is_open()) return refused("pidfd_open", kGoal, errno);
  const pid_t launcher = door.launcher != 0 ? door.launcher : ::getppid();
  KeeperLoop loop(std::move(door.listener), std::move(keepers), std::move(config), door.expected);
  loop.keep_open(door.kept);
  loop.keep_open(door.life);
  loop.connect_with(Network(std::move(door.network)));
  loop.map_with(IdMapper(std::move(door.ids)));
  loop.follow_leader(std::move(leader));
  loop.follow_launcher(watch(launcher));
  return std::unique_ptr<Keeper>(new Keeper(std::move(ours), std::move(loop), launcher, helpers));
}

void Keeper::live() noexcept {
  socket_.reset();  // or its end would never be seen from the other one
  loop_.await_leader();
  live_apart("berth-keeper", loop_.descriptors());
  allow_many_descriptors();
  widen_affinity(launcher_);
  loop_.run();
  ::_exit(0);
}

void Keeper::note(pid_t pid) noexcept {
  announce_helper(helpers_, pid);
}

Status Keeper::start_alone() {
  const std::array<Orphan*, 1> alone{this};
  const int number = start_orphans(alone);
  return number == 0 ? Status(Done{}) : refused("fork", kGoal, number);
}

Result<UniqueFd> start_keeper(Door door, int helpers) {
  auto keeper = Keeper::prepare(std::move(door), helpers);
  if (!keeper) return std::move(keeper.error());
  BERTH_TRY((*keeper)->start_alone());
  return (*keeper)->take_socket();
}

}  // namespace berth::node
