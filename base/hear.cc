// SPDX-License-Identifier: Apache-2.0
#include "base/hear.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace berth {

Heard hear(int socket, std::span<char> bytes) {
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return {};
  Heard heard{static_cast<std::size_t>(got)};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return heard;
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
  heard.sender = sender.pid;
  return heard;
}

}  // namespace berth
