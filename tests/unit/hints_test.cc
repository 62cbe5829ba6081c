// SPDX-License-Identifier: Apache-2.0
// Each hint at the refusal it is for, in the whole message; and none of them at its neighbours.
#include "base/file.h"
#include "base/text.h"
#include "launcher/plan/plan.h"

#include <sched.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::plan {
namespace {

struct Row {
  Step step;
  Refusal refusal;
  Findings findings;
  std::string text;  ///< the message whole; without its second line when there is no hint
};

const Step kUnshare = EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS};
const Step kClone = EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID};
const Step kShift = ShiftClocks{"monotonic -1 0\n"};
const Step kMake = MakeTree{"proc", 0};
const Step kUidMap = WriteFile{"/proc/self/uid_map", "0 0 1"};
const Step kPasswd = WriteFile{"/tmp/upper/etc/passwd", ""};
const Step kTake = TakeTree{"/data", 0};
const Step kTakeAsProgram = TakeTree{"/data", 0, {.clear = MOUNT_ATTR_NOEXEC}};
const Step kTakeAlone = TakeTree{"/data", 0, {.is_recursive = false}};
const Step kTakeAsImage = TakeTree{"/data", 0, {.is_recursive = false}, true};
const Step kImage = MountImage{"i.sqsh", "/tmp/image", 0, 0};
const Step kOverlay = MountOverlay{"", "/tmp/root"};
const Step kKept = MountOverlay{"", "/tmp/root", "berth", "/o"};
const Step kAttach = AttachTree{0, "/data", "/mnt"};
const Step kLimit = SetLimit{{RLIMIT_NOFILE, 10, 20}};
const Step kProgram = Execute{{"/bin/app"}, {"app"}, {}};
const Findings kNothing = {};
const Findings kNoSource = {.source_exists = false};
const Findings kNoExec = {.locked = "noexec"};
const Findings kMountBelow = {.has_mounts_below = true};
const Findings kFileIsThere = {.program_exists = true};

std::string message_of(const Row& row) {
  return to_text(Error{
      Blame::host, goal_of(row.step), row.refusal, hint_for(row.step, row.refusal, row.findings)});
}

