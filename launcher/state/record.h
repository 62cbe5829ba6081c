// SPDX-License-Identifier: Apache-2.0
// What is written down of a container, and the text that it is written as. Pure. A record says what
// was so when it was written; look.h says what of it is so now.
#pragma once

#include "base/result.h"
#include "launcher/model/entry.h"
#include "launcher/state/process.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::state {

struct Ended {
  int status = 0;       ///< as a shell has it
  std::int64_t at = 0;  ///< seconds since 1970
};

struct Record {
  std::string name;
  std::string key;         ///< tells it from a later container of the same name
  std::string node;        ///< where it runs
  std::string boot;        ///< since when: the kernel's boot_id
  std::uint64_t pids = 0;  ///< the pid namespace in which the processes have these numbers
  std::string image;
  std::vector<std::string> command;
  std::int64_t created = 0;  ///< seconds since 1970
  bool is_detached = false;
  ProcessId monitor;   ///< writes this
  ProcessId launcher;  ///< was started as berth; ends as the program ends, or becomes it
  ProcessId program;   ///< none until it begins
  std::map<std::string, std::uint64_t> inodes;  ///< of the program's namespaces: "mnt"
  int stop_signal = 15;
  std::uint64_t stop_timeout = 10;  ///< seconds
  Entry entry;
  std::optional<Ended> ended;
};

/// JSON. Any bytes may stand in its texts.
std::string to_text(const Record& record);

/// An error where the text is not a whole record of the container `name`.
Result<Record> parse_record(const std::string& text, const std::string& name);

/// The files of the namespaces in /proc/PID/ns that `flags` of clone(2) name.
std::vector<std::string> namespace_files(int flags);

}  // namespace berth::state
