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

}  // namespace

Answer Script::note(Call call, std::string text) {
  const bool is_refused = calls.size() == refuse_at;
  calls.push_back(std::move(text));
  return {call, is_refused ? number : 0};
}

Answer ScriptedMounts::write_file(const char* path, const char* text) noexcept {
  return script_.note(Call::write, std::string("write_file ") + path + ": " + text);
}

Answer ScriptedMounts::keep_inside() noexcept {
  return script_.note(Call::mount, "keep_inside");
}

Answer ScriptedMounts::take_tree(const char* from, unsigned slot, bool read_only) noexcept {
  return script_.note(
      Call::open_tree,
      "take_tree " + std::to_string(slot) + " " + from + (read_only ? " read-only" : ""));
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

Answer ScriptedMounts::mount_image(const char* at, const unsigned (&ids)[2]) noexcept {
  return script_.note(Call::mount,
                      std::string("mount_image ") + at + " " + std::to_string(ids[0]) + ":" +
                          std::to_string(ids[1]));
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

Answer ScriptedMounts::attach_tree(unsigned slot, const char* to) noexcept {
  return script_.note(Call::move_mount, "attach_tree " + std::to_string(slot) + " " + to);
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

Answer ScriptedMounts::change_root(const char* root, bool read_only) noexcept {
  return script_.note(Call::pivot_root,
                      std::string("change_root ") + root + (read_only ? " read-only" : ""));
}

Answer ScriptedProcess::enter_namespaces(int flags) noexcept {
  return script_.note(Call::unshare, "enter_namespaces " + std::to_string(flags));
}

Answer ScriptedProcess::share_container() noexcept {
  return script_.note(Call::sendmsg, "share_container");
}

Answer ScriptedProcess::join_container() noexcept {
  return script_.note(Call::setns, "join_container");
}

Answer ScriptedProcess::enter_directory(const char* path) noexcept {
  return script_.note(Call::chdir, std::string("enter_directory ") + path);
}

Answer ScriptedProcess::drop_privileges() noexcept {
  return script_.note(Call::capset, "drop_privileges");
}

Answer ScriptedProcess::close_others(const int* keep, unsigned count) noexcept {
  std::string text = "close_others";
  for (unsigned i = 0; i < count; ++i)
    text += " " + std::to_string(keep[i]);
  return script_.note(Call::close_range, text);
}

Answer ScriptedProcess::execute(const char* const* candidates,
                                char* const* arguments,
                                char* const* environment) noexcept {
  return script_.note(
      Call::execve,
      "execute" + words_of(candidates) + " |" + words_of(arguments) + " |" + words_of(environment));
}

}  // namespace berth::tests
