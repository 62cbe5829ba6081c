// SPDX-License-Identifier: Apache-2.0
#include "hooks/name.h"

#include "base/text.h"

#include <algorithm>

namespace berth::hooks {

namespace {

// As <cctype> has them in the C locale, which may be another one here.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_letter_or_digit(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

bool are_all(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || also.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string own_name(std::string_view hook) {
  return std::string(hook.substr(0, hook.find(':')));
}

bool is_fabric_device(std::string_view name) {
  constexpr std::array<std::string_view, 4> kBegins = {"cxi", "hfi1_", "knem", "xpmem"};
  return std::any_of(
      kBegins.begin(), kBegins.end(), [&](auto begin) { return name.starts_with(begin); });
}

std::string unknown_hook(const std::string& name) {
  return "there is no hook " + quote(name) + " that --no-hook could leave out";
}

std::string to_text(const DeviceName& device) {
  return device.kind + "=" + device.name;
}

bool is_vendor_or_class(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && is_letter_or_digit(text.back()) &&
         are_all(text, "_-.");
}

bool is_device_part(std::string_view text) {
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         are_all(text, "_-.:");
}

bool is_kind(std::string_view text) {
  constexpr std::size_t kLongestVendor = 253;
  constexpr std::size_t kLongestClass = 63;
  const auto slash = text.find('/');
  return slash <= kLongestVendor &&  // there is one
         text.size() - slash - 1 <= kLongestClass && is_vendor_or_class(text.substr(0, slash)) &&
         is_vendor_or_class(text.substr(slash + 1));
}

bool looks_like_device_name(std::string_view text) {
  return !text.starts_with('/') && text.find('=') != std::string_view::npos;
}

Result<DeviceName> parse_device_name(const std::string& text) {
  const auto sign = text.find('=');
  if (sign != std::string::npos && is_kind(text.substr(0, sign)) &&
      is_device_part(text.substr(sign + 1)))
    return DeviceName{text.substr(0, sign), text.substr(sign + 1)};
  return Error{Blame::usage,
               "use " + quote(text) + " as a device",
               {},
               "write VENDOR/CLASS=NAME, as in 'vendor.com/gpu=0', or a path below /dev"};
}

Result<WantedGpus> parse_gpus(const std::string& text) {
  WantedGpus wanted;
  if (text == "all") {
    wanted.all = true;
    return wanted;
  }
  for (const std::string& name : split(text, ',')) {
    if (!is_device_part(name) || name == "all")
      return Error{Blame::usage,
                   "use " + quote(text) + " as --gpus",
                   {},
                   "write all, or numbers or names of GPUs with commas between them: --gpus 0,1"};
    wanted.names.push_back(name);
  }
  return wanted;
}

}  // namespace berth::hooks
