// SPDX-License-Identifier: Apache-2.0
// The parts of a plan, one file each. For make_plan and its tests.
#pragma once

#include "base/result.h"
#include "launcher/model/image.h"
#include "launcher/model/steps.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::plan {

/// Everything of the host that the container shows, parents before children: /proc /sys /dev
/// /tmp, what MPI needs, home and current directory, then what the user asked for.
Result<std::vector<Bind>> choose_binds(const Request& request, const Facts& facts);

/// The text of an OCI runtime's config.json, as far as hooks look at it. `root`: where the
/// container's is, from the bundle.
std::string make_bundle_config(const Launch& launch,
                               const std::string& root,
                               const Execute& program,
                               const std::string& workdir);

/// What stands at a place of the container: a tree of the host's; or, with a `type`, a file system
/// that is made for the container; or, with a number, an image.
struct Tree {
  std::string from;
  std::string to;
  MountFlags flags = {};
  std::string type = {};
  std::vector<MountSetting> settings = {};
  unsigned image = 0;  ///< as in Bind
};

/// `binds`, and what shows the container's own namespaces, parents before children. What the user
/// has asked for at such a place stays.
std::vector<Tree> choose_trees(const Request& request,
                               const Facts& facts,
                               const std::vector<Bind>& binds);

/// The namespaces that a container has, as flags of clone(2).
int namespaces_of(const Request& request);

/// The steps that furnish them, where it is not mounts that do.
std::vector<Step> steps_of_namespaces(const Request& request, const Facts& facts);

/// The steps that take what the root is made of, up to the mounts of its images.
void add_layers(std::vector<Step>& steps, const Launch& launch, const std::vector<Bind>& binds);

/// Those that make the root of it, and go there.
void add_root(std::vector<Step>& steps, const Launch& launch, const std::vector<Bind>& binds);

/// Those that give a rank a root of its own over the one that it shares, if that is asked for.
void add_private_root(std::vector<Step>& steps,
                      const Launch& launch,
                      const std::vector<Bind>& binds);

/// Whether what programs start with is copied: it takes room on the scratch file system, which one
/// who bounds it narrowly wants for himself.
bool may_lay_start_files(const Launch& launch);

/// /etc/hosts: the node's, and the container's own name if it has one.
std::string make_hosts(const Launch& launch);

/// /etc/resolv.conf: the node's, with the name server that the container's own network has.
std::string make_resolv_conf(const Launch& launch);

/// Whether a place is the image's by custom: showing the host's there would break its programs.
bool belongs_to_image(const std::string& path);

/// Whether a host path can be seen at the same place inside.
bool is_shown(const std::string& path, const std::vector<Bind>& binds);

/// Whether a place is hidden by --mask.
bool is_masked(const std::string& path, const Request& request);

/// Absolute path without "//", "/./" and trailing "/". Empty when it has ".." parts: what they
/// mean inside a container depends on symbolic links of the image.
std::string normal_path(std::string_view path);

/// The steps that bind a rank to CPUs and memory, where that is asked for.
Status add_place(std::vector<Step>& steps, const Launch& launch);

/// What happened to one variable on its way to the program.
struct VariableHistory {
  struct Event {
    enum Kind : unsigned char { set, removed, left_out };

    Kind kind = set;
    std::string who;     ///< "the image", "--env", "vars:3"
    std::string value;   ///< what it became, was, or did not become
    std::string reason;  ///< for being left out

    bool operator==(const Event&) const = default;
  };

  std::string name;
  std::vector<Event> events = {};
};

/// The program's variables. Later wins: the caller's own (without PATH and the loader's variables,
/// which name host places; with --clean-env only what job launchers set), the image's, HOME and
/// USER, the changes of the request.
/// What happens to the variable of `history` is added there.
std::vector<std::string> make_environment(const Launch& launch,
                                          const std::vector<Bind>& binds,
                                          VariableHistory* history = nullptr);

/// The value of `name` in NAME=value texts, the last one wins; empty when absent.
std::string value_of(const std::vector<std::string>& environment, std::string_view name);

/// Entrypoint and command as podman-run(1) combines them.
Result<std::vector<std::string>> choose_command(const Request& request, const ImageConfig& config);

/// What ends the program. Refuses a stop signal of the image's that is none.
Result<int> choose_stop_signal(const Launch& launch);

/// How long the program may run. Refuses a stop signal of the image's that is none.
Result<TimeLimit> choose_time(const Launch& launch, const std::string& program);

/// Where execvp(3) would look for `program`.
std::vector<std::string> candidates_for(const std::string& program, const std::string& path);

std::string choose_workdir(const Launch& launch, const std::vector<Bind>& binds);

/// As whom the container is built: the caller, with the numbers that he has inside.
Ids builder_of(const Launch& launch);

/// Whether there is such a user and such a group inside.
Status check_mapped(const Ids& ids, const Request& request, const Facts& facts);

/// Who the program is.
Identity identity_of(const Launch& launch);

/// What HOME is, unless somebody else says.
std::string home_of(const Launch& launch);

/// /etc/passwd and /etc/group: the image's, with the program's own line first so that lookups by
/// name and by number both find it.
std::string make_passwd(const Launch& launch);
std::string make_group(const Launch& launch);

}  // namespace berth::plan
