// SPDX-License-Identifier: Apache-2.0
#include "image/cli/summary.h"

#include "base/text.h"

#include <cstdio>

namespace berth::cli {

namespace {

std::string seconds_text(double seconds) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.1f s", seconds);  // fits: it would take ages
  return text;
}

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// The line about what was left out on purpose; empty when nothing was.
std::string losses_of(const layers::Counts& counts) {
  std::string text;
  if (counts.devices > 0) text = counted(counts.devices, "device node", "device nodes");
  if (counts.lost_xattrs > 0) {
    if (!text.empty()) text += " and ";
    text += counted(counts.lost_xattrs, "extended attribute", "extended attributes");
  }
  if (text.empty()) return text;
  return "berth: left out " + text + ", which need privilege\n";
}

std::string amounts_of(const Summary& summary) {
  std::string text;
  if (summary.layers > 0) text += counted(summary.layers, "layer", "layers") + ", ";
  text += counted(summary.names, "entry", "entries");
  if (summary.counts.hidden > 0)
    text +=
        " (" + counted(summary.counts.hidden, "hidden one", "hidden ones") + " never compressed)";
  if (summary.in_vain > 0)
    text += " (" + counted(summary.in_vain, "duplicate", "duplicates") + " compressed in vain)";
  return text + ", " + size_text(summary.bytes_in) + " -> " + size_text(summary.bytes_out);
}

}  // namespace

std::string summary_text(const Summary& summary) {
  return "berth: imported " + quote(summary.source) + " to " + quote(summary.output) + ": " +
         amounts_of(summary) + " in " + seconds_text(summary.seconds) + ", " + summary.digest +
         "\n" + losses_of(summary.counts);
}

}  // namespace berth::cli
