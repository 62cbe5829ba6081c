// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/gpu_names.h"

#include "base/file.h"
#include "base/text.h"

namespace berth::pin {

namespace {

/// Behind "KEY:" and blanks.
std::string value_in(const std::string& text, const std::string& key) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(key + ":")) continue;
    const std::size_t begin = line.find_first_not_of(" \t", key.size() + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

}  // namespace

void add_names_of_gpus(std::vector<Device>& devices, const std::string& folder) {
  constexpr std::size_t kMostText = 1U << 16U;
  for (Device& device : devices) {
    if (device.kind != DeviceKind::gpu) continue;
    const auto text =
        read_text_file(folder + "/" + device.names.front() + "/information", kMostText);
    if (!text) continue;
    const std::string minor = value_in(*text, "Device Minor");
    if (!minor.empty()) device.names.push_back("nvidia" + minor);
    const std::string identity = value_in(*text, "GPU UUID");
    if (!identity.empty()) device.names.push_back(identity);
  }
}

}  // namespace berth::pin
