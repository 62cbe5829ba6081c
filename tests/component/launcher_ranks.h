// SPDX-License-Identifier: Apache-2.0
// Ranks of a step as real processes: a launcher forks them, they meet, one leads. The test process
// adopts whatever they leave, so it sees keepers end.
#pragma once

#include "base/fd.h"

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace berth::tests {

/// What a rank has come to.
enum class Fate : char {
  leads = 'L',   ///< got the name
  shares = 'S',  ///< has announced its container
  joined = 'J',  ///< was handed the container of another rank, with its configuration
  failed = 'E'
};

class Step {
 public:
  /// `expected`: how many ranks the leader tells its keeper to wait for. `building`: how long a
  /// leader takes before it has a keeper, and again until it announces its container.
  Step(std::string name, unsigned expected, std::chrono::microseconds building = {});
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  /// Ends it, whatever state it is in.
  ~Step();

  /// Starts a launcher with `count` ranks, which begin together.
  void start(unsigned count);

  /// One more rank, of no launcher.
  void start_late_rank();

  /// Waits for the next report of any rank; {0, failed} after ten seconds without one.
  std::pair<pid_t, Fate> next();

  /// Reports until `count` ranks share or have joined; what each came to last.
  std::map<pid_t, Fate> gather(unsigned count);

  /// Lets the late ranks, and the launcher's with it, end; the launcher goes last.
  void end_launcher();
  void end_late_ranks();

  /// Waits until no process of the step is left, keepers included; false after ten seconds.
  static bool is_all_gone();

 private:
  [[noreturn]] void be_launcher(unsigned count);
  [[noreturn]] void be_rank(int until);
  void report(Fate fate) const;

  std::string name_;
  unsigned expected_;
  std::chrono::microseconds building_;
  Pipe reports_;
  Pipe launcher_life_;  ///< ranks of the launcher live until its end closes
  Pipe late_life_;
};

/// A name that no other test has.
std::string new_name();

/// Whether this process could lead under that name: nobody holds it any more.
bool is_free(const std::string& name);

}  // namespace berth::tests
