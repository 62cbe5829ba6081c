// SPDX-License-Identifier: Apache-2.0
// File systems that are made for the container: empty ones, and those that show its namespaces.
#include "image/serve/serve.h"
#include "launcher/enter/linux_calls.h"
#include "launcher/enter/linux_mounts.h"

#include <cerrno>

namespace berth::enter {

namespace {

/// `mount` is the caller's.
Answer make_image(int device, const TakeImage& wanted, int& mount) noexcept {
  const int context = ::fsopen("fuse", FSOPEN_CLOEXEC);
  if (context < 0) return {Call::fsopen, errno};
  char numbers[3][20];
  put_number(numbers[0], static_cast<unsigned>(device));
  put_number(numbers[1], wanted.uid);
  put_number(numbers[2], wanted.gid);

  const struct {
    const char* key;
    const char* value;
  } settings[] = {{"source", "berth"},
                  {"subtype", "berth"},
                  {"fd", numbers[0]},
                  {"rootmode", "40000"},
                  {"user_id", numbers[1]},
                  {"group_id", numbers[2]}};

  int told = 0;
  for (const auto& [key, value] : settings)
    if (told == 0) told = ::fsconfig(context, FSCONFIG_SET_STRING, key, value, 0);
  for (const char* flag : {"default_permissions", "allow_other", "ro"})
    if (told == 0) told = ::fsconfig(context, FSCONFIG_SET_FLAG, flag, nullptr, 0);
  return finish_tree(context, told, wanted.flags.set | MOUNT_ATTR_NOATIME, mount);
}

}  // namespace

Answer finish_tree(int context, int told, std::uint64_t flags, int& mount) noexcept {
  if (told == 0) told = ::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  Answer done{Call::fsconfig, told == 0 ? 0 : errno};
  if (told == 0) {
    mount = ::fsmount(context, FSMOUNT_CLOEXEC, static_cast<unsigned>(flags));
    done = {Call::fsmount, mount < 0 ? errno : 0};
  }
  ::close(context);
  return done;
}

Answer LinuxMounts::make_tree(const MakeTree& wanted) noexcept {
  if (wanted.slot >= kSlots) return {Call::fsopen, E2BIG};
  const int context = ::fsopen(wanted.type.c_str(), FSOPEN_CLOEXEC);
  if (context < 0) return {Call::fsopen, errno};
  int told = ::fsconfig(context, FSCONFIG_SET_STRING, "source", "berth", 0);
  for (const MountSetting& setting : wanted.settings)
    if (told == 0)
      told =
          ::fsconfig(context, FSCONFIG_SET_STRING, setting.key.c_str(), setting.value.c_str(), 0);
  int mount = -1;
  const Answer done = finish_tree(context, told, wanted.flags.set, mount);
  if (done.number != 0) return done;
  // What is written to the others is the node's: a directory in cgroup2 is a control group.
  if (wanted.type == "tmpfs")
    hold_own(wanted.slot, mount);
  else
    trees_[wanted.slot] = mount;
  return done;
}

Answer LinuxMounts::make_link(const MakeLink& link) noexcept {
  if (link.slot >= kSlots) return {Call::symlink, E2BIG};
  const int made = ::symlinkat(link.target.c_str(), trees_[link.slot], link.name.c_str());
  return {Call::symlink, made == 0 ? 0 : errno};
}

Answer LinuxMounts::take_image(const TakeImage& wanted) noexcept {
  if (wanted.slot >= kSlots) return {Call::fsopen, E2BIG};
  const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);  // as in mount_image()
  if (device < 0) return {Call::open, errno};
  int mount = -1;
  Answer done = make_image(device, wanted, mount);
  if (done.number == 0)
    done = {Call::sendmsg,
            serve::hand_over(source(wanted.layer).server,
                             device,
                             {wanted.uid, wanted.gid, wanted.has_stored_owners})};
  ::close(device);
  // No place can be made in it, which the kernel says of it better than we could.
  if (mount >= 0) hold_own(wanted.slot, mount);
  return done;
}

}  // namespace berth::enter
