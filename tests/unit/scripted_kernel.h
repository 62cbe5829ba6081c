// SPDX-License-Identifier: Apache-2.0
// A kernel that does nothing but write down what it is asked, and refuses the n-th call.
#pragma once

#include "launcher/enter/kernel.h"

#include <string>
#include <vector>

namespace berth::tests {

/// What was asked, in order, and which of it is to be refused.
struct Script {
  std::vector<std::string> calls = {};
  unsigned refuse_at = ~0U;  ///< counted from 0
  int number = 0;            ///< the errno of the refusal

  enter::Answer note(enter::Call call, std::string text);
};

class ScriptedMounts : public enter::Mounts {
 public:
  explicit ScriptedMounts(Script& script) noexcept : script_(script) {}

  enter::Answer write_file(const char* path, std::string_view text) noexcept override;
  enter::Answer keep_inside() noexcept override;
  enter::Answer take_tree(const char* from,
                          unsigned slot,
                          const MountFlags& flags) noexcept override;
  enter::Answer make_tree(const MakeTree& wanted) noexcept override;
  enter::Answer take_image(const TakeImage& wanted) noexcept override;
  enter::Answer mount_scratch(const char* at, std::uint64_t bytes) noexcept override;
  enter::Answer make_directory(const char* path, bool is_covered) noexcept override;
  enter::Answer mount_image(const MountImage& image) noexcept override;
  enter::Answer attach_image(const AttachImage& image) noexcept override;
  enter::Answer cover_file(const CoverFile& file) noexcept override;
  enter::Answer lay_files(const char* at, const StartFile* files, unsigned count) noexcept override;
  enter::Answer attach_overlay(unsigned slot, const char* at) noexcept override;
  enter::Answer mount_overlay(const MountOverlay& overlay) noexcept override;
  enter::Answer use_image(const char* at) noexcept override;
  enter::Answer attach_tree(const AttachTree& tree) noexcept override;
  enter::Answer make_link(const MakeLink& link) noexcept override;
  enter::Answer mask_place(const char* path) noexcept override;
  enter::Answer lock_place(const char* path) noexcept override;
  enter::Answer look_ahead(const LookAhead& wanted) noexcept override;
  enter::Answer await_proof() noexcept override;
  enter::Answer mount_private_root(const MountPrivateRoot& wanted) noexcept override;
  enter::Answer carry_tree(const char* path) noexcept override;
  enter::Answer change_root(const char* root, bool read_only) noexcept override;

 private:
  Script& script_;
};

class ScriptedProcess : public enter::Process {
 public:
  explicit ScriptedProcess(Script& script) noexcept : script_(script) {}

  enter::Answer enter_namespaces(int flags) noexcept override;
  enter::Answer map_ids() noexcept override;
  enter::Answer set_host_name(const char* name) noexcept override;
  enter::Answer raise_loopback() noexcept override;
  enter::Answer connect_network() noexcept override;
  enter::Answer shift_clocks(const char* offsets) noexcept override;
  enter::Answer share_container(int flags) noexcept override;
  enter::Answer join_container(int flags) noexcept override;
  enter::Answer enter_directory(const EnterDirectory& wanted) noexcept override;
  enter::Answer become_user(const Ids& ids) noexcept override;
  enter::Answer drop_privileges(Capabilities kept) noexcept override;
  enter::Answer close_others(const int* keep, unsigned count) noexcept override;
  enter::Answer start_init(const StartInit& wanted) noexcept override;
  enter::Answer announce_program() noexcept override;
  enter::Answer enter_group() noexcept override;
  enter::Answer run_hooks(RunHooks::Time time) noexcept override;
  enter::Answer pin_to_cpus(const Numbers& cpus) noexcept override;
  enter::Answer bind_memory(const BindMemory& wanted) noexcept override;
  enter::Answer set_limit(const Limit& limit) noexcept override;
  enter::Answer set_umask(unsigned mask) noexcept override;
  enter::Answer filter_calls(const sock_filter* filter, unsigned short count) noexcept override;
  enter::Answer execute(const char* const* candidates,
                        char* const* arguments,
                        char* const* environment) noexcept override;

 private:
  Script& script_;
};

}  // namespace berth::tests
