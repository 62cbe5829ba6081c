// SPDX-License-Identifier: Apache-2.0
#include "image/layers/meter.h"

#include "base/text.h"

namespace berth::layers {

namespace {

Error refuse(const std::string& name, const std::string& why, const Limit& limit) {
  return Error{Blame::image, "unpack " + quote(name) + ": " + why, {}, limit.hint};
}

Error too_large(const std::string& name, const Limit& limit) {
  return refuse(name, "the image unpacks to more than " + size_text(limit.most), limit);
}

}  // namespace

Status Meter::add_bytes(std::uint64_t bytes, const std::string& name) {
  if (bytes_.fetch_add(bytes) + bytes > limits_.unpacked.most)
    return too_large(name, limits_.unpacked);
  return Done{};
}

Status Meter::check_room(std::uint64_t bytes, const std::string& name) const {
  const std::uint64_t most = limits_.unpacked.most;
  if (bytes > most || bytes_.load() > most - bytes) return too_large(name, limits_.unpacked);
  return Done{};
}

Status Meter::check_ratio(std::uint64_t unpacked,
                          std::uint64_t packed,
                          const std::string& name) const {
  const std::uint64_t most = limits_.ratio.most;
  if (unpacked <= kRatioFrom || unpacked / most <= packed) return Done{};
  return refuse(
      name, "it unpacks to more than " + std::to_string(most) + " times its size", limits_.ratio);
}

Status Meter::add_entry(const std::string& name) {
  if (entries_.fetch_add(1) < limits_.entries.most) return Done{};
  return refuse(name,
                "the layers have more than " + std::to_string(limits_.entries.most) + " entries",
                limits_.entries);
}

}  // namespace berth::layers
