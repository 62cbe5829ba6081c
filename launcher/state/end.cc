// SPDX-License-Identifier: Apache-2.0
#include "launcher/state/end.h"

#include "base/text.h"
#include "launcher/state/members.h"

#include <signal.h>

#include <algorithm>

namespace berth::state {

namespace {

constexpr int kThousand = 1000;
/// Whoever does not die of SIGKILL by then waits for a disk or a node that is gone.
constexpr int kToDie = 10 * kThousand;

Error takes_long(const Record& record) {
  return Error{Blame::host,
               "wait for the end of " + quote(record.name) + ": its processes do not die",
               {},
               "they may wait for a file system that does not answer: see berth top"};
}

/// What its monitor has written. Nothing where the record has gone, as that of a container in the
/// foreground does.
std::optional<int> written_status(const Directory& directory, const Record& record) {
  const auto now = directory.read(record.name);
  if (!now || now->key != record.key || !now->ended) return std::nullopt;
  return now->ended->status;
}

int milliseconds_of(std::uint64_t seconds) {
  constexpr std::uint64_t kMost = 1'000'000;
  return static_cast<int>(std::min(seconds, kMost)) * kThousand;
}

/// Once the program has ended nothing keeps who waits for it, but a stop that it was told of
/// before.
bool await_launcher(const Process& launcher, int milliseconds) {
  constexpr int kSlice = 50;
  for (int waited = 0; !launcher.await_end(kSlice); waited += kSlice) {
    if (milliseconds >= 0 && waited >= milliseconds) return false;
    const auto stat = launcher.stat();
    if (stat && stat->is_stopped()) (void)launcher.signal(SIGCONT);
  }
  return true;
}

}  // namespace

Result<std::optional<int>> await_end(const Directory& directory,
                                     const Container& container,
                                     int milliseconds) {
  const bool has_ended = container.program.await_end(milliseconds) &&
                         await_launcher(container.launcher, milliseconds) &&
                         container.monitor.await_end(milliseconds);
  if (!has_ended) return takes_long(container.record);
  if (container.record.ended) return std::optional<int>(container.record.ended->status);
  const auto written = written_status(directory, container.record);
  return written ? written : container.launcher.status();
}

Result<std::optional<int>> stop(const Directory& directory,
                                const Container& container,
                                int signal,
                                std::uint64_t seconds) {
  const bool runs = container.has_program();
  auto members = runs ? Members::of(container) : Result<Members>(takes_long(container.record));
  if (runs) {
    (void)container.program.signal(signal);  // it may just have ended
    if (members && container.state == State::paused)
      (void)members->resume();  // whether it has ended is asked below
    if (!container.program.await_end(milliseconds_of(seconds)))
      (void)container.program.signal(SIGKILL);
    (void)container.program.await_end(kToDie);
  } else if (container.state == State::created) {
    (void)container.launcher.signal(SIGKILL);
  }
  // Who has an init ends with it, and so do all in a pid namespace of the container's own.
  constexpr int kMoment = 200;
  if (members &&
      !(container.record.inodes.contains("pid") && container.launcher.await_end(kMoment)))
    (void)members->kill();  // whether they have gone is asked below
  return await_end(directory, container, kToDie);
}

}  // namespace berth::state
