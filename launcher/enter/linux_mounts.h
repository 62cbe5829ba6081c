// SPDX-License-Identifier: Apache-2.0
// The mount namespace for real. Every path of the image is resolved inside its root (openat2(2),
// RESOLVE_IN_ROOT), and trees travel as descriptors, so no name of an image can lead outside.
// Async-signal-safe: system calls only.
#pragma once

#include "launcher/enter/kernel.h"

#include <time.h>

namespace berth::enter {

class LinuxMounts : public Mounts {
 public:
  /// `server_control`: the socket of the image's server process; `image`: its file, which was last
  /// written at `image_written`; `overlay`: the directory that keeps changes. All stay the
  /// caller's.
  explicit LinuxMounts(int server_control,
                       int image = -1,
                       timespec image_written = {},
                       int overlay = -1) noexcept
      : server_control_(server_control),
        image_(image),
        image_written_(image_written),
        overlay_(overlay) {
    for (int& tree : trees_)
      tree = -1;
  }

  Answer write_file(const char* path, const char* text) noexcept override;
  Answer keep_inside() noexcept override;
  Answer take_tree(const char* from, unsigned slot, bool read_only) noexcept override;
  Answer mount_scratch(const char* at, std::uint64_t bytes) noexcept override;
  Answer make_directory(const char* path, bool is_covered) noexcept override;
  Answer mount_image(const char* at, const unsigned (&ids)[2]) noexcept override;
  Answer lay_files(const char* at, const StartFile* files, unsigned count) noexcept override;
  Answer attach_overlay(unsigned slot, const char* at) noexcept override;
  Answer mount_overlay(const MountOverlay& overlay) noexcept override;
  Answer attach_tree(unsigned slot, const char* to) noexcept override;
  Answer look_ahead(const LookAhead& wanted) noexcept override;
  Answer await_proof() noexcept override;
  Answer change_root(const char* root, bool read_only) noexcept override;

 private:
  int server_control_;
  int image_;
  timespec image_written_;
  int overlay_;
  int root_ = -1;      ///< the overlay's root, once it is mounted; closed by the exec
  int trees_[kSlots];  ///< detached mounts; those never attached vanish with the process
};

}  // namespace berth::enter
