// SPDX-License-Identifier: Apache-2.0
// What of a record is so now. Nothing that is written down is believed: processes are told by their
// number and start, the machine by its boot.
#pragma once

#include "launcher/cgroup/freezer.h"
#include "launcher/state/directory.h"
#include "launcher/state/process.h"
#include "launcher/state/record.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::state {

enum class State {
  created,   ///< its launch is under way
  running,   ///< its program is
  paused,    ///< its program is stopped and can go on
  stopped,   ///< its program has ended
  gone,      ///< whoever would have said how it ended was killed, or the node started anew
  elsewhere  ///< on another node, or where the numbers of processes are others
};

std::string_view name_of(State state);

struct Container {
  Record record;
  State state = State::gone;
  Process monitor = {};
  Process launcher = {};
  Process program = {};

  /// Whether its program can be reached.
  [[nodiscard]] bool has_program() const {
    return state == State::running || state == State::paused;
  }
};

/// Who looks, and from where.
struct Here {
  std::string node;
  std::string boot;
  std::uint64_t pids = 0;
};

Here look_here();

/// What stops the control group that was made for the container, with all who have entered it; none
/// where it has none of its own, though its program may be in somebody else's.
cgroup::Freezer find_freezer(const Container& container);
cgroup::Freezer find_freezer(const Process& program, const ProcessId& launcher);

/// With a key of its own, and this process as its monitor and launcher until others are known.
Record new_record(const std::string& name, const Here& here);

Container look_at(Record record, const Here& here);

/// The container of that name, or the only one whose name begins so. What is left of those that are
/// gone is removed. The error names what is there.
Result<Container> find(const Directory& directory, const std::string& name);

/// All of them, and what is wrong with records that cannot be used.
struct Listing {
  std::vector<Container> containers;
  std::vector<Error> damaged;
};

Listing look_at_all(const Directory& directory);

/// Takes the name: afterwards there is this record. A container that is gone, or ran in the
/// foreground and has ended, does not keep its name.
Status claim(Directory& directory, const Record& record);

}  // namespace berth::state