// NOLINTNEXTLINE(readability-function-size): a table
const std::vector<Row>& rows_with_hints() {
  static const std::vector<Row> rows = {
      {kUnshare,
       {"unshare", ENOSPC},
       kNothing,
       "berth: cannot create a user and mount namespace: unshare: No space left on device "
       "(ENOSPC)\n"
       "berth: hint: raise the sysctl user.max_user_namespaces"},
      {kUnshare,
       {"unshare", EUSERS},
       kNothing,
       "berth: cannot create a user and mount namespace: unshare: Too many users (EUSERS)\n"
       "berth: hint: raise the sysctl user.max_user_namespaces"},
      {kClone,
       {"clone", ENOSPC},
       kNothing,
       "berth: cannot create a user, mount and pid namespace: clone: No space left on device "
       "(ENOSPC)\n"
       "berth: hint: raise the sysctls user.max_*_namespaces"},
      {kClone,
       {"clone", EINVAL},
       kNothing,
       "berth: cannot create a user, mount and pid namespace: clone: Invalid argument (EINVAL)\n"
       "berth: hint: this kernel lacks one of these namespaces: leave out the options that ask for "
       "them"},
      {kShift,
       {"write", ERANGE},
       kNothing,
       "berth: cannot shift the clocks of this container: write: Numerical result out of range "
       "(ERANGE)\n"
       "berth: hint: the clocks cannot show that: choose a --time-offset nearer to zero"},
      {kMake,
       {"fsmount", EPERM},
       kNothing,
       "berth: cannot make a file system 'proc' for this container: fsmount: Operation not "
       "permitted (EPERM)\n"
       "berth: hint: the kernel makes a new one only where nothing covers parts of the node's, as "
       "containers do: leave out the option that asks for it"},
      {kUnshare,
       {"unshare", EPERM},
       kNothing,
       "berth: cannot create a user and mount namespace: unshare: Operation not permitted "
       "(EPERM)\n"
       "berth: hint: ask the administrator to let ordinary users make user namespaces "
       "(sysctl kernel.unprivileged_userns_clone=1, or AppArmor's restriction off)"},
      {kUidMap,
       {"write", EPERM},
       kNothing,
       "berth: cannot write '/proc/self/uid_map': write: Operation not permitted (EPERM)\n"
       "berth: hint: ask the administrator whether AppArmor or SELinux restricts user namespaces "
       "on this node"},
      {WriteFile{"/proc/sys/user/max_user_namespaces", "0"},
       {"open", EROFS},
       kNothing,
       "berth: cannot write '/proc/sys/user/max_user_namespaces': open: Read-only file system "
       "(EROFS)\n"
       "berth: hint: /proc/sys cannot be written here, as within other containers: leave out "
       "--disable-userns"},
      {kImage,
       {"open", ENOENT},
       kNothing,
       "berth: cannot mount the image 'i.sqsh' on '/tmp/image': open: No such file or directory "
       "(ENOENT)\n"
       "berth: hint: ask the administrator to load the kernel module: modprobe fuse"},
      {kImage,
       {"mount", ENODEV},
       kNothing,
       "berth: cannot mount the image 'i.sqsh' on '/tmp/image': mount: No such device (ENODEV)\n"
       "berth: hint: ask the administrator to load the kernel module: modprobe fuse"},
      {kImage,
       {"open", EACCES},
       kNothing,
       "berth: cannot mount the image 'i.sqsh' on '/tmp/image': open: Permission denied (EACCES)\n"
       "berth: hint: ask the administrator to open the device: chmod 666 /dev/fuse"},
      {kOverlay,
       {"mount", EPERM},
       kNothing,
       "berth: cannot make the image writable for this run on '/tmp/root': mount: Operation not "
       "permitted (EPERM)\n"
       "berth: hint: overlayfs in user namespaces needs Linux 5.13 or later"},
      {MapIds{},
       {"recv", EPERM},
       kNothing,
       "berth: cannot map your own and your subordinate users and groups into the container: recv: "
       "Operation not permitted (EPERM)\n"
       "berth: hint: newuidmap and newgidmap have to be setuid root, and serve you in your login "
       "group only: ask the administrator, or leave --subuid out"},
      {ConnectNetwork{"/usr/bin/pasta"},
       {"recv", ENETUNREACH},
       kNothing,
       "berth: cannot connect the container to the network through '/usr/bin/pasta': recv: Network "
       "is "
       "unreachable (ENETUNREACH)\n"
       "berth: hint: see what it says by itself, as 'pasta --config-net true', or leave "
       "--net=private "
       "out"},
      {MountPrivateRoot{},
       {"mount", EINVAL},
       kNothing,
       "berth: cannot lay changes of this rank's own over the root that it shares: mount: Invalid "
       "argument (EINVAL)\n"
       "berth: hint: overlays lie on each other two deep: take an image, or a directory that is on "
       "no "
       "overlay"},
      {kKept,
       {"mount", EINVAL},
       kNothing,
       "berth: cannot make the image writable on '/tmp/root', keeping changes in '/o': mount: "
       "Invalid argument (EINVAL)\n"
       "berth: hint: keep changes on a local disk that can be written, with ext4, xfs or btrfs: "
       "--overlay DIR"},
      {kKept,
       {"mount", EROFS},
       kNothing,
       "berth: cannot make the image writable on '/tmp/root', keeping changes in '/o': mount: "
       "Read-only file system (EROFS)\n"
       "berth: hint: the kernel cannot empty its work directory: cd DIR/work && "
       "chmod -R u+rwx . && rm -rf ./*"},
      {AttachOverlay{5, "/o", "/tmp/kept"},
       {"fstat", ESTALE},
       kNothing,
       "berth: cannot show the changes in '/o' on '/tmp/kept': fstat: Stale file handle (ESTALE)\n"
       "berth: hint: another directory has got its name meanwhile: try again"},
      {kTake,
       {"open_tree", ENOENT},
       kNoSource,
       "berth: cannot show '/data' of this node: open_tree: No such file or directory (ENOENT)\n"
       "berth: hint: it does not exist on this node: check the path"},
      {kTake,
       {"open_tree", EACCES},
       kNoSource,
       "berth: cannot show '/data' of this node: open_tree: Permission denied (EACCES)\n"
       "berth: hint: you may not enter it: check the permissions of its parents"},
      {kTakeAsProgram,
       {"mount_setattr", EPERM},
       kNoExec,
       "berth: cannot show '/data' of this node with exec: mount_setattr: Operation not permitted "
       "(EPERM)\n"
       "berth: hint: a container cannot take that away: leave the option out, or bind what is "
       "mounted otherwise"},
      {kTakeAlone,
       {"open_tree", EINVAL},
       kMountBelow,
       "berth: cannot show '/data' of this node with nothing mounted below: open_tree: Invalid "
       "argument (EINVAL)\n"
       "berth: hint: something is mounted below it, which cannot be uncovered: leave out nonrec"},
      {kTakeAsImage,
       {"open_tree", EINVAL},
       kMountBelow,
       "berth: cannot use the directory '/data' as an image: open_tree: Invalid argument (EINVAL)\n"
       "berth: hint: something is mounted below it, which an image cannot show: name another "
       "directory, or use it as it is with --writable"},
      {kOverlay,
       {"mount", ELOOP},
       kNothing,
       "berth: cannot make the image writable for this run on '/tmp/root': mount: Too many levels "
       "of "
       "symbolic links (ELOOP)\n"
       "berth: hint: one directory of the stack is another one, or lies in it: leave one of them "
       "out"},
      {AttachImage{5, "/o", "/tmp/image"},
       {"fstat", ESTALE},
       kNothing,
       "berth: cannot show the directory '/o' on '/tmp/image': fstat: Stale file handle (ESTALE)\n"
       "berth: hint: another directory has got its name meanwhile: try again"},
      {MakeTree{"sysfs", 0},
       {"fsopen", EPERM},
       kNothing,
       "berth: cannot make a file system 'sysfs' for this container: fsopen: Operation not "
       "permitted (EPERM)\n"
       "berth: hint: it shows a namespace, and this container has the node's: ask for its own with "
       "--ipc or --net=none"},
      {kAttach,
       {"move_mount", ENOSPC},
       kNothing,
       "berth: cannot bind '/data' to '/mnt': move_mount: No space left on device (ENOSPC)\n"
       "berth: hint: too many mounts, not a full disk: see /proc/sys/fs/mount-max"},
      {kPasswd,
       {"write", ENOSPC},
       kNothing,
       "berth: cannot write '/tmp/upper/etc/passwd': write: No space left on device (ENOSPC)\n"
       "berth: hint: what may be written is bounded, and that is too little: --tmpfs-size SIZE"},
      {kPasswd,
       {"write", EFBIG},
       kNothing,
       "berth: cannot write '/tmp/upper/etc/passwd': write: File too large (EFBIG)\n"
       "berth: hint: a limit on the size of files is in force, see 'ulimit -f': raise it before "
       "the "
       "launch"},
      {kAttach,
       {"mkdir", ENOSPC},
       kNothing,
       "berth: cannot bind '/data' to '/mnt': mkdir: No space left on device (ENOSPC)\n"
       "berth: hint: the file system there is full: a larger --tmpfs-size, or size= and nr_inodes= "
       "of a --tmpfs"},
      {kAttach,
       {"mkdir", EROFS},
       kNothing,
       "berth: cannot bind '/data' to '/mnt': mkdir: Read-only file system (EROFS)\n"
       "berth: hint: no place can be made in what is read-only: leave out its ro, or bind to "
       "another place"},
      {ShareContainer{},
       {"open", ENOENT},
       kNothing,
       "berth: cannot hand the container to its keeper: open: No such file or directory (ENOENT)\n"
       "berth: hint: /proc of the container is covered, and berth itself needs it: leave that "
       "place "
       "alone"},
      {kAttach,
       {"mkdir", EXDEV},
       kNothing,
       "berth: cannot bind '/data' to '/mnt': mkdir: Invalid cross-device link (EXDEV)\n"
       "berth: hint: berth makes missing places in the container only: make this one on the host "
       "first"},
      {kAttach,
       {"move_mount", ENOTDIR},
       kNothing,
       "berth: cannot bind '/data' to '/mnt': move_mount: Not a directory (ENOTDIR)\n"
       "berth: hint: a directory can only cover a directory, and a file a file"},
      {kAttach,
       {"mkdir", EEXIST},
       kNothing,
       "berth: cannot bind '/data' to '/mnt': mkdir: File exists (EEXIST)\n"
       "berth: hint: a link of the image leads to nothing there: bind to another place, or see "
       "--home=none"},
      {EnterDirectory{"/w"},
       {"openat2", ENOENT},
       kNothing,
       "berth: cannot work in '/w': openat2: No such file or directory (ENOENT)\n"
       "berth: hint: choose a directory that the image has: --workdir DIR"},
      {kLimit,
       {"setrlimit", EPERM},
       kNothing,
       "berth: cannot limit nofile to 10, at most 20: setrlimit: Operation not permitted (EPERM)\n"
       "berth: hint: only an administrator raises a hard limit: see 'ulimit -Ha' for yours"},
      {EnterGroup{},
       {"write", EACCES},
       kNothing,
       "berth: cannot put the program into a control group of its own: write: Permission denied "
       "(EACCES)\n"
       "berth: hint: the group is there, and this process may not enter it: the directory that it "
       "moves from has to be yours too"},
      {EnterGroup{},
       {"write", ENOSPC},
       kNothing,
       "berth: cannot put the program into a control group of its own: write: No space left on "
       "device (ENOSPC)\n"
       "berth: hint: its set of CPUs or of memory nodes is empty, or has nothing of the group "
       "above: see --plan"},
      {PinToCpus{5, *parse_numbers("8-9")},
       {"sched_setaffinity", EINVAL},
       kNothing,
       "berth: cannot bind rank 5 to the CPUs 8-9: sched_setaffinity: Invalid argument (EINVAL)\n"
       "berth: hint: these CPUs were taken away meanwhile: see Cpus_allowed_list in "
       "/proc/self/status"},
      {BindMemory{*parse_numbers("1"), false},
       {"set_mempolicy", EINVAL},
       kNothing,
       "berth: cannot take memory from the nodes 1 only: set_mempolicy: Invalid argument (EINVAL)\n"
       "berth: hint: these memory nodes were taken away meanwhile: see Mems_allowed_list in "
       "/proc/self/status"},
      {BindMemory{*parse_numbers("0-1"), true},
       {"set_mempolicy", ENOSYS},
       kNothing,
       "berth: cannot take memory from the nodes 0-1 in turn: set_mempolicy: Function not "
       "implemented (ENOSYS)\n"
       "berth: hint: this kernel, or what berth runs in, has no memory policies: leave out "
       "--mem-bind"},
      {kProgram,
       {"execve", ENOENT},
       kNothing,
       "berth: cannot start 'app': execve: No such file or directory (ENOENT)\n"
       "berth: hint: the image has no such program: check the name, or PATH inside the image"},
      {kProgram,
       {"execve", ENOENT},
       kFileIsThere,
       "berth: cannot start 'app': execve: No such file or directory (ENOENT)\n"
       "berth: hint: the file is there: its interpreter or loader is missing from the image"},
      {kProgram,
       {"execve", EACCES},
       kFileIsThere,
       "berth: cannot start 'app': execve: Permission denied (EACCES)\n"
       "berth: hint: make the file executable in the image: chmod +x"},
      {kProgram,
       {"execve", ENOEXEC},
       kFileIsThere,
       "berth: cannot start 'app': execve: Exec format error (ENOEXEC)\n"
       "berth: hint: it is not a program for this machine: check its architecture, or begin a "
       "script with #!"},
      {kProgram,
       {"execve", E2BIG},
       kFileIsThere,
       "berth: cannot start 'app': execve: Argument list too long (E2BIG)\n"
       "berth: hint: shorten the arguments and the environment: --clean-env"},
      {kProgram,
       {"execve", EPERM},
       kFileIsThere,
       "berth: cannot start 'app': execve: Operation not permitted (EPERM)\n"
       "berth: hint: it may be the profile of --seccomp: it has to let the program's start "
       "through, "
       "execve"},
      {FilterCalls{"p.json", {}},
       {"seccomp", EINVAL},
       {},
       "berth: cannot refuse system calls as the profile 'p.json' says: seccomp: Invalid argument "
       "(EINVAL)\n"
       "berth: hint: this kernel takes no filters of system calls: --seccomp=none"},
      {kProgram,
       {"execve", EIO},
       kFileIsThere,
       "berth: cannot start 'app': execve: Input/output error (EIO)\n"
       "berth: hint: the image has changed since it was made: see 'berth image verify', and import "
       "it again"},
      {AwaitProof{},
       {"recv", EIO},
       kNothing,
       "berth: cannot check what programs start with against the image's hash tree: recv: "
       "Input/output error (EIO)\n"
       "berth: hint: the image has changed since it was made: see 'berth image verify', and import "
       "it again"},
      {JoinContainer{},
       {"setns", EPERM},
       kNothing,
       "berth: cannot join the container of this step: setns: Operation not permitted (EPERM)\n"
       "berth: hint: give each process a container of its own: --share=none, and report what you "
       "ran"},
  };
  return rows;
}

