// SPDX-License-Identifier: Apache-2.0
// What to try after a refusal. Constant texts: names stand in the first line already, and
// docs/errors.md has a paragraph for each.
#include "launcher/plan/plan.h"

#include <cerrno>

namespace berth::plan {

namespace {

constexpr const char* kMoreNamespaces = "raise the sysctl user.max_user_namespaces";
constexpr const char* kAllowNamespaces =
    "ask the administrator to let ordinary users make user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1, or AppArmor's restriction off)";
constexpr const char* kMaps =
    "ask the administrator whether AppArmor or SELinux restricts user namespaces on this node";
constexpr const char* kLoadFuse = "ask the administrator to load the kernel module: modprobe fuse";
constexpr const char* kOpenFuse = "ask the administrator to open the device: chmod 666 /dev/fuse";
constexpr const char* kOverlay = "overlayfs in user namespaces needs Linux 5.13 or later";
constexpr const char* kKeepOnDisk =
    "keep changes on a local disk that can be written, with ext4, xfs or btrfs: --overlay DIR";
constexpr const char* kEmptyWork =
    "the kernel cannot empty its work directory: cd DIR/work && chmod -R u+rwx . && rm -rf ./*";
constexpr const char* kReplaced = "another directory has got its name meanwhile: try again";
constexpr const char* kSourceMissing = "it does not exist on this node: check the path";
constexpr const char* kSourceForbidden =
    "you may not enter it: check the permissions of its parents";
constexpr const char* kMountLimit = "too many mounts, not a full disk: see /proc/sys/fs/mount-max";
constexpr const char* kScratchFull =
    "what may be written is bounded, and that is too little: --tmpfs-size SIZE";
constexpr const char* kTargetInBind =
    "berth makes missing places in the container only: make this one on the host first";
constexpr const char* kTargetKind = "a directory can only cover a directory, and a file a file";
constexpr const char* kDanglingLink =
    "a link of the image leads to nothing there: bind to another place, or see --home=none";
constexpr const char* kWorkdir = "choose a directory that the image has: --workdir DIR";
constexpr const char* kProgramMissing =
    "the image has no such program: check the name, or PATH inside the image";
constexpr const char* kInterpreter =
    "the file is there: its interpreter or loader is missing from the image";
constexpr const char* kNotExecutable = "make the file executable in the image: chmod +x";
constexpr const char* kFormat =
    "it is not a program for this machine: check its architecture, or begin a script with #!";
constexpr const char* kTooLong = "shorten the arguments and the environment: --clean-env";
constexpr const char* kDamaged =
    "the image has changed since it was made: see 'berth image verify', and import it again";
constexpr const char* kJoin =
    "give each process a container of its own: --share=none, and report what you ran";

const char* hint_for_namespaces(const Step& step, int number) {
  if (std::get_if<EnterNamespaces>(&step)) {
    if (number == ENOSPC || number == EUSERS) return kMoreNamespaces;
    if (number == EPERM || number == EACCES) return kAllowNamespaces;
  }
  if (const auto* file = std::get_if<WriteFile>(&step))
    if (file->path.starts_with("/proc/self/") && (number == EPERM || number == EACCES))
      return kMaps;
  if (std::get_if<JoinContainer>(&step)) return kJoin;
  return "";
}

/// The kernel says the same of a full file system and of its own limits.
const char* hint_for_no_space(const Step& step, std::string_view call) {
  if (call.find("mount") != std::string_view::npos) return kMountLimit;
  const auto* file = std::get_if<WriteFile>(&step);
  const bool is_on_scratch = file != nullptr ? !file->path.starts_with("/proc/")
                                             : std::get_if<MakeDirectory>(&step) != nullptr ||
                                                   std::get_if<AttachTree>(&step) != nullptr;
  return is_on_scratch ? kScratchFull : "";
}

const char* hint_for_trees(const Step& step, int number, const Findings& findings) {
  if (std::get_if<TakeTree>(&step)) {
    if (number == EACCES) return kSourceForbidden;
    if (!findings.source_exists) return kSourceMissing;
  }
  if (std::get_if<AttachTree>(&step)) {
    if (number == EXDEV) return kTargetInBind;
    if (number == ENOTDIR || number == EISDIR) return kTargetKind;
    if (number == EEXIST) return kDanglingLink;
  }
  return "";
}

const char* hint_for_overlay(const Step& step, int number) {
  if (std::get_if<AttachOverlay>(&step) && number == ESTALE) return kReplaced;
  const auto* overlay = std::get_if<MountOverlay>(&step);
  if (overlay == nullptr) return "";
  if (!overlay->kept_in.empty() && number == EROFS) return kEmptyWork;
  if (!overlay->kept_in.empty() && number == EINVAL) return kKeepOnDisk;
  return number == EPERM || number == EINVAL || number == ENODEV ? kOverlay : "";
}

const char* hint_for_mounts(const Step& step, const Refusal& refusal) {
  const int number = refusal.number;
  if (std::get_if<MountImage>(&step)) {
    if (number == ENOENT || number == ENODEV || number == ENXIO) return kLoadFuse;
    if (refusal.call == "open" && (number == EACCES || number == EPERM)) return kOpenFuse;
  }
  if (std::get_if<AwaitProof>(&step) && number == EIO) return kDamaged;
  return number == ENOSPC ? hint_for_no_space(step, refusal.call) : "";
}

const char* hint_for_program(const Step& step, int number, const Findings& findings) {
  if (std::get_if<EnterDirectory>(&step)) return kWorkdir;
  if (!std::get_if<Execute>(&step)) return "";
  if (number == ENOENT) return findings.program_exists ? kInterpreter : kProgramMissing;
  if (number == EACCES) return kNotExecutable;
  if (number == ENOEXEC) return kFormat;
  if (number == EIO) return kDamaged;
  return number == E2BIG ? kTooLong : "";
}

}  // namespace

std::string hint_for(const Step& step, const Refusal& refusal, const Findings& findings) {
  for (const char* hint : {hint_for_namespaces(step, refusal.number),
                           hint_for_program(step, refusal.number, findings),
                           hint_for_trees(step, refusal.number, findings),
                           hint_for_overlay(step, refusal.number),
                           hint_for_mounts(step, refusal)})
    if (*hint != '\0') return hint;
  return {};
}

std::vector<std::string> all_hints() {
  return {kMoreNamespaces,  kAllowNamespaces, kMaps,           kLoadFuse,     kOpenFuse,
          kOverlay,         kKeepOnDisk,      kEmptyWork,      kReplaced,     kSourceMissing,
          kSourceForbidden, kMountLimit,      kScratchFull,    kTargetInBind, kTargetKind,
          kDanglingLink,    kWorkdir,         kProgramMissing, kInterpreter,  kNotExecutable,
          kFormat,          kTooLong,         kDamaged,        kJoin};
}

}  // namespace berth::plan
