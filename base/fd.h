// SPDX-License-Identifier: Apache-2.0
// Owners for things the kernel counts. Each can be empty, can be moved, cannot be
// copied, and gives its resource back when it goes out of scope.
#pragma once

#include <unistd.h>

#include <utility>

namespace berth {

class UniqueFd {
 public:
  UniqueFd() = default;

  explicit UniqueFd(int fd) noexcept : fd_(fd) {}

  UniqueFd(UniqueFd&& from) noexcept : fd_(from.release()) {}

  UniqueFd& operator=(UniqueFd&& from) noexcept {
    if (this != &from) reset(from.release());
    return *this;
  }

  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  void reset(int fd = -1) noexcept {
    if (is_open()) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// Two ends that belong together: a pipe's, or a socket pair's.
struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

}  // namespace berth
