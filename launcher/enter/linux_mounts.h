// SPDX-License-Identifier: Apache-2.0
// The mount namespace for real. Every path of the image is resolved inside its root (openat2(2),
// RESOLVE_IN_ROOT), and trees travel as descriptors, so no name of an image can lead outside.
// Async-signal-safe: system calls only.
#pragma once

#include "launcher/enter/kernel.h"

#include <time.h>

#include <span>

namespace berth::enter {

/// Makes the file system of `context` (fsopen(2)), which ends here: a detached mount with `flags`
/// of its own. `told`: what the last fsconfig(2) gave. `mount` is the caller's.
Answer finish_tree(int context, int told, std::uint64_t flags, int& mount) noexcept;

/// What a layer of the root comes from; both stay the caller's.
struct Source {
  int server = -1;  ///< the socket of an image's server process
  int image = -1;   ///< the image's file, or the directory that is used as one
};

class LinuxMounts : public Mounts {
 public:
  /// `server_control`: the socket of the image's server process; `image`: its file, which was last
  /// written at `image_written`; `overlay`: the directory that keeps changes; `above`: the layers
  /// on this image, the lowest first, and behind them the images that are shown below the root. All
  /// stay the caller's.
  explicit LinuxMounts(int server_control,
                       int image = -1,
                       timespec image_written = {},
                       int overlay = -1,
                       std::span<const Source> above = {}) noexcept
      : server_control_(server_control),
        image_(image),
        image_written_(image_written),
        overlay_(overlay),
        above_(above) {
    for (int& tree : trees_)
      tree = -1;
  }

  Answer write_file(const char* path, std::string_view text) noexcept override;
  Answer keep_inside() noexcept override;
  Answer take_tree(const char* from, unsigned slot, const MountFlags& flags) noexcept override;
  Answer make_tree(const MakeTree& wanted) noexcept override;
  Answer take_image(const TakeImage& wanted) noexcept override;
  Answer mount_scratch(const char* at, std::uint64_t bytes) noexcept override;
  Answer make_directory(const char* path, bool is_covered) noexcept override;
  Answer mount_image(const MountImage& image) noexcept override;
  Answer attach_image(const AttachImage& image) noexcept override;
  Answer cover_file(const CoverFile& wanted) noexcept override;
  Answer lay_files(const char* at, const StartFile* files, unsigned count) noexcept override;
  Answer attach_overlay(unsigned slot, const char* at) noexcept override;
  Answer mount_overlay(const MountOverlay& overlay) noexcept override;
  Answer use_image(const char* at) noexcept override;
  Answer attach_tree(const AttachTree& wanted) noexcept override;
  Answer make_link(const MakeLink& link) noexcept override;
  Answer mask_place(const char* path) noexcept override;
  Answer lock_place(const char* path) noexcept override;
  Answer look_ahead(const LookAhead& wanted) noexcept override;
  Answer await_proof() noexcept override;
  Answer mount_private_root(const MountPrivateRoot& wanted) noexcept override;
  Answer carry_tree(const char* path) noexcept override;
  Answer change_root(const char* root, bool read_only) noexcept override;

 private:
  int server_control_;
  int image_;
  timespec image_written_;
  int overlay_;
  std::span<const Source> above_;
  int root_ = -1;            ///< the root that is to be, once it is mounted; closed by the exec
  bool is_closed_ = false;   ///< nothing can be written in the root that is to be
  bool is_covered_ = false;  ///< something of ours lies on the root that is
  [[nodiscard]] Source source(unsigned layer) const noexcept;
  Answer open_root(const char* at) noexcept;
  Answer attach_same(unsigned slot, int opened, const char* at) noexcept;
  void hold_own(unsigned slot, int mount) noexcept;
  /// Whether what `fd` is in belongs to the container alone, so that places may be made there.
  [[nodiscard]] bool is_containers(int fd) const noexcept;
  Answer make_part(int parent, const char* name, bool directory) const noexcept;
  Answer open_or_make(const char* path, bool directory, int& place) const noexcept;

  int trees_[kSlots];          ///< detached mounts; those never attached vanish with the process
  std::uint64_t own_[kSlots];  ///< the mounts of file systems of the container's own
  unsigned own_count_ = 0;
};

}  // namespace berth::enter
