// SPDX-License-Identifier: Apache-2.0
// Names of devices as the Container Device Interface has them: "vendor.com/class=name". Pure. No
// third-party library: the Slurm plugin links this.
#pragma once

#include "base/result.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace berth::hooks {

/// berth's own hooks, which are asked for by these names.
inline constexpr std::array<std::string_view, 6> kOwnHooks = {
    "fabric", "ldcache", "localtime", "mpi", "pmi", "ssh"};

/// Whose name stands in front of a word for it: "fabric" of "fabric:/opt/lib/libfabric.so.1".
std::string own_name(std::string_view hook);

/// Whether a file in /dev of that name is an adapter's, or helps one to the memory of other
/// processes: of Slingshot, Omni-Path, KNEM and XPMEM. Those of InfiniBand have a directory.
bool is_fabric_device(std::string_view name);

/// A sentence: nobody has a hook of that name that could be left out.
std::string unknown_hook(const std::string& name);

/// How far the hook of MPI may go, and "off".
inline constexpr std::array<std::string_view, 5> kMpiRules = {
    "off", "auto", "strict", "full", "major"};

struct DeviceName {
  std::string kind;  ///< "vendor.com/class"
  std::string name;

  bool operator==(const DeviceName&) const = default;
};

std::string to_text(const DeviceName& device);

/// Whether a vendor or a class may be called so: a letter, then letters, digits, '_', '-' and '.',
/// not one of these three at the end.
bool is_vendor_or_class(std::string_view text);

/// Whether a device may be called so: as above with ':' too, and it may begin with a digit.
bool is_device_part(std::string_view text);

/// "vendor.com/class".
bool is_kind(std::string_view text);

/// Whether `text` is meant as such a name, and not as a path.
bool looks_like_device_name(std::string_view text);

Result<DeviceName> parse_device_name(const std::string& text);

/// Of which GPUs --gpus speaks.
struct WantedGpus {
  bool all = false;
  std::vector<std::string> names =
      {};  ///< numbers as the driver's tools count, or the driver's names
};

/// "all", or numbers and names between commas.
Result<WantedGpus> parse_gpus(const std::string& text);

}  // namespace berth::hooks
