// SPDX-License-Identifier: Apache-2.0
#include "launcher/node/meet.h"

#include "base/text.h"
#include "launcher/node/message.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>

namespace berth::node {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kGoal = "join the container of this step";
constexpr const char* kAlone = "give each process a container of its own: --share=none";
constexpr int kBacklog =
    4096;  // the ranks of a large node; net.core.somaxconn has the same default
/// A leader listens microseconds after it has the name, and then has room for all ranks. One that
/// does not is somebody who wants us to wait for ever.
constexpr std::chrono::seconds kPatience{5};

struct Address {
  sockaddr_un text{};
  socklen_t length = 0;
};

Address address_of(const std::string& name) {
  Address address;
  address.text.sun_family = AF_UNIX;
  // A leading NUL makes the name abstract; name_of() is far shorter than the field.
  ::memcpy(address.text.sun_path + 1, name.data(), name.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

Result<UniqueFd> make_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return refused("socket", kGoal, errno);
  const timeval patience{kPatience.count(), 0};
  // It holds for connect(2) too; the kernel refuses only what is no time.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

Error deaf() {
  return Error{Blame::host,
               std::string(kGoal) + ": a process that does not answer holds its name",
               {},
               kAlone};
}

/// Another user may have taken the name to keep us out; he must not become our keeper.
Status check_owner(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return refused("getsockopt", kGoal, errno);
  if (peer.uid == ::getuid()) return Done{};
  return Error{Blame::host,
               std::string(kGoal) + ": user " + std::to_string(peer.uid) + " holds its name",
               {},
               kAlone};
}

Result<std::string> read_config(int fd) {
  struct stat info {};

  if (::fstat(fd, &info) != 0) return refused("fstat", kGoal, errno);
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  if (::pread(fd, text.data(), text.size(), 0) != info.st_size)
    return Error{Blame::internal, std::string(kGoal) + ": its configuration is cut short"};
  return text;
}

/// Empty when the leader died: try again.
Result<std::optional<Joiner>> wait_for_doors(int connection) {
  Message message = receive_message(connection);
  if (message.word == kRefused)
    return Error{
        Blame::host, std::string(kGoal) + ": this process is not of the same step", {}, kAlone};
  if (message.word != kDoors || message.descriptors.size() < 3) return std::optional<Joiner>();
  auto config = read_config(message.descriptors.back().get());
  if (!config) return std::move(config.error());
  message.descriptors.pop_back();
  return std::optional<Joiner>(Joiner{std::move(message.descriptors), std::move(*config)});
}

/// `heard`: when somebody last listened at the address.
Result<std::optional<Joiner>> try_to_join(const Address& address, Clock::time_point& heard) {
  auto fd = make_socket();
  if (!fd) return std::move(fd.error());
  const auto* where = reinterpret_cast<const sockaddr*>(&address.text);
  if (::connect(fd->get(), where, address.length) != 0) {
    // Between the leader's bind and its listen, or just after a keeper has gone.
    if ((errno == ECONNREFUSED && Clock::now() - heard < kPatience) || errno == EINTR) {
      (void)::sched_yield();  // cannot fail
      return std::optional<Joiner>();
    }
    if (errno == ECONNREFUSED || errno == EAGAIN) return deaf();
    return refused("connect", kGoal, errno);
  }
  BERTH_TRY(check_owner(fd->get()));
  auto joiner = wait_for_doors(fd->get());
  heard = Clock::now();
  return joiner;
}

/// Empty when somebody else has the name.
Result<std::optional<Leader>> try_to_lead(const Address& address) {
  auto fd = make_socket();
  if (!fd) return std::move(fd.error());
  const auto* where = reinterpret_cast<const sockaddr*>(&address.text);
  if (::bind(fd->get(), where, address.length) != 0) {
    if (errno == EADDRINUSE) return std::optional<Leader>();
    return refused("bind", kGoal, errno);
  }
  if (::listen(fd->get(), kBacklog) != 0) return refused("listen", kGoal, errno);
  return std::optional<Leader>(Leader{std::move(*fd)});
}

}  // namespace

std::string name_of(const MeetingPlace& place) {
  std::string all = std::to_string(place.uid);
  for (const std::string* part : {&place.step, &place.image, &place.shape, &place.outlook})
    all.append("\n").append(std::to_string(part->size())).append(" ").append(*part);
  std::array<char, 64> text;
  // Two fingerprints with different beginnings: 128 bits, so that steps do not meet by accident.
  const int length = std::snprintf(text.data(),
                                   text.size(),
                                   "berth-%016llx%016llx",
                                   fingerprint(all),
                                   fingerprint(all, 0x9ae16a3b2f90404fULL));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

std::string read_outlook() {
  std::string outlook;
  for (const char* path : {"/proc/self/ns/user", "/proc/self/ns/mnt", "/proc/self/ns/pid"}) {
    std::array<char, 64> text{};
    const ssize_t length = ::readlink(path, text.data(), text.size());
    if (length > 0) outlook.append(text.data(), static_cast<std::size_t>(length));
  }
  return outlook;
}

Result<std::variant<Leader, Joiner>> meet(const std::string& name) {
  const Address address = address_of(name);
  Clock::time_point heard = Clock::now();
  while (true) {
    auto leader = try_to_lead(address);
    if (!leader) return std::move(leader.error());
    if (*leader) return std::variant<Leader, Joiner>(std::move(**leader));
    auto joiner = try_to_join(address, heard);
    if (!joiner) return std::move(joiner.error());
    if (*joiner) return std::variant<Leader, Joiner>(std::move(**joiner));
  }
}

}  // namespace berth::node
