// SPDX-License-Identifier: Apache-2.0
#include "image/cli/losses.h"

#include "base/text.h"

namespace berth::cli {

std::string counted(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string losses_text(const Losses& losses, const settings::Origin& setuid) {
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
            settings::to_text(setuid) + " says";
  }
  return text.empty() ? text : "left out " + text;
}

}  // namespace berth::cli
