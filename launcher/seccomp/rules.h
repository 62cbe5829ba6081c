// SPDX-License-Identifier: Apache-2.0
// libseccomp's filter under construction, with an owner and errors of ours.
#pragma once

#include "launcher/seccomp/filter.h"

#include <seccomp.h>

#include <cstdint>
#include <memory>

namespace berth::seccomp {

/// What libseccomp answers: 0, or a negative errno (seccomp_rule_add(3)).
using Answer = int;

/// Rules for the architecture this is compiled for, until others are added.
class Rules {
 public:
  /// `action` is for calls that no rule names, on architectures that have been added; a call by
  /// another architecture's table kills the process.
  explicit Rules(std::uint32_t action) : context_(::seccomp_init(action)) {}

  /// Rules that are added afterwards count for it as well. One that is there already is welcome.
  Answer add_architecture(std::uint32_t token);

  /// All of `conditions` have to hold. Passes over names that libseccomp does not know, and rules
  /// that say what happens anyway.
  Answer add(std::uint32_t action,
             const std::string& name,
             const std::vector<scmp_arg_cmp>& conditions = {});

  /// Makes the program; it has at most 4096 instructions (BPF_MAXINSNS), else E2BIG.
  Result<Filter> finish();

 private:
  struct Release {
    void operator()(void* context) const { ::seccomp_release(context); }
  };

  std::unique_ptr<void, Release> context_;
};

}  // namespace berth::seccomp
