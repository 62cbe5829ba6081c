// SPDX-License-Identifier: Apache-2.0
// What the user asked for, after command line, environment and defaults are merged.
// Plain data; every room may include it.
#pragma once

#include "launcher/model/capability.h"
#include "launcher/model/group.h"
#include "launcher/model/mount.h"
#include "launcher/model/place.h"
#include "launcher/model/process.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth {

/// Whether the ranks of a step on one node live in one container.
enum class Share {
  automatic,  ///< yes, when a launcher started more than one rank on this node
  node,       ///< yes
  none        ///< each process has a container of its own
};

/// Which home directory the container shows.
enum class Home {
  host,  ///< the caller's own, at the same place
  none   ///< whatever the image has
};

/// What is at /tmp.
enum class Tmp {
  host,  ///< the node's
  own,   ///< an empty tmpfs of the container's own
  none   ///< whatever the image has
};

/// Whether the caller's current directory is shown for its own sake.
enum class Cwd {
  host,  ///< yes, and the program begins in it
  none   ///< no, and it does not
};

/// What is at /dev.
enum class Dev {
  host,    ///< the node's
  minimal  ///< what every program may expect, and the devices that were asked for
};

/// Which network the container has.
enum class Net {
  host,  ///< the node's
  none,  ///< a loopback device of its own and nothing else
  own    ///< one of its own, from which the node's can be reached
};

/// How a plan is shown.
enum class Drawing {
  none,  ///< as a list of its steps
  text,  ///< as who is where on the node, for a terminal
  svg    ///< the same as a picture
};

/// A place that the container shows besides its image.
struct Bind {
  std::string from;  ///< on the host; a file system's type; an image as Request::image names one
  std::string to;
  MountFlags flags = {};
  Origin origin = Origin::host;
  std::vector<MountSetting> settings = {};  ///< of a file system of the container's own
  unsigned image = 0;  ///< of an image: which of those of the request it is, counted from 1

  bool operator==(const Bind&) const = default;
};

/// A change to the program's variables. They are made in the order in which they were asked for.
struct EnvChange {
  enum class Kind {
    set,      ///< `text` is NAME=VALUE
    take,     ///< NAME: the caller's value
    unset,    ///< NAME, in which '*' stands for any characters
    prepend,  ///< NAME=VALUE: VALUE, a colon, and what NAME was
    append,   ///< NAME=VALUE: what NAME was, a colon, and VALUE
    file      ///< the path of a file with changes; none is left where a plan is made
  };

  Kind kind = Kind::set;
  std::string text;
  std::string file = {};  ///< in which it stands; empty: on the command line
  unsigned line = 0;

  bool operator==(const EnvChange&) const = default;
};

/// A file in the place of the image's, somewhere below /etc.
struct OwnFile {
  std::string to;
  std::string bytes;

  bool operator==(const OwnFile&) const = default;
};

struct Request {
  std::string image;                      ///< a path or the name of a stored image, as typed
  std::vector<std::string> command;       ///< program and arguments; empty: what the image says
  std::optional<std::string> entrypoint;  ///< replaces the image's; empty text means none
  std::vector<Bind> binds;
  std::vector<EnvChange> env;
  std::size_t preset_env = 0;    ///< so many of them come from run.conf; hooks change theirs then
  std::string explain_env = {};  ///< a variable: print who sets it instead of taking the steps

