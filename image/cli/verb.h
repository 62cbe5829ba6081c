// SPDX-License-Identifier: Apache-2.0
// What every verb of berth-image is given, and how it ends.
#pragma once

#include "base/result.h"
#include "image/settings/settings.h"
#include "image/store/store.h"

#include <atomic>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace berth::cli {

struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  std::function<unsigned()> err_columns = {};  ///< how wide that terminal is now
};

/// What a verb needs of the world, handed in so that tests can choose it.
struct Machine {
  store::Environment environment = {};
  unsigned cpus = 1;              ///< that this process may use
  const std::atomic<int>& stop;   ///< turns to the number of the signal that asks to stop
  settings::Files settings = {};  ///< none: every setting has its default
};

/// `words` are what follows the verb. Returns the exit status: 0, 1, 2 for a wrong command line,
/// 128+n when signal n stopped it.
using RunVerb = int (*)(const std::vector<std::string>& words,
                        const Streams& streams,
                        const Machine& machine);

/// Prints what went wrong, if anything did and no signal was the reason. Returns the exit status.
int finish(const Status& outcome, const Streams& streams, const Machine& machine);

}  // namespace berth::cli
