// SPDX-License-Identifier: Apache-2.0
#include "image/serve/damage_log.h"

#include "base/text.h"
#include "image/integrity/hash_tree.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace berth::serve {

DamageLog::DamageLog(const char* path, std::string image_name)
    : image_name_(std::move(image_name)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::copy_n(path, length, address.sun_path);  // the rest is zero
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    socket_ = std::move(socket);
}

void DamageLog::tell(std::uint64_t block) const noexcept {
  if (!socket_.is_open()) return;
  const std::string line = "<" + std::to_string(LOG_USER | LOG_ERR) + ">berth-serve[" +
                           std::to_string(::getpid()) + "]: image " + quote(image_name_) +
                           ": block " + std::to_string(block) + " at byte " +
                           std::to_string(block * integrity::kBlockBytes) + " is damaged";
  // Who reads the log may be slow or gone; the read fails all the same.
  if (::write(socket_.get(), line.data(), line.size()) < 0) return;
}

}  // namespace berth::serve
