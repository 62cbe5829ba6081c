// SPDX-License-Identifier: Apache-2.0
// What will be done, in the order of doing. Plain data: a list of steps can be printed, compared
// with a golden text, and carried out.
#pragma once

#include "launcher/model/facts.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace berth {

struct EnterNamespaces {
  int flags = 0;
};

/// Writes `text` into an existing file, or makes the file (on the scratch file system).
struct WriteFile {
  std::string path;
  std::string text;
};

/// Mounts made from here on stay inside; mounts made on the host still arrive
/// (mount_namespaces(7)).
struct KeepMountsInside {};

/// Takes hold of a tree of the host as a detached mount (open_tree(2)), before anything hides it.
struct TakeTree {
  std::string from;
  unsigned slot = 0;  ///< AttachTree names it again
  bool read_only = false;
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

/// Attaches a taken tree; `to` is resolved inside the new root and made there if missing.
struct AttachTree {
  unsigned slot = 0;
  std::string from;  ///< for messages
  std::string to;
};

/// Looks for what the program's start will look for, so that the kernel knows it by then: its file,
/// of which the beginning is read ahead, and its loader. Nothing comes of what is not found.
struct LookAhead {
  std::vector<std::string> candidates;  ///< as Execute has them; the first that is there counts
  std::vector<std::string> others;
};

/// Waits until the image's server has compared the start files with the image's hash tree.
struct AwaitProof {};

struct ChangeRoot {
  std::string root;
  bool read_only = false;
};

/// The finished container goes to its keeper, who lets other ranks in and takes it down afterwards.
struct ShareContainer {};

/// A rank enters the container that another rank of its step has built.
struct JoinContainer {};

struct EnterDirectory {
  std::string path;
};

struct DropPrivileges {};

/// Marks every descriptor above 2 close-on-exec, except `keep`.
struct CloseOthers {
  std::vector<int> keep;
};

struct Execute {
  std::vector<std::string> candidates;  ///< full paths to try in turn, from PATH
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

using Step = std::variant<EnterNamespaces,
                          WriteFile,
                          KeepMountsInside,
                          TakeTree,
                          MountScratch,
                          MakeDirectory,
                          MountImage,
                          LayStartFiles,
                          AttachOverlay,
                          MountOverlay,
                          AttachTree,
                          LookAhead,
                          AwaitProof,
                          ChangeRoot,
                          ShareContainer,
                          JoinContainer,
                          EnterDirectory,
                          DropPrivileges,
                          CloseOthers,
                          Execute>;

}  // namespace berth
