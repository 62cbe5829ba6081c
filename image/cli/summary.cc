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
std::string losses_of(const Losses& losses, const std::string& setuid_rule) {
  std::string text;
  if (losses.devices > 0) text = counted(losses.devices, "device node", "device nodes");
  if (losses.xattrs > 0) {
    if (!text.empty()) text += " and ";
    text += counted(losses.xattrs, "extended attribute", "extended attributes");
  }
  if (!text.empty())
    text +=
        losses.devices + losses.xattrs == 1 ? ", which needs privilege" : ", which need privilege";
  if (losses.setuid > 0) {
    if (!text.empty()) text += "; and ";
    text += "the setuid bits of " + counted(losses.setuid, "file", "files") + ", as " +
            setuid_rule + " says";
  }
  return text.empty() ? text : "berth: left out " + text + "\n";
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
         "\n" + losses_of(summary.losses, summary.setuid_rule);
}

}  // namespace berth::cli