  std::optional<std::string> workdir;
  std::string record = {};   ///< the file for a launch profile; empty: none is recorded
  std::string overlay = {};  ///< a directory that keeps what the container changes; may be empty
  std::vector<OwnFile> files = {};             ///< what hooks have found; nobody asks for one
  std::vector<std::string> masked = {};        ///< places whose content the container does not show
  std::vector<std::string> write_locked = {};  ///< places that cannot be written, nor what is below
  std::string gpus = {};                       ///< "all", or which; empty: nothing is done for them
  std::vector<std::string> devices = {};       ///< as typed: VENDOR/CLASS=NAME, or a path
  std::vector<std::string> own_hooks = {};     ///< names of berth's own, as they were written
  std::string mpi_hook = {};                   ///< the rule that it goes by; empty: off
  std::vector<std::string> mpi_libraries = {};  ///< the node's, where its loader does not know them
  std::vector<std::string> edit_hooks = {};     ///< programs that say what to change
  std::vector<std::string> hook_directories = {};  ///< of hook files, the last one counts most
  std::vector<std::string> left_out_hooks = {};    ///< names of those that are not to run
  std::vector<std::string> annotations = {};       ///< KEY=VALUE, for hooks
  Home home = Home::host;
  Tmp tmp = Tmp::host;
  Cwd cwd = Cwd::host;
  Dev dev = Dev::host;
  Share share = Share::automatic;
  Net net = Net::host;
  Drawing drawing = Drawing::none;  ///< of a plan that is printed
  unsigned ranks = 0;               ///< plan for as many on the node; 0: for those that there are
  Placing placing = {};             ///< on which CPUs and memory nodes
  std::string topology = {};        ///< plan for the machine in this file instead of for this one
  std::uint64_t tmpfs_bytes = 0;    ///< bound of what may be written; 0: half of the memory
  bool writable = false;            ///< the directory that is the image takes what is written
  bool read_only = false;           ///< nothing can be written outside binds
  bool private_overlay = false;     ///< what a rank writes is not seen by those it shares with
  bool unverified = false;          ///< compare nothing with the image's hash tree
  std::vector<std::string> root_hashes =
      {};                          ///< of the trees that the images have to have; "-": any
  bool as_root = false;            ///< the caller is uid 0 inside
  bool with_subordinates = false;  ///< there are more users and groups inside than the caller's
  std::string user = {};           ///< "USER[:GROUP]", who the program is; empty: the caller
  std::string hostname = {};       ///< of a host name of its own; empty: the node's to begin with
  std::optional<std::int64_t> time_offset = {};  ///< seconds, for the clocks that count from boot
  bool own_hostname = false;
  bool own_ipc = false;         ///< System V's and POSIX' shared memory, semaphores and queues
  bool own_cgroups = false;     ///< sees its own control group as the root of all
  bool own_pids = false;        ///< a pid namespace, in which the program is 1
  bool with_init = false;       ///< an init stands between the caller and the program
  bool without_userns = false;  ///< the program can make no user namespace
  Capabilities added_capabilities = 0;    ///< what the program may do to its namespaces, but for
  Capabilities dropped_capabilities = 0;  ///< ... these
  std::vector<Limit> limits = {};         ///< the program's; of others it has the caller's
  GroupWishes group = {};                 ///< what its control group is to do
  std::uint64_t timeout = 0;              ///< seconds that the program may run; 0: for ever
  std::optional<std::uint64_t> stop_timeout = {};  ///< seconds from the stop signal to SIGKILL
  std::optional<int> stop_signal = {};             ///< takes the place of the image's
  std::optional<unsigned> umask = {};              ///< the program's
  std::string name = {};  ///< of the container; empty: none, or one that is made for a detached one
  bool is_detached = false;     ///< nobody waits for the program
  bool leaves_nothing = false;  ///< how a detached one ended is not kept
  bool clean_env = false;       ///< take nothing of the caller's environment
  bool plan_only = false;       ///< print the steps instead of taking them
  bool explain_mpi = false;     ///< print what is known of MPI instead of taking the steps
  bool without_hooks = false;   ///< of whatever kind
  bool help_only = false;       ///< print the help instead of running anything
  bool tty = false;             ///< the program has a terminal of its own
  bool trace = false;           ///< print how long each phase of the launch took
  std::string trace_file = {};  ///< gets a line of JSON that says so; may be empty
  bool verbose = false;
  bool quiet = false;
  std::string seccomp = {};   ///< "default", or the file of a profile; empty: every system call
  std::string step_key = {};  ///< a secret of the step's, from the Slurm plugin; may be empty

  bool operator==(const Request&) const = default;
};

/// Whether nothing is to happen but that something is printed.
inline bool only_looks(const Request& request) {
  return request.plan_only || request.explain_mpi || !request.explain_env.empty();
}

/// Whether the container is one that other verbs find.
inline bool is_named(const Request& request) {
  return request.is_detached || !request.name.empty();
}

}  // namespace berth