TEST(Hint, StandsUnderTheRefusalItIsFor) {
  for (const Row& row : rows_with_hints())
    EXPECT_EQ(message_of(row), row.text);
}

TEST(Hint, HasARowAboveWhateverItSays) {
  std::set<std::string> seen;
  for (const Row& row : rows_with_hints())
    seen.insert(hint_for(row.step, row.refusal, row.findings));
  for (const std::string& hint : all_hints())
    EXPECT_EQ(seen.count(hint), 1U) << "no message shows: " << hint;
  EXPECT_EQ(seen.size(), all_hints().size());
}

TEST(Hint, IsNotGuessedForANeighbour) {
  const std::vector<Row> neighbours = {
      {kUnshare, {"unshare", EINVAL}, kNothing, ""},
      {kUnshare, {"unshare", ENOMEM}, kNothing, ""},
      {kUidMap, {"write", EINVAL}, kNothing, ""},
      {kUidMap, {"write", ENOSPC}, kNothing, ""},
      // A file of the container's, not of the kernel's.
      {kPasswd, {"open", EACCES}, kNothing, ""},
      {kPasswd, {"write", EPERM}, kNothing, ""},
      // A mount that is refused says nothing about who may open the device.
      {kImage, {"mount", EPERM}, kNothing, ""},
      {kImage, {"mount", EACCES}, kNothing, ""},
      {kImage, {"sendmsg", EPIPE}, kNothing, ""},
      {kOverlay, {"mount", ENOMEM}, kNothing, ""},
      {kOverlay, {"open", ENOENT}, kNothing, ""},
      {kOverlay, {"mount", EROFS}, kNothing, ""},
      {kKept, {"open", ENOENT}, kNothing, ""},
      // The source is there, so "it does not exist" would name the wrong thing.
      {kTake, {"open_tree", ENOENT}, kNothing, ""},
      {kTake, {"open_tree", EPERM}, kNothing, ""},
      {kTake, {"mount_setattr", EPERM}, kNothing, ""},
      {MakeTree{"tmpfs", 0}, {"fsmount", EPERM}, kNothing, ""},
      {MakeTree{"mqueue", 0}, {"fsconfig", EINVAL}, kNothing, ""},
      {kTake, {"open_tree", EINVAL}, kMountBelow, ""},
      {kTakeAlone, {"open_tree", EINVAL}, kNothing, ""},
      {kTakeAsProgram, {"mount_setattr", EINVAL}, kNoExec, ""},
      {kAttach, {"openat2", ENOENT}, kNoSource, ""},
      {kAttach, {"openat2", EACCES}, kNoSource, ""},
      {kAttach, {"openat2", ELOOP}, kNothing, ""},
      {KeepMountsInside{}, {"mount", EPERM}, kNothing, ""},
      {MakeDirectory{"/tmp/root"}, {"mkdir", EEXIST}, kNothing, ""},
      {ChangeRoot{"/r", false}, {"pivot_root", EINVAL}, kNothing, ""},
      {DropPrivileges{}, {"capset", EPERM}, kFileIsThere, ""},
      {CloseOthers{}, {"close_range", EACCES}, kNothing, ""},
      {ShareContainer{}, {"sendmsg", EPIPE}, kNothing, ""},
      {kProgram, {"execve", ENOMEM}, kFileIsThere, ""},
      {kProgram, {"execve", ELOOP}, kFileIsThere, ""},
  };
  for (const Row& row : neighbours)
    EXPECT_EQ(hint_for(row.step, row.refusal, row.findings), "") << message_of(row);
}

