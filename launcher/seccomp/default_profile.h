// SPDX-License-Identifier: Apache-2.0
// What `--seccomp=default` leaves a program: what Linux 5.16 has, without what only an
// administrator may do and without what mostly helps to attack a kernel. As podman's default for
// one without capabilities; tests/unit/seccomp_default_test.cc says where it differs, and why.
#pragma once

#include "launcher/seccomp/filter.h"

namespace berth::seccomp {

/// For the architecture this is compiled for, and on x86-64 for 32-bit programs too. Takes some
/// milliseconds, which is why the build does it and no launch.
Result<Filter> compile_default();

}  // namespace berth::seccomp
