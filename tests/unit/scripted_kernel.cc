// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/scripted_kernel.h"

#include <utility>

namespace berth::tests {

namespace {

using enter::Answer;
using enter::Call;

std::string words_of(const char* const* words) {
  std::string text;
  for (; *words != nullptr; ++words)
    text += std::string(" ") + *words;
  return text;
}

/// Whatever is not as by default, in numbers.
std::string text_of(const MountFlags& flags) {
  if (flags == MountFlags{}) return {};
  return " +" + std::to_string(flags.set) + " -" + std::to_string(flags.clear) + " p" +
         std::to_string(static_cast<unsigned>(flags.propagation)) +
         (flags.is_recursive ? "" : " nonrec");
}

}  // namespace

Answer Script::note(Call call, std::string text) {
  const bool is_refused = calls.size() == refuse_at;
  calls.push_back(std::move(text));
  return {call, is_refused ? number : 0};
}

Answer ScriptedMounts::write_file(const char* path, std::string_view text) noexcept {
  return script_.note(Call::write, std::string("write_file ") + path + ": " + std::string(text));
}

Answer ScriptedMounts::keep_inside() noexcept {
  return script_.note(Call::mount, "keep_inside");
}

Answer ScriptedMounts::take_tree(const char* from,
                                 unsigned slot,
                                 const MountFlags& flags) noexcept {
  return script_.note(Call::open_tree,
                      "take_tree " + std::to_string(slot) + " " + from + text_of(flags));
}

Answer ScriptedMounts::make_tree(const MakeTree& wanted) noexcept {
  std::string text =
      "make_tree " + std::to_string(wanted.slot) + " " + wanted.type + text_of(wanted.flags);
  for (const MountSetting& setting : wanted.settings)
    text += " " + setting.key + "=" + setting.value;
  return script_.note(Call::fsmount, text);
}

Answer ScriptedMounts::take_image(const TakeImage& wanted) noexcept {
  return script_.note(Call::fsmount,
                      "take_image " + std::to_string(wanted.slot) + " " + wanted.image +
                          text_of(wanted.flags) + " " + std::to_string(wanted.uid) + " " +
                          std::to_string(wanted.gid) + " layer " + std::to_string(wanted.layer) +
                          (wanted.has_stored_owners ? " stored" : ""));
}

Answer ScriptedMounts::mount_scratch(const char* at, std::uint64_t bytes) noexcept {
  return script_.note(Call::mount,
                      std::string("mount_scratch ") + at + " " + std::to_string(bytes));
}

Answer ScriptedMounts::make_directory(const char* path, bool is_covered) noexcept {
  return script_.note(Call::mkdir,
                      std::string("make_directory ") + path + (is_covered ? " covered" : ""));
}

Answer ScriptedMounts::lay_files(const char* at, const StartFile* files, unsigned count) noexcept {
  std::string text = std::string("lay_files ") + at;
  for (unsigned i = 0; i < count; ++i)
    text += " " + files[i].path;
  return script_.note(Call::utimensat, text);
}

Answer ScriptedMounts::mount_image(const MountImage& image) noexcept {
  return script_.note(Call::mount,
                      "mount_image " + image.at + " " + std::to_string(image.uid) + ":" +
                          std::to_string(image.gid) + " " + std::to_string(image.layer) +
                          (image.has_stored_owners ? " stored" : ""));
}

Answer ScriptedMounts::attach_image(const AttachImage& image) noexcept {
  return script_.note(Call::move_mount,
                      "attach_image " + std::to_string(image.slot) + " " + image.at + " " +
                          std::to_string(image.layer) + (image.is_root ? " root" : ""));
}

Answer ScriptedMounts::cover_file(const CoverFile& file) noexcept {
  return script_.note(
      Call::move_mount,
      "cover_file " + file.from + " " + file.to + (file.makes_place ? "" : " where it is"));
}

Answer ScriptedMounts::attach_overlay(unsigned slot, const char* at) noexcept {
  return script_.note(Call::move_mount, "attach_overlay " + std::to_string(slot) + " " + at);
}

Answer ScriptedMounts::mount_overlay(const MountOverlay& overlay) noexcept {
  const std::string kept = overlay.kept_in.empty() ? "" : " " + overlay.kept_in;
  return script_.note(
      Call::mount,
      "mount_overlay " + overlay.source + " " + overlay.options + " " + overlay.at + kept);
}

Answer ScriptedMounts::use_image(const char* at) noexcept {
  return script_.note(Call::open, std::string("use_image ") + at);
}

Answer ScriptedMounts::attach_tree(const AttachTree& tree) noexcept {
  return script_.note(Call::move_mount,
                      "attach_tree " + std::to_string(tree.slot) + " " + tree.to +
                          (tree.is_optional ? " optional" : ""));
}

Answer ScriptedMounts::make_link(const MakeLink& link) noexcept {
  return script_.note(
      Call::symlink,
      "make_link " + std::to_string(link.slot) + " " + link.name + " " + link.target);
}

Answer ScriptedMounts::mask_place(const char* path) noexcept {
  return script_.note(Call::fsmount, std::string("mask_place ") + path);
}

Answer ScriptedMounts::lock_place(const char* path) noexcept {
  return script_.note(Call::open_tree, std::string("lock_place ") + path);
}

Answer ScriptedMounts::look_ahead(const LookAhead& wanted) noexcept {
  std::string text = "look_ahead";
  for (const std::string& path : wanted.candidates)
    text += " " + path;
  text += " |";
  for (const std::string& path : wanted.others)
    text += " " + path;
  return script_.note(Call::openat2, text);
}

Answer ScriptedMounts::await_proof() noexcept {
  return script_.note(Call::recv, "await_proof");
}

Answer ScriptedMounts::mount_private_root(const MountPrivateRoot& wanted) noexcept {
  return script_.note(Call::mount,
                      "mount_private_root " + wanted.source + " " + std::to_string(wanted.bytes));
}

Answer ScriptedMounts::carry_tree(const char* path) noexcept {
  return script_.note(Call::open_tree, std::string("carry_tree ") + path);
}

Answer ScriptedMounts::change_root(const char* root, bool read_only) noexcept {
  return script_.note(Call::pivot_root,
                      std::string("change_root ") + root + (read_only ? " read-only" : ""));
}

Answer ScriptedProcess::enter_namespaces(int flags) noexcept {
  return script_.note(Call::unshare, "enter_namespaces " + std::to_string(flags));
}

Answer ScriptedProcess::map_ids() noexcept {
  return script_.note(Call::recv, "map_ids");
}

Answer ScriptedProcess::set_host_name(const char* name) noexcept {
  return script_.note(Call::sethostname, std::string("set_host_name ") + name);
}

Answer ScriptedProcess::raise_loopback() noexcept {
  return script_.note(Call::ioctl, "raise_loopback");
}

Answer ScriptedProcess::connect_network() noexcept {
  return script_.note(Call::recv, "connect_network");
}

Answer ScriptedProcess::shift_clocks(const char* offsets) noexcept {
  return script_.note(Call::write, std::string("shift_clocks ") + offsets);
}

Answer ScriptedProcess::share_container(int flags) noexcept {
  return script_.note(Call::sendmsg, "share_container " + std::to_string(flags));
}

Answer ScriptedProcess::join_container(int flags) noexcept {
  return script_.note(Call::setns, "join_container " + std::to_string(flags));
}

Answer ScriptedProcess::enter_directory(const EnterDirectory& wanted) noexcept {
  return script_.note(Call::chdir,
                      "enter_directory " + wanted.path + (wanted.or_root ? " or root" : ""));
}

Answer ScriptedProcess::become_user(const Ids& ids) noexcept {
  return script_.note(Call::setresuid,
                      "become_user " + std::to_string(ids.uid) + ":" + std::to_string(ids.gid));
}

Answer ScriptedProcess::drop_privileges(Capabilities kept) noexcept {
  return script_.note(Call::capset,
                      "drop_privileges" + (kept == 0 ? "" : " but " + std::to_string(kept)));
}

Answer ScriptedProcess::close_others(const int* keep, unsigned count) noexcept {
  std::string text = "close_others";
  for (unsigned i = 0; i < count; ++i)
    text += " " + std::to_string(keep[i]);
  return script_.note(Call::close_range, text);
}

Answer ScriptedProcess::filter_calls(const sock_filter* filter, unsigned short count) noexcept {
  std::string text = "filter_calls";
  for (unsigned i = 0; i < count; ++i)
    text += " " + std::to_string(filter[i].k);
  return script_.note(Call::seccomp, text);
}

Answer ScriptedProcess::start_init(const StartInit& wanted) noexcept {
  const TimeLimit& time = wanted.time;
  return script_.note(
      Call::clone,
      std::string("start_init") + (wanted.stays ? " stays" : "") +
          (time.seconds == 0
               ? ""
               : " " + std::to_string(time.seconds) + "+" + std::to_string(time.grace) + " " +
                     std::to_string(time.stop_signal) + " " + time.notice));
}

Answer ScriptedProcess::run_hooks(RunHooks::Time time) noexcept {
  return script_.note(Call::recv, std::string("run_hooks ") + static_cast<char>(time));
}

Answer ScriptedProcess::announce_program() noexcept {
  return script_.note(Call::sendmsg, "announce_program");
}

Answer ScriptedProcess::enter_group() noexcept {
  return script_.note(Call::write, "enter_group");
}

Answer ScriptedProcess::pin_to_cpus(const Numbers& cpus) noexcept {
  return script_.note(Call::sched_setaffinity, "pin_to_cpus " + to_text(cpus));
}

Answer ScriptedProcess::bind_memory(const BindMemory& wanted) noexcept {
  return script_.note(Call::set_mempolicy,
                      "bind_memory " + to_text(wanted.nodes) + (wanted.in_turn ? " in turn" : ""));
}

Answer ScriptedProcess::set_limit(const Limit& limit) noexcept {
  return script_.note(Call::setrlimit,
                      "set_limit " + std::to_string(limit.resource) + " " +
                          std::to_string(limit.soft) + ":" + std::to_string(limit.hard));
}

Answer ScriptedProcess::set_umask(unsigned mask) noexcept {
  return script_.note(Call::umask, "set_umask " + std::to_string(mask));
}

Answer ScriptedProcess::execute(const char* const* candidates,
                                char* const* arguments,
                                char* const* environment) noexcept {
  return script_.note(
      Call::execve,
      "execute" + words_of(candidates) + " |" + words_of(arguments) + " |" + words_of(environment));
}

}  // namespace berth::tests
