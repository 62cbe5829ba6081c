// SPDX-License-Identifier: Apache-2.0
// The process itself, for real. Async-signal-safe: system calls only.
#pragma once

#include "launcher/enter/kernel.h"

namespace berth::enter {

/// The byte that carries the descriptors of a container's namespaces to the keeper.
constexpr char kDoorsWord = 'd';

/// The namespaces of a container that a joiner was handed.
struct Doors {
  int user = -1;
  int mount = -1;
};

class LinuxProcess : public Process {
 public:
  /// `keeper`: the socket on which a leader announces its container, or -1.
  LinuxProcess(int keeper, Doors doors) noexcept : keeper_(keeper), doors_(doors) {}

  Answer enter_namespaces(int flags) noexcept override;
  Answer share_container() noexcept override;
  Answer join_container() noexcept override;
  Answer enter_directory(const char* path) noexcept override;
  Answer drop_privileges() noexcept override;
  Answer close_others(const int* keep, unsigned count) noexcept override;
  Answer execute(const char* const* candidates,
                 char* const* arguments,
                 char* const* environment) noexcept override;

 private:
  int keeper_;
  Doors doors_;
};

}  // namespace berth::enter
