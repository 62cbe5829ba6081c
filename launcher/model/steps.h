// SPDX-License-Identifier: Apache-2.0
// What will be done, in the order of doing. Plain data: a list of steps can be printed, compared
// with a golden text, and carried out.
#pragma once

#include "launcher/model/capability.h"
#include "launcher/model/facts.h"
#include "launcher/model/group.h"
#include "launcher/model/ids.h"
#include "launcher/model/mount.h"
#include "launcher/model/place.h"
#include "launcher/model/process.h"

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace berth {

/// `flags` are those of clone(2). With a pid namespace a child goes on, the first process in it,
/// and this process waits outside and ends as the program ends.
struct EnterNamespaces {
  int flags = 0;
};

/// Writes `text` into an existing file, or makes the file (on the scratch file system).
struct WriteFile {
  std::string path;
  std::string text;
};

/// The keeper, who is outside, lets newuidmap(1) and newgidmap(1) write the maps of the new user
/// namespace.
struct MapIds {
  IdMaps maps;
};

struct SetHostName {
  std::string name;
};

/// The only device of a new network namespace, which comes up with its addresses.
struct RaiseLoopback {};

/// The keeper starts a program that connects the new network namespace to the node's network.
struct ConnectNetwork {
  std::string program;
};

/// Of a new time namespace, which this process then enters; nobody may have been in it before
/// (time_namespaces(7)).
struct ShiftClocks {
  std::string offsets;  ///< as /proc/PID/timens_offsets takes them
};

/// Mounts made from here on stay inside; mounts made on the host still arrive
/// (mount_namespaces(7)).
struct KeepMountsInside {};

/// Takes hold of a tree of the host as a detached mount (open_tree(2)), before anything hides it.
struct TakeTree {
  std::string from;
  unsigned slot = 0;  ///< AttachTree names it again
  MountFlags flags = {};
  bool is_image = false;  ///< it is used as one: AttachImage names it again
};

/// Makes a file system that is new and the container's own, as those that show its namespaces are,
/// and holds it as TakeTree holds one of the host's.
struct MakeTree {
  std::string type;
  unsigned slot = 0;
  MountFlags flags = kNoRights;
  std::vector<MountSetting> settings = {};
};

/// A symbolic link in a file system of the container's own that is not attached yet.
struct MakeLink {
  unsigned slot = 0;
  std::string name;
  std::string target;  ///< as readlink(2) gives it
};

/// Mounts an image that is shown below the root as MountImage mounts one, and holds it as TakeTree
/// holds a tree of the host's.
struct TakeImage {
  std::string image;
  unsigned slot = 0;
  MountFlags flags = {};
  unsigned uid = 0;  ///< as seen inside
  unsigned gid = 0;
  unsigned layer = 0;              ///< its number, behind those of the root's layers
  bool has_stored_owners = false;  ///< as MountImage
};

/// A tmpfs that holds everything the container writes.
struct MountScratch {
  std::string at;
  std::uint64_t bytes = 0;  ///< 0: the kernel's default, half of the memory
};

struct MakeDirectory {
  std::string path;
  bool is_covered = false;  ///< something will be mounted over it: what the image has there is moot
};

/// Opens /dev/fuse inside the user namespace, mounts the image read-only and hands the descriptor
/// to the server process.
struct MountImage {
  std::string image;
  std::string at;
  unsigned uid = 0;  ///< as seen inside
  unsigned gid = 0;
  unsigned layer = 0;              ///< which of the root's layers it is, the lowest first
  bool has_stored_owners = false;  ///< files belong to whom the image says, and not to uid and gid
};

/// Attaches the tree of a directory that is used as an image to a place on the scratch file system.
/// It has to be the directory that was opened before.
struct AttachImage {
  unsigned slot = 0;
  std::string from;
  std::string at;
  unsigned layer = 0;    ///< as above
  bool is_root = false;  ///< it becomes the root itself, and not a layer of it
};

/// Covers a file of the root, which may be made for it, with one of the scratch file system. Where
/// there is something else than a file, or none can be made, nothing is done.
struct CoverFile {
  std::string from;
  std::string to;           ///< resolved inside the root
  bool makes_place = true;  ///< where there is no file, one is made and stays
};

/// Copies what programs start with from the image's file to a directory of the scratch file system,
/// which becomes a layer above the image. A file that cannot be copied is left out.
struct LayStartFiles {
  std::string at;
  std::vector<StartFile> files;
};

/// Attaches the tree of the directory that keeps the container's changes to a place on the scratch
/// file system. It has to be the directory that was opened and locked before.
struct AttachOverlay {
  unsigned slot = 0;
  std::string from;
  std::string at;
};

/// `options` as mount(2) takes them: lowerdir, upperdir, workdir, userxattr.
struct MountOverlay {
  std::string options;
  std::string at;
  std::string source = "berth";  ///< what the mount calls itself: which image it is over
  std::string kept_in = {};      ///< where changes stay, as it was named; empty: nowhere
};

/// Makes the image alone the root, where the kernel takes no overlay: nothing can be written there.
struct UseImage {
  std::string at;
};

/// Attaches a taken tree; `to` is resolved inside the new root and made there if missing.
struct AttachTree {
  unsigned slot = 0;
  std::string from;  ///< for messages
  std::string to;
  Origin origin = Origin::host;  ///< `from` is a path, a type, or the name of an image
  bool is_optional = false;      ///< left out where no place can be made for it
};

/// Covers what is at `path`, resolved inside the new root, with nothing: a directory with an empty
/// one that cannot be written, anything else with /dev/null. Where nothing is, nothing is done.
struct MaskPlace {
  std::string path;
};

/// Makes what is at `path`, resolved inside the new root, read-only with all that is mounted below.
/// Where nothing is, nothing is done.
struct LockPlace {
  std::string path;
};

/// Looks for what the program's start will look for, so that the kernel knows it by then: its file,
/// of which the beginning is read ahead, and its loader. Nothing comes of what is not found.
struct LookAhead {
  std::vector<std::string> candidates;  ///< as Execute has them; the first that is there counts
  std::vector<std::string> others;
};

/// Waits until the image's server has compared the start files with the image's hash tree.
struct AwaitProof {};

/// Waits until who stands by the container has run the hooks whose time it is. `lines`: which.
struct RunHooks {
  enum class Time : char {
    root_is_there = 'r',  ///< the container is built, and the node's files are still in sight
    program_begins = 'p'
  };
  Time time = Time::root_is_there;
  std::vector<std::string> lines = {};
};

struct ChangeRoot {
  std::string root;
  bool read_only = false;
};

/// The finished container goes to its keeper, who lets other ranks in and takes it down afterwards.
/// `flags`: the namespaces that the keeper holds.
struct ShareContainer {
  int flags = 0;
};

/// A rank enters the container that another rank of its step has built. `flags`: its
/// namespaces. Into a pid namespace a child goes, as in EnterNamespaces.
struct JoinContainer {
  int flags = 0;
  std::string name = {};  ///< of a container that has one, which its verbs enter in the same way
};

/// In a mount namespace of this rank's own: an overlay over the root that ranks share, with a tmpfs
/// for what this one writes. It becomes the root with ChangeRoot.
struct MountPrivateRoot {
  std::uint64_t bytes = 0;  ///< as in MountScratch
  std::string source = "berth";
};

/// Shows in the root that is to be what is mounted at `path` in the one that is. Where nothing is
/// mounted, or it has come with something above it, nothing is done.
struct CarryTree {
  std::string path;
};

struct EnterDirectory {
  std::string path;
  bool or_root = false;  ///< the root directory where it does not exist
};

/// From here on the program is another user of the container's than the one who builds it. His
/// supplementary groups stay.
struct BecomeUser {
  Ids ids;
};

/// Capabilities and the way to more.
struct DropPrivileges {
  Capabilities kept = 0;  ///< the program has these in the container's namespaces
};

/// Marks every descriptor above 2 close-on-exec, except `keep`.
struct CloseOthers {
  std::vector<int> keep;
};

/// From here on this process is an init (launcher/init), and its child takes the steps that follow.
/// One that `stays`, the first process of a pid namespace that ranks share, ends with the keeper.
struct StartInit {
  bool stays = false;
  TimeLimit time = {};
};

/// Tells who stands by the container that the program is this process. The rest is for him to keep:
/// how it is stopped.
struct AnnounceProgram {
  int stop_signal = SIGTERM;
  std::uint64_t grace = 10;  ///< seconds until SIGKILL
};

/// For the program, and who it starts: berth's own processes are not bounded by it.
struct SetLimit {
  Limit limit;
};

/// The program, and who it starts: berth's own processes stay outside. The group was made before.
struct EnterGroup {
  GroupPlan group;
};

/// The program and who it starts run on these CPUs only; berth's own processes do not.
struct PinToCpus {
  unsigned rank = 0;
  Numbers cpus;
};

/// Their memory comes from these nodes only, or from all of them in turn.
struct BindMemory {
  Numbers nodes;
  bool in_turn = false;
};

struct SetUmask {
  unsigned mask = 0;
};

/// From here on this process may make only the system calls that the filter lets through
/// (seccomp(2)).
struct FilterCalls {
  std::string profile;  ///< as it was asked for
  std::vector<sock_filter> filter;
};

struct Execute {
  std::vector<std::string> candidates;  ///< full paths to try in turn, from PATH
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

using Step = std::variant<EnterNamespaces,
                          WriteFile,
                          MapIds,
                          SetHostName,
                          RaiseLoopback,
                          ConnectNetwork,
                          ShiftClocks,
                          KeepMountsInside,
                          TakeTree,
                          MakeTree,
                          MakeLink,
                          TakeImage,
                          MountScratch,
                          MakeDirectory,
                          MountImage,
                          AttachImage,
                          CoverFile,
                          LayStartFiles,
                          AttachOverlay,
                          MountOverlay,
                          UseImage,
                          AttachTree,
                          MaskPlace,
                          LockPlace,
                          LookAhead,
                          AwaitProof,
                          RunHooks,
                          ChangeRoot,
                          ShareContainer,
                          JoinContainer,
                          MountPrivateRoot,
                          CarryTree,
                          EnterDirectory,
                          BecomeUser,
                          DropPrivileges,
                          CloseOthers,
                          StartInit,
                          AnnounceProgram,
                          EnterGroup,
                          PinToCpus,
                          BindMemory,
                          SetLimit,
                          SetUmask,
                          FilterCalls,
                          Execute>;

}  // namespace berth
