// SPDX-License-Identifier: Apache-2.0
#include "image/cli/verb.h"

namespace berth::cli {

int finish(const Status& outcome, const Streams& streams, const Machine& machine) {
  if (outcome) return 0;
  if (const int signal = machine.stop.load(); signal != 0) return 128 + signal;
  streams.err << to_text(outcome.error()) << "\n";
  return outcome.error().blame == Blame::usage ? 2 : 1;
}

}  // namespace berth::cli
