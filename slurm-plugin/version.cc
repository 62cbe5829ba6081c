// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/version.h"

namespace berth::slurm_plugin {

unsigned plugin_version_for(unsigned api) {
  // A release every nine months until 23.11 (interface 40), two a year since.
  constexpr unsigned kFirstHalfYearly = 40;
  constexpr unsigned kMonthsTo2311 = 23 * 12 + 11 - 1;
  const unsigned months = api >= kFirstHalfYearly ? kMonthsTo2311 + 6 * (api - kFirstHalfYearly)
                                                  : kMonthsTo2311 - 9 * (kFirstHalfYearly - api);
  return (months / 12) << 16 | (months % 12 + 1) << 8;
}

}  // namespace berth::slurm_plugin
