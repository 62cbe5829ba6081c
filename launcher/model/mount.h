// SPDX-License-Identifier: Apache-2.0
// How a place that the container shows is mounted. Plain data.
#pragma once

#include <sys/mount.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

/// Whether mounts that are made elsewhere later arrive (mount_namespaces(7)).
enum class Propagation : unsigned char {
  as_is,   ///< those of the node do where its mounts are shared
  none,    ///< none does
  slave,   ///< those of the node do
  shared,  ///< those of the node do, and of copies of this mount inside
};

/// What stands at a place that the container shows besides its root.
enum class Origin : unsigned char {
  host,  ///< a file or directory of the node
  own,   ///< a file system of the container's own, new and empty
  image  ///< what is in an image
};

/// What holds for a mount; what is said of neither way stays as it is on the node. Counted in
/// MOUNT_ATTR_* of mount_setattr(2).
struct MountFlags {
  std::uint64_t set = 0;    ///< for all mounts of the tree
  std::uint64_t clear = 0;  ///< for the one on top
  Propagation propagation = Propagation::as_is;
  bool is_recursive = true;  ///< shown with what is mounted below it

  bool operator==(const MountFlags&) const = default;
};

/// A flag, and its names where it is set and where it is not.
struct MountAttribute {
  std::uint64_t bit = 0;
  std::string_view set;
  std::string_view clear;
};

inline constexpr std::array<MountAttribute, 4> kMountAttributes = {
    {{MOUNT_ATTR_RDONLY, "ro", "rw"},
     {MOUNT_ATTR_NOSUID, "nosuid", "suid"},
     {MOUNT_ATTR_NODEV, "nodev", "dev"},
     {MOUNT_ATTR_NOEXEC, "noexec", "exec"}}};

/// What a file system is told when it is made, as fsconfig(2) takes it: "size", "67108864".
struct MountSetting {
  std::string key;
  std::string value;

  bool operator==(const MountSetting&) const = default;
};

/// What nobody misses where programs and devices are not to be expected.
inline constexpr MountFlags kNoRights = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                                MOUNT_ATTR_NOEXEC};

inline constexpr MountFlags kReadOnly = {.set = MOUNT_ATTR_RDONLY};

}  // namespace berth