TEST(Hint, ForNoSpaceSpeaksOfADiskOnlyWhereADiskIsFull) {
  for (const Row& row : {Row{kUnshare, {"unshare", ENOSPC}, kNothing, ""},
                         Row{kAttach, {"move_mount", ENOSPC}, kNothing, ""},
                         Row{MountScratch{"/tmp", 0}, {"mount", ENOSPC}, kNothing, ""},
                         Row{kOverlay, {"mount", ENOSPC}, kNothing, ""}}) {
    const std::string hint = hint_for(row.step, row.refusal, row.findings);
    EXPECT_TRUE(hint.find("max_user_namespaces") != std::string::npos ||
                hint.find("not a full disk") != std::string::npos)
        << message_of(row);
  }
}

TEST(Hints, AreAllDifferentInstructions) {
  const auto hints = all_hints();
  EXPECT_EQ(std::set<std::string>(hints.begin(), hints.end()).size(), hints.size());
  for (const std::string& hint : hints) {
    EXPECT_EQ(hint.find('\n'), std::string::npos) << hint;
    EXPECT_FALSE(hint.ends_with('.')) << hint;
  }
}

TEST(ErrorsDocument, HasAParagraphForEachHintInThisOrder) {
  auto text = read_text_file(std::string(BERTH_SOURCE_DIR) + "/docs/errors.md", 1 << 20);
  ASSERT_TRUE(text) << to_text(text.error());
  std::vector<std::string> headings;
  for (const std::string& line : split(*text, '\n'))
    if (line.starts_with("### ")) headings.push_back(line.substr(4));
  EXPECT_EQ(headings, all_hints());
}

TEST(ErrorsDocument, GivesEachHintItsCauseCheckAndCure) {
  auto text = read_text_file(std::string(BERTH_SOURCE_DIR) + "/docs/errors.md", 1 << 20);
  ASSERT_TRUE(text) << to_text(text.error());
  for (const std::string& hint : all_hints()) {
    const std::size_t begin = text->find("### " + hint + "\n");
    ASSERT_NE(begin, std::string::npos) << hint;
    const std::string paragraph = text->substr(begin, text->find("\n### ", begin + 1) - begin);
    for (const char* part : {"\nCause: ", "\nCheck: ", "\nCure: "})
      EXPECT_NE(paragraph.find(part), std::string::npos) << hint << " lacks" << part;
  }
}

}  // namespace
}  // namespace berth::plan
