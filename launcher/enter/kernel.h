// SPDX-License-Identifier: Apache-2.0
// What a step may ask of the kernel, in our words. Two small interfaces, so that a test can refuse
// the n-th call; the real ones are linux_mounts.cc and linux_process.cc.
#pragma once

#include "launcher/model/steps.h"

#include <cstdint>
#include <string_view>

namespace berth::enter {

/// Which system call gave the answer.
enum class Call : unsigned char {
  none,
  unshare,
  setns,
  open,
  openat2,
  write,
  mkdir,
  symlink,
  utimensat,
  mknod,
  fstat,
  mount,
  open_tree,
  mount_setattr,
  move_mount,
  pivot_root,
  umount2,
  chdir,
  sendmsg,
  recv,
  prctl,
  capset,
  clone,
  close_range,
  fcntl,
  fsopen,
  fsconfig,
  fsmount,
  pipe2,
  sethostname,
  socket,
  ioctl,
  sched_setaffinity,
  set_mempolicy,
  setrlimit,
  umask,
  setresgid,
  setresuid,
  seccomp,
  execve
};

/// The kernel's answer to a step: number 0 when all went well.
struct Answer {
  Call call = Call::none;
  int number = 0;
};

/// Trees that can be held between TakeTree and AttachTree.
constexpr unsigned kSlots = 256;

/// The mount namespace.
class Mounts {
 public:
  virtual ~Mounts() = default;
  virtual Answer write_file(const char* path, std::string_view text) noexcept = 0;
  virtual Answer keep_inside() noexcept = 0;
  virtual Answer take_tree(const char* from, unsigned slot, const MountFlags& flags) noexcept = 0;
  /// A new file system, in a slot as take_tree() fills them.
  virtual Answer make_tree(const MakeTree& wanted) noexcept = 0;
  /// A mount of an image, in a slot as well.
  virtual Answer take_image(const TakeImage& wanted) noexcept = 0;
  virtual Answer mount_scratch(const char* at, std::uint64_t bytes) noexcept = 0;
  /// `is_covered`: what the image has at that place will not be seen.
  virtual Answer make_directory(const char* path, bool is_covered) noexcept = 0;
  virtual Answer mount_image(const MountImage& image) noexcept = 0;
  /// ESTALE where the tree is not the directory that was opened.
  virtual Answer attach_image(const AttachImage& image) noexcept = 0;
  virtual Answer cover_file(const CoverFile& file) noexcept = 0;
  /// Makes `at` and the files in it, from the image's file. A file that cannot be copied is left
  /// out: it is in the image.
  virtual Answer lay_files(const char* at, const StartFile* files, unsigned count) noexcept = 0;
  /// ESTALE where the tree is not the directory that was locked.
  virtual Answer attach_overlay(unsigned slot, const char* at) noexcept = 0;
  /// EROFS where changes are to be kept and the kernel can only read.
  virtual Answer mount_overlay(const MountOverlay& overlay) noexcept = 0;
  virtual Answer use_image(const char* at) noexcept = 0;
  virtual Answer attach_tree(const AttachTree& wanted) noexcept = 0;
  virtual Answer make_link(const MakeLink& link) noexcept = 0;
  /// These two do nothing where nothing is.
  virtual Answer mask_place(const char* path) noexcept = 0;
  virtual Answer lock_place(const char* path) noexcept = 0;
  /// Never refused: what is not found now will be missed later.
  virtual Answer look_ahead(const LookAhead& wanted) noexcept = 0;
  virtual Answer await_proof() noexcept = 0;
  virtual Answer mount_private_root(const MountPrivateRoot& wanted) noexcept = 0;
  virtual Answer carry_tree(const char* path) noexcept = 0;
  virtual Answer change_root(const char* root, bool read_only) noexcept = 0;
};

/// The process itself.
class Process {
 public:
  virtual ~Process() = default;
  /// With CLONE_NEWPID this and join_container() return in a child, as start_init() does.
  virtual Answer enter_namespaces(int flags) noexcept = 0;
  virtual Answer map_ids() noexcept = 0;
  virtual Answer set_host_name(const char* name) noexcept = 0;
  virtual Answer raise_loopback() noexcept = 0;
  virtual Answer connect_network() noexcept = 0;
  virtual Answer shift_clocks(const char* offsets) noexcept = 0;
  virtual Answer share_container(int flags) noexcept = 0;
  virtual Answer join_container(int flags) noexcept = 0;
  virtual Answer enter_directory(const EnterDirectory& wanted) noexcept = 0;
  virtual Answer become_user(const Ids& ids) noexcept = 0;
  /// All but `kept`, and all that an exec could give back.
  virtual Answer drop_privileges(Capabilities kept) noexcept = 0;
  virtual Answer close_others(const int* keep, unsigned count) noexcept = 0;
  /// Returns in a child; the parent stands by it and ends as it ends.
  /// One that stays does so as long as the keeper does.
  virtual Answer start_init(const StartInit& wanted) noexcept = 0;
  virtual Answer announce_program() noexcept = 0;
  /// Of the control group that was made before.
  virtual Answer enter_group() noexcept = 0;
  /// ECANCELED where one has failed.
  virtual Answer run_hooks(RunHooks::Time time) noexcept = 0;
  virtual Answer pin_to_cpus(const Numbers& cpus) noexcept = 0;
  virtual Answer bind_memory(const BindMemory& wanted) noexcept = 0;
  /// Nobody but the program is bounded by it.
  virtual Answer set_limit(const Limit& limit) noexcept = 0;
  virtual Answer set_umask(unsigned mask) noexcept = 0;
  /// `filter`, of `count` instructions, decides on every call after this one.
  virtual Answer filter_calls(const sock_filter* filter, unsigned short count) noexcept = 0;
  /// Tries each candidate; returns only if none could be started.
  virtual Answer execute(const char* const* candidates,
                         char* const* arguments,
                         char* const* environment) noexcept = 0;
};

struct Kernel {
  Mounts& mounts;
  Process& process;
};

}  // namespace berth::enter
