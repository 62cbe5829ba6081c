// SPDX-License-Identifier: Apache-2.0
#include "image/store/turn.h"

#include "base/text.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <ctime>

namespace berth::store {

namespace {

constexpr int kPause = 100;  // ms between two looks at `stop`
constexpr int kBacklog = 4096;

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;
};

/// An abstract name (unix(7)) made of the folder's identity, whatever its path is here, and the
/// file's name.
Result<Address> address_for(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = path.substr(0, slash);

  struct stat info {};

  if (::stat(folder.c_str(), &info) != 0)
    return refused("stat", "find the folder " + quote(folder), errno);
  Address address;
  address.name.sun_family = AF_UNIX;
  std::array<char, 100> text{};
  const int size = std::snprintf(text.data(),
                                 text.size(),
                                 "berth-import/%u/%llx/%llx/%llx",
                                 ::getuid(),
                                 static_cast<unsigned long long>(info.st_dev),
                                 static_cast<unsigned long long>(info.st_ino),
                                 fingerprint(path.substr(slash + 1)));
  std::copy_n(text.begin(), size, &address.name.sun_path[1]);  // fits: 80 characters at most
  address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1U + static_cast<unsigned>(size));
  return address;
}

const sockaddr* pointer_to(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.name);
}

void pause_for(int milliseconds) {
  const timespec time{0, milliseconds * 1'000'000L};
  (void)::nanosleep(&time, nullptr);  // shorter is fine
}

enum class Holder { gone, busy, stranger };

/// Waits while the one that listens lives. `wait` learns who it is.
Result<Holder> wait_for_holder(const Address& address,
                               const std::atomic<int>& stop,
                               const std::function<void(pid_t)>& wait,
                               pid_t& holder) {
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return refused("socket", "wait for another import", errno);
  if (::connect(fd.get(), pointer_to(address), address.size) != 0)
    return errno == ECONNREFUSED ? Holder::gone : Holder::busy;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::getuid())
    return Holder::stranger;
  if (holder < 0) wait(peer.pid);
  holder = peer.pid;
  pollfd waited{fd.get(), POLLIN, 0};
  while (stop.load(std::memory_order_relaxed) == 0) {
    // Nothing is ever sent: what ends this is the end of the other one.
    if (::poll(&waited, 1, kPause) > 0) return Holder::gone;
  }
  return Error{Blame::host, "go on: interrupted"};
}

}  // namespace

Result<Turn> Turn::take(const std::string& path,
                        const std::atomic<int>& stop,
                        const std::function<void(pid_t)>& wait) {
  const auto address = address_for(path);
  if (!address) return address.error();
  Turn turn;
  while (true) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) return refused("socket", "take turns with other imports", errno);
    if (::bind(fd.get(), pointer_to(*address), address->size) == 0 &&
        ::listen(fd.get(), kBacklog) == 0) {
      turn.socket_ = std::move(fd);
      return turn;
    }
    if (errno != EADDRINUSE) return refused("bind", "take turns with other imports", errno);
    const auto holder = wait_for_holder(*address, stop, wait, turn.predecessor_);
    if (!holder) return holder.error();
    // Another user has our name: he cannot be waited for, and without a turn all that is lost is
    // that work may be done twice.
    if (*holder == Holder::stranger) return turn;
    if (stop.load(std::memory_order_relaxed) != 0) return Error{Blame::host, "go on: interrupted"};
    pause_for(*holder == Holder::busy ? kPause : 1);  // bound and not listening yet, or just gone
  }
}

}  // namespace berth::store
