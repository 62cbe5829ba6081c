// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/keeper_loop.h"

#include "base/file.h"
#include "base/text.h"
#include "launcher/node/message.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace berth::node {

namespace {

/// As launcher/cgroup calls the leaf.
constexpr std::string_view kMadeRoom = "/berth-others";

std::string step_of(const std::string& process) {
  const auto text = read_text_file("/proc/" + process + "/cgroup", 65536);
  return text ? step_part(*text) : "";
}

bool is_hung_up(int connection) {
  pollfd source{connection, POLLIN, 0};
  return ::poll(&source, 1, 0) == 1 && (source.revents & (POLLHUP | POLLERR)) != 0;
}

bool is_ready(const std::vector<pollfd>& polled, int fd) {
  return fd >= 0 && std::any_of(polled.begin(), polled.end(), [&](const pollfd& source) {
           return source.fd == fd && source.revents != 0;
         });
}

/// Whether there are descriptors enough to admit one more: its connection, its pidfd and a file.
bool has_room(int any) {
  std::array<UniqueFd, 3> spare;
  for (UniqueFd& fd : spare)
    fd.reset(::fcntl(any, F_DUPFD_CLOEXEC, 0));
  return spare.back().is_open();
}

}  // namespace

std::string step_part(const std::string& cgroups) {
  std::string part;
  for (std::string line : split(cgroups, '\n')) {
    line.resize(std::min(line.size(), line.find("/task_")));
    // Who came before a launch with limits had to make room for its group (version 2).
    if (line.ends_with(kMadeRoom)) line.resize(line.size() - kMadeRoom.size());
    part += line + "\n";
  }
  return part;
}

KeeperLoop::KeeperLoop(UniqueFd listener, UniqueFd leader, UniqueFd config, unsigned expected)
    : listener_(std::move(listener)),
      leader_(std::move(leader)),
      config_(std::move(config)),
      expected_(expected),
      step_(listener_.is_open() ? step_of("self") : "") {}

std::vector<int> KeeperLoop::descriptors() const {
  std::vector<int> all = {listener_.get(), leader_.get(), config_.get(), launcher_.get()};
  all.insert(all.end(), kept_.begin(), kept_.end());
  for (const UniqueFd& member : members_)
    all.push_back(member.get());
  return all;
}

void KeeperLoop::await_leader() const noexcept {
  pollfd source{leader_.get(), POLLIN, 0};
  while (::poll(&source, 1, -1) < 0 && errno == EINTR)
    continue;
}

bool KeeperLoop::is_needed() const {
  // Ranks that have not come yet still find the container if others were quicker; not for ever,
  // because one that died before it came would keep us here after its job.
  return !members_.empty() || (seen_ < expected_ && launcher_.is_open());
}

std::vector<pollfd> KeeperLoop::sources() const {
  std::vector<pollfd> sources;
  if (!namespaces_.empty() && listener_.is_open()) sources.push_back({listener_.get(), POLLIN, 0});
  for (const UniqueFd* fd : {&leader_, &launcher_})
    if (fd->is_open()) sources.push_back({fd->get(), POLLIN, 0});
  for (const UniqueFd& member : members_)
    sources.push_back({member.get(), POLLIN, 0});
  return sources;
}

/// What a leader cannot do from inside.
bool KeeperLoop::serve_leader(char word, int process) {
  return word == kNetwork ? network_.connect(process) : mapper_.map(process);
}

/// False when the leader has died before it announced a container.
bool KeeperLoop::hear_leader() {
  Message message = receive_message(leader_.get());
  const bool is_wish = message.word == kNetwork || message.word == kIds;
  if (is_wish && !message.descriptors.empty()) {
    const bool is_done = serve_leader(message.word, message.descriptors.front().get());
    // Who is gone does not mind.
    (void)send_message(leader_.get(), is_done ? message.word : kRefused, {});
    return true;
  }
  if (message.word != kDoors || message.descriptors.empty()) {
    leader_.reset();
    return !namespaces_.empty();
  }
  namespaces_ = std::move(message.descriptors);
  return true;
}

void KeeperLoop::admit(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != ::getuid()) return;  // a stranger learns nothing
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, peer.pid, 0)));
  const std::string step = step_of(std::to_string(peer.pid));
  // Asked last: while it is not hung up the peer lives, so the pid was still its own.
  if (!pidfd.is_open() || is_hung_up(connection)) return;
  if (step != step_) {
    (void)send_message(connection, kRefused, {});  // gone or told, both end here
    return;
  }
  std::vector<int> doors;
  for (const UniqueFd& one : namespaces_)
    doors.push_back(one.get());
  doors.push_back(config_.get());
  const int sent = send_message(connection, kDoors, doors);
  if (sent != 0) return;
  members_.push_back(std::move(pidfd));
  ++seen_;
}

void KeeperLoop::let_in() {
  // The name becomes free: those who wait, and those who come later, make another container.
  if (!has_room(listener_.get())) return listener_.reset();
  const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.is_open()) admit(connection.get());
}

void KeeperLoop::forget_gone(const std::vector<pollfd>& polled) {
  std::erase_if(members_, [&](const UniqueFd& member) { return is_ready(polled, member.get()); });
  if (is_ready(polled, launcher_.get())) launcher_.reset();
}

void KeeperLoop::run() {
  watch();
  network_.disconnect();
}

void KeeperLoop::watch() {
  while (is_needed()) {
    std::vector<pollfd> polled = sources();
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    // First, for what follows opens descriptors, which may get the numbers of those polled.
    forget_gone(polled);
    if (is_ready(polled, leader_.get()) && !hear_leader()) return;
    if (!namespaces_.empty() && is_ready(polled, listener_.get())) let_in();
  }
}

}  // namespace berth::node
