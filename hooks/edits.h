// SPDX-License-Identifier: Apache-2.0
// What a hook wants changed in a container: the vocabulary of CDI's containerEdits (Container
// Device Interface 0.8, "Container edits"). Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::hooks {

struct DeviceNode {
  std::string path;  ///< inside the container
  std::string from;  ///< on this node
  /// Of which kind and number it must be there, as the specification of the device says.
  char type = '\0';  ///< 'b' or 'c'; '\0': whichever it is
  std::optional<std::uint32_t> major = {};
  std::optional<std::uint32_t> minor = {};
  /// What the specification would have the file be; the node's is what it is.
  std::optional<std::uint32_t> mode = {};
  std::optional<std::uint32_t> uid = {};
  std::optional<std::uint32_t> gid = {};
  std::string rights = {};  ///< of r, w and m, for a control group; empty: all

  bool operator==(const DeviceNode&) const = default;
};

struct Mount {
  std::string from;  ///< on this node; of a file system that is made, what it calls itself
  std::string to;
  std::string type = {};  ///< of a file system that is made; empty: the tree at `from` is shown
  std::vector<std::string> options = {};  ///< as mount(8) has them

  bool operator==(const Mount&) const = default;
};

/// A file of the container's own in the place of the image's, link or not: somewhere below /etc.
struct OwnFile {
  std::string to;
  std::string bytes;

  bool operator==(const OwnFile&) const = default;
};

/// When a hook of the runtime specification runs (config.md, "POSIX-platform Hooks"), in the order
/// of a container's life.
enum class Stage : unsigned char {
  prestart,
  create_runtime,
  create_container,
  start_container,
  poststart,
  poststop
};

struct Hook {
  Stage stage = Stage::prestart;
  std::string path;                         ///< on this node; of start_container in the container
  std::vector<std::string> words = {};      ///< its own name first
  std::vector<std::string> variables = {};  ///< NAME=value
  std::uint32_t seconds = 0;                ///< that it may take; 0: as many as any
  std::string who = {};                     ///< has asked for it, for messages

  bool operator==(const Hook&) const = default;
};

struct Edits {
  std::string who;                          ///< "vendor.com/gpu=0 (/etc/cdi/vendor.json)"
  std::vector<std::string> variables = {};  ///< NAME=value
  std::vector<std::string> prepended =
      {};  ///< NAME=VALUE: goes in front of what NAME is, with a colon
  std::vector<DeviceNode> devices = {};
  std::vector<Mount> mounts = {};
  std::vector<Hook> hooks = {};
  std::vector<OwnFile> files = {};         ///< of berth's own hooks
  std::vector<std::uint32_t> groups = {};  ///< that the program has to be in
  std::vector<std::string> left_out = {};  ///< what it also asks for, and why it does not get it
  std::string says = {};                   ///< what it has found, for a plan
  std::string warning = {};                ///< and for people, a sentence; may be empty
  /// Files and directories of this node, each there or not, that all this hangs on and nothing else
  /// of the node: while they stay as they are, the same would be found again. None: who knows.
  std::optional<std::vector<std::string>> seen = {};

  bool operator==(const Edits&) const = default;
};

/// All that hooks have to say about a container.
struct Answer {
  std::vector<Edits> edits = {};
  std::vector<std::string> warnings = {};  ///< sentences

  bool operator==(const Answer&) const = default;
};

}  // namespace berth::hooks
