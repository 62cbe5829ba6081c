// SPDX-License-Identifier: Apache-2.0
// The cage of the process that reads images: few descriptors, no signals, and no system call but
// those that serving takes.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace berth::serve {

/// What serving takes, the most frequent first.
std::span<const unsigned> server_calls() noexcept;

/// A seccomp(2) program that allows `calls` of this machine's architecture and answers `otherwise`
/// (SECCOMP_RET_...) to the rest. Memory that can be executed, and processes other than threads,
/// are not allowed in any case; clone3(2) does not exist, so that libc falls back to clone(2).
std::vector<sock_filter> make_filter(std::span<const unsigned> calls, std::uint32_t otherwise);

/// Installs the program, for ever. 0 or an errno. Wants no_new_privs.
int apply_filter(std::span<const sock_filter> program) noexcept;

/// Becomes a process apart, before anything of the image is parsed: no signals, a session of its
/// own, no descriptors but these (`record` and `kept` may be -1), which get new numbers; not
/// dumpable, no core, bounded memory.
void leave_the_launcher(int& image_fd, int& control, int& record, int& kept) noexcept;

/// no_new_privs and the filter of server_calls(). 0 or an errno.
int lock_in();

}  // namespace berth::serve
