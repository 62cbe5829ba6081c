// SPDX-License-Identifier: Apache-2.0
// What to try after a refusal. Constant texts: names stand in the first line already, and
// docs/errors.md has a paragraph for each.
#include "launcher/plan/plan.h"

#include <sched.h>

#include <cerrno>

namespace berth::plan {

namespace {

constexpr const char* kMoreNamespaces = "raise the sysctl user.max_user_namespaces";
constexpr const char* kAllowNamespaces =
    "ask the administrator to let ordinary users make user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1, or AppArmor's restriction off)";
constexpr const char* kMoreKinds = "raise the sysctls user.max_*_namespaces";
constexpr const char* kNoSuchKind =
    "this kernel lacks one of these namespaces: leave out the options that ask for them";
constexpr const char* kCovered =
    "the kernel makes a new one only where nothing covers parts of the node's, as containers do: "
    "leave out the option that asks for it";
constexpr const char* kClocks =
    "the clocks cannot show that: choose a --time-offset nearer to zero";
constexpr const char* kNetwork =
    "see what it says by itself, as 'pasta --config-net true', or leave --net=private out";
constexpr const char* kMaps =
    "ask the administrator whether AppArmor or SELinux restricts user namespaces on this node";
constexpr const char* kMapper =
    "newuidmap and newgidmap have to be setuid root, and serve you in your login group only: ask "
    "the "
    "administrator, or leave --subuid out";
constexpr const char* kSysctls =
    "/proc/sys cannot be written here, as within other containers: leave out --disable-userns";
constexpr const char* kLoadFuse = "ask the administrator to load the kernel module: modprobe fuse";
constexpr const char* kOpenFuse = "ask the administrator to open the device: chmod 666 /dev/fuse";
constexpr const char* kOverlay = "overlayfs in user namespaces needs Linux 5.13 or later";
constexpr const char* kTooDeep =
    "overlays lie on each other two deep: take an image, or a directory that is on no overlay";
constexpr const char* kKeepOnDisk =
    "keep changes on a local disk that can be written, with ext4, xfs or btrfs: --overlay DIR";
constexpr const char* kEmptyWork =
    "the kernel cannot empty its work directory: cd DIR/work && chmod -R u+rwx . && rm -rf ./*";
constexpr const char* kReplaced = "another directory has got its name meanwhile: try again";
constexpr const char* kSourceMissing = "it does not exist on this node: check the path";
constexpr const char* kSourceForbidden =
    "you may not enter it: check the permissions of its parents";
constexpr const char* kLocked =
    "a container cannot take that away: leave the option out, or bind what is mounted otherwise";
constexpr const char* kMountsBelow =
    "something is mounted below it, which cannot be uncovered: leave out nonrec";
constexpr const char* kMountsInImage =
    "something is mounted below it, which an image cannot show: name another directory, or use it "
    "as it is with --writable";
constexpr const char* kSameLayers =
    "one directory of the stack is another one, or lies in it: leave one of them out";
constexpr const char* kOfNamespace =
    "it shows a namespace, and this container has the node's: ask for its own with --ipc or "
    "--net=none";
constexpr const char* kMountLimit = "too many mounts, not a full disk: see /proc/sys/fs/mount-max";
constexpr const char* kScratchFull =
    "what may be written is bounded, and that is too little: --tmpfs-size SIZE";
constexpr const char* kFileLimit =
    "a limit on the size of files is in force, see 'ulimit -f': raise it before the launch";
constexpr const char* kTargetInBind =
    "berth makes missing places in the container only: make this one on the host first";
constexpr const char* kPlaceFull =
    "the file system there is full: a larger --tmpfs-size, or size= and nr_inodes= of a --tmpfs";
constexpr const char* kPlaceReadOnly =
    "no place can be made in what is read-only: leave out its ro, or bind to another place";
constexpr const char* kTargetKind = "a directory can only cover a directory, and a file a file";
constexpr const char* kDanglingLink =
    "a link of the image leads to nothing there: bind to another place, or see --home=none";
constexpr const char* kProcNeeded =
    "/proc of the container is covered, and berth itself needs it: leave that place alone";
constexpr const char* kWorkdir = "choose a directory that the image has: --workdir DIR";
constexpr const char* kGroupClosed =
    "the group is there, and this process may not enter it: the directory that it moves "
    "from has to be yours too";
constexpr const char* kGroupEmpty =
    "its set of CPUs or of memory nodes is empty, or has nothing of the group above: see --plan";
constexpr const char* kHardLimit =
    "only an administrator raises a hard limit: see 'ulimit -Ha' for yours";
constexpr const char* kCpusGone =
    "these CPUs were taken away meanwhile: see Cpus_allowed_list in /proc/self/status";
constexpr const char* kNodesGone =
    "these memory nodes were taken away meanwhile: see Mems_allowed_list in /proc/self/status";
constexpr const char* kNoPolicies =
    "this kernel, or what berth runs in, has no memory policies: leave out --mem-bind";
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
constexpr const char* kFilteredStart =
    "it may be the profile of --seccomp: it has to let the program's start through, execve";
constexpr const char* kNoFilters = "this kernel takes no filters of system calls: --seccomp=none";
constexpr const char* kJoin =
    "give each process a container of its own: --share=none, and report what you ran";

/// The kernel looks at the namespace first, then at what covers the node's.
const char* hint_for_own(std::string_view type, std::string_view call) {
  if (type == "mqueue" || (type == "sysfs" && call == "fsopen")) return kOfNamespace;
  return type == "tmpfs" || type == "devpts" ? "" : kCovered;
}

const char* hint_for_kinds(int flags, int number) {
  const bool is_usual = (flags & ~(CLONE_NEWUSER | CLONE_NEWNS)) == 0;
  if (number == ENOSPC || number == EUSERS) return is_usual ? kMoreNamespaces : kMoreKinds;
  if (number == EPERM || number == EACCES) return kAllowNamespaces;
  return number == EINVAL && !is_usual ? kNoSuchKind : "";
}

const char* hint_for_namespaces(const Step& step, const Refusal& refusal) {
  const int number = refusal.number;
  if (const auto* enter = std::get_if<EnterNamespaces>(&step))
    return hint_for_kinds(enter->flags, number);
  if (std::get_if<ShiftClocks>(&step) && number == ERANGE) return kClocks;
  if (const auto* own = std::get_if<MakeTree>(&step))
    if (number == EPERM) return hint_for_own(own->type, refusal.call);
  if (const auto* file = std::get_if<WriteFile>(&step)) {
    if (file->path.starts_with("/proc/self/") && (number == EPERM || number == EACCES))
      return kMaps;
    if (file->path.starts_with("/proc/sys/")) return kSysctls;
  }
  if (std::get_if<ShareContainer>(&step) && (number == ENOENT || number == ENOTDIR))
    return kProcNeeded;
  if (const auto* join = std::get_if<JoinContainer>(&step)) return join->name.empty() ? kJoin : "";
  return "";
}

/// Where a program of the node's refuses what it is asked for.
const char* hint_for_helpers(const Step& step) {
  if (std::get_if<MapIds>(&step)) return kMapper;
  return std::get_if<ConnectNetwork>(&step) ? kNetwork : "";
}

/// The kernel says the same of a full file system and of its own limits.
const char* hint_for_no_space(const Step& step, std::string_view call) {
  if (call.find("mount") != std::string_view::npos) return kMountLimit;
  if (std::get_if<AttachTree>(&step)) return kPlaceFull;
  const auto* file = std::get_if<WriteFile>(&step);
  const bool is_on_scratch = file != nullptr ? !file->path.starts_with("/proc/")
                                             : std::get_if<MakeDirectory>(&step) != nullptr;
  return is_on_scratch ? kScratchFull : "";
}

const char* hint_for_source(const TakeTree& tree, int number, const Findings& findings) {
  if (number == EACCES) return kSourceForbidden;
  if (!findings.source_exists) return kSourceMissing;
  if (number == EPERM && !findings.locked.empty()) return kLocked;
  const bool is_covering = !tree.flags.is_recursive && findings.has_mounts_below;
  if (number != EINVAL || !is_covering) return "";
  return tree.is_image ? kMountsInImage : kMountsBelow;
}

const char* hint_for_target(int number) {
  if (number == EXDEV) return kTargetInBind;
  if (number == EROFS) return kPlaceReadOnly;
  if (number == ENOTDIR || number == EISDIR) return kTargetKind;
  return number == EEXIST ? kDanglingLink : "";
}

const char* hint_for_trees(const Step& step, int number, const Findings& findings) {
  if (const auto* tree = std::get_if<TakeTree>(&step))
    return hint_for_source(*tree, number, findings);
  return std::get_if<AttachTree>(&step) != nullptr ? hint_for_target(number) : "";
}

const char* hint_for_overlay(const Step& step, int number) {
  const bool is_compared =
      std::get_if<AttachOverlay>(&step) != nullptr || std::get_if<AttachImage>(&step) != nullptr;
  if (is_compared && number == ESTALE) return kReplaced;
  if (std::get_if<MountPrivateRoot>(&step) != nullptr && number == EINVAL) return kTooDeep;
  const auto* overlay = std::get_if<MountOverlay>(&step);
  if (overlay == nullptr) return "";
  if (!overlay->kept_in.empty() && number == EROFS) return kEmptyWork;
  if (!overlay->kept_in.empty() && number == EINVAL) return kKeepOnDisk;
  if (number == ELOOP) return kSameLayers;
  return number == EPERM || number == EINVAL || number == ENODEV ? kOverlay : "";
}

const char* hint_for_mounts(const Step& step, const Refusal& refusal) {
  const int number = refusal.number;
  if (std::get_if<MountImage>(&step) || std::get_if<TakeImage>(&step)) {
    if (number == ENOENT || number == ENODEV || number == ENXIO) return kLoadFuse;
    if (refusal.call == "open" && (number == EACCES || number == EPERM)) return kOpenFuse;
  }
  if (std::get_if<AwaitProof>(&step) && number == EIO) return kDamaged;
  if (number == EFBIG) return kFileLimit;
  return number == ENOSPC ? hint_for_no_space(step, refusal.call) : "";
}

const char* hint_for_place(const Step& step, int number) {
  if (std::get_if<EnterGroup>(&step) && (number == EACCES || number == EPERM)) return kGroupClosed;
  if (std::get_if<EnterGroup>(&step) && (number == ENOSPC || number == EINVAL)) return kGroupEmpty;
  if (std::get_if<PinToCpus>(&step) && number == EINVAL) return kCpusGone;
  if (std::get_if<BindMemory>(&step) == nullptr) return "";
  return number == EINVAL ? kNodesGone : kNoPolicies;
}

const char* hint_for_program(const Step& step, int number, const Findings& findings) {
  if (std::get_if<EnterDirectory>(&step)) return kWorkdir;
  if (std::get_if<SetLimit>(&step) && number == EPERM) return kHardLimit;
  if (std::get_if<FilterCalls>(&step) && (number == ENOSYS || number == EINVAL)) return kNoFilters;
  if (!std::get_if<Execute>(&step)) return "";
  if (number == ENOENT) return findings.program_exists ? kInterpreter : kProgramMissing;
  if (number == EACCES) return kNotExecutable;
  if (number == EPERM || number == ENOSYS) return kFilteredStart;
  if (number == ENOEXEC) return kFormat;
  if (number == EIO) return kDamaged;
  return number == E2BIG ? kTooLong : "";
}

}  // namespace

std::string hint_for(const Step& step, const Refusal& refusal, const Findings& findings) {
  for (const char* hint : {hint_for_namespaces(step, refusal),
                           hint_for_helpers(step),
                           hint_for_program(step, refusal.number, findings),
                           hint_for_place(step, refusal.number),
                           hint_for_trees(step, refusal.number, findings),
                           hint_for_overlay(step, refusal.number),
                           hint_for_mounts(step, refusal)})
    if (*hint != '\0') return hint;
  return {};
}

std::vector<std::string> all_hints() {
  return {kMoreNamespaces,
          kAllowNamespaces,
          kMoreKinds,
          kNoSuchKind,
          kCovered,
          kClocks,
          kNetwork,
          kMaps,
          kMapper,
          kSysctls,
          kLoadFuse,
          kOpenFuse,
          kOverlay,
          kTooDeep,
          kKeepOnDisk,
          kEmptyWork,
          kReplaced,
          kSourceMissing,
          kSourceForbidden,
          kLocked,
          kMountsBelow,
          kMountsInImage,
          kSameLayers,
          kOfNamespace,
          kMountLimit,
          kScratchFull,
          kFileLimit,
          kTargetInBind,
          kPlaceFull,
          kPlaceReadOnly,
          kTargetKind,
          kDanglingLink,
          kProcNeeded,
          kWorkdir,
          kGroupClosed,
          kGroupEmpty,
          kHardLimit,
          kCpusGone,
          kNodesGone,
          kNoPolicies,
          kProgramMissing,
          kInterpreter,
          kNotExecutable,
          kFormat,
          kTooLong,
          kDamaged,
          kFilteredStart,
          kNoFilters,
          kJoin};
}

}  // namespace berth::plan
