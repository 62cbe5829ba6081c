// SPDX-License-Identifier: Apache-2.0
// A terminal that is the program's own, and the relay between it and the caller's streams: what
// --tty does, before anything else of a launch.
#pragma once

#include "base/result.h"

namespace berth::terminal {

/// Returns in a descendant: the job in the foreground of a new session, with a new terminal
/// (pty(7)) as its streams; the session's leader waits for it (init::stand_by). This process stays
/// outside as the relay and ends as the job ends, with its code or of its signal. Where standard
/// input is a terminal, that is made raw meanwhile, so that keys reach the program's terminal,
/// which makes signals of them; its size is handed on. Where it is none, its end becomes the key
/// for it (^D).
///
/// As long as the caller's shell has it in the background, the kernel stops the relay (SIGTTOU).
/// When the relay is killed, so is the leader, and the job if it has not got other rights since
/// (prctl(2), PR_SET_PDEATHSIG): enter::Tools says what a launch does then.
Status take_own();

}  // namespace berth::terminal
