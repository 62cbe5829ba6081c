// SPDX-License-Identifier: Apache-2.0
// Serves a SquashFS image over FUSE without privilege. This header is the launcher's end: it starts
// a locked-down process, learns what that read from the image, and hands it the FUSE descriptor.
#pragma once

#include "base/fd.h"
#include "base/orphans.h"
#include "base/result.h"
#include "image/serve/start_files.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace berth::serve {

/// Whom the files belong to, as the user namespace of the mount numbers users and groups.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
  bool is_stored = false;  ///< each file to whom the image says: the two are nobody's
};

/// How the image is shown.
struct Settings {
  bool verify = true;            ///< compare what is read with the image's hash tree, if any
  int kept = -1;                 ///< stays open as long as the server lives: a lock
  const char* log = "/dev/log";  ///< syslog(3)'s socket, for damaged blocks
  int record = -1;               ///< where to write what is read, open for writing; or -1
  std::string root_hash = {};    ///< of the tree that the image has to have; empty: any, or none
};

/// What the locked-down process read from the image before it serves it; empty when the image has
/// no such file. Only regular files are read, and no symbolic link is followed.
struct Preview {
  std::string config;                 ///< /.berth/config.json, at most 1 MiB
  std::string passwd;                 ///< /etc/passwd, at most 256 KiB
  std::string group;                  ///< /etc/group, at most 256 KiB
  std::vector<StartFile> start = {};  ///< parents first
  bool has_proof = false;             ///< await_verdict() tells whether they may be used
};

/// Our end of the conversation with a server process. Closing it before a FUSE descriptor was
/// handed over ends the server; afterwards the server ends with the last mount.
class ImageServer {
 public:
  /// Checks the superblock, then starts the server process: no child of the caller's, in a session
  /// of its own, holding `image_fd` (a regular file, open for reading) and a socket, nothing else.
  /// Call it before threads and namespaces are made: the server stays in the caller's namespaces.
  /// `companion` is started in the same go, unless the server cannot be.
  static Result<ImageServer> start(int image_fd,
                                   const std::string& image_name,
                                   const Settings& settings,
                                   Orphan* companion = nullptr);

  /// Waits for what the server read. An image that it finds damaged is an Error with Blame::image.
  /// Call it once.
  Result<Preview> preview();

  /// For hand_over(). Close-on-exec.
  [[nodiscard]] int control_fd() const noexcept { return control_.get(); }

  /// The server process in the caller's pid namespace. Known after preview(), else 0.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  ImageServer(UniqueFd control, std::string name, std::uint64_t size)
      : control_(std::move(control)),
        name_(std::move(name)),
        size_(size) {}

  UniqueFd control_;
  std::string name_;
  std::uint64_t size_;  ///< bytes of the image
  pid_t pid_ = 0;
};

/// Gives the server the FUSE descriptor (unix(7), SCM_RIGHTS), before or after it is mounted; after
/// is quicker. With it goes whom the files belong to, which may depend on what the server has read.
/// Then close both ends here: who holds the descriptor and touches the mount can hang
/// for ever. Async-signal-safe, no allocation. 0 or an errno.
int hand_over(int control, int fuse_fd, const Owner& owner) noexcept;

/// Waits until the server has compared its start files with the image's hash tree. Once, and only
/// where the preview promised it. Async-signal-safe. 0; EIO where they are damaged; or why it did
/// not say.
int await_verdict(int control) noexcept;

}  // namespace berth::serve
