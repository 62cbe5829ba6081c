// SPDX-License-Identifier: Apache-2.0
#include "hooks/gpu/mig.h"

#include "hooks/directory.h"
#include "hooks/gpu/choose.h"

#include <algorithm>

namespace berth::hooks {

namespace {

/// The numbers of directories that are called so, "gi" or "ci", the small ones first.
std::vector<std::string> numbers_in(const std::string& directory, const std::string& kind) {
  std::vector<std::string> numbers;
  for (const std::string& name : names_in(directory)) {
    const bool is_one = name.starts_with(kind) && name.size() > kind.size() &&
                        name.find_first_not_of("0123456789", kind.size()) == name.npos;
    if (is_one) numbers.push_back(name.substr(kind.size()));
  }
  std::sort(numbers.begin(), numbers.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return numbers;
}

/// The file in /dev that is the right to what `directory` stands for.
std::string node_for(const std::string& directory) {
  const std::string minor = value_in(directory + "/access", "DeviceFileMinor", ':');
  return minor.empty() ? "" : "/dev/nvidia-caps/nvidia-cap" + minor;
}

}  // namespace

std::vector<GpuPart> find_parts(const std::string& number, const std::string& root) {
  std::vector<GpuPart> parts;
  const std::string mig = root + "/proc/driver/nvidia/capabilities/gpu" + number + "/mig";
  for (const std::string& outer : numbers_in(mig, "gi")) {
    std::string directory = mig;
    directory += "/gi" + outer;
    for (const std::string& inner : numbers_in(directory, "ci")) {
      std::string in_it = directory;
      in_it += "/ci" + inner;
      GpuPart part{outer, inner};
      for (const std::string& node : {node_for(directory), node_for(in_it)})
        if (!node.empty()) part.nodes.push_back(node);
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

}  // namespace berth::hooks
