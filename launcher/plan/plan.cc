// SPDX-License-Identifier: Apache-2.0
#include "launcher/plan/plan.h"

#include "base/text.h"
#include "launcher/plan/parts.h"

#include <sched.h>

#include <algorithm>
#include <iterator>

namespace berth::plan {

namespace {

using Steps = std::vector<Step>;

std::string map_line(unsigned inside, unsigned outside) {
  return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

bool keeps_changes(const Launch& launch) {
  return !launch.request.overlay.empty();
}

/// Where berth puts what it adds to the image. A directory that keeps changes gets none of it:
/// there it is a layer below, of which only what a program changes is kept.
std::string own_layer(const Launch& launch) {
  return launch.facts.base + (keeps_changes(launch) ? "/own" : "/upper");
}

/// setgroups has to be denied before an ordinary user may write a gid map (user_namespaces(7)).
void add_namespaces(Steps& steps, const Launch& launch) {
  const bool root = launch.request.as_root;
  const unsigned uid = root ? 0 : launch.facts.uid;
  const unsigned gid = root ? 0 : launch.facts.gid;
  steps.push_back(EnterNamespaces{CLONE_NEWUSER | CLONE_NEWNS});
  steps.push_back(WriteFile{"/proc/self/setgroups", "deny"});
  steps.push_back(WriteFile{"/proc/self/uid_map", map_line(uid, launch.facts.uid)});
  steps.push_back(WriteFile{"/proc/self/gid_map", map_line(gid, launch.facts.gid)});
  steps.push_back(KeepMountsInside{});
}

/// Where the directory that keeps changes is held: behind the binds.
unsigned overlay_slot(const std::vector<Bind>& binds) {
  return static_cast<unsigned>(binds.size());
}

void add_trees(Steps& steps, const Launch& launch, const std::vector<Bind>& binds) {
  unsigned slot = 0;
  for (const Bind& bind : binds)
    steps.push_back(TakeTree{bind.from, slot++, bind.read_only});
  if (keeps_changes(launch)) steps.push_back(TakeTree{launch.request.overlay, overlay_slot(binds)});
}

/// Whether a mount point may stand in the upper directory from the start: a directory at its own
/// place, and not below one that is usually the image's, where a link of the image's (/var/run,
/// say) would be hidden.
bool may_be_in_upper(const Bind& bind, const Facts& facts) {
  const auto& known = facts.directories;
  const std::size_t top = bind.to.find('/', 1);
  return bind.from == bind.to && bind.to != "/etc" &&
         std::find(known.begin(), known.end(), bind.from) != known.end() &&
         (top == std::string::npos || !belongs_to_image(bind.to.substr(0, top)));
}

/// Those mount points, each after its parents. Making them in the overlay would cost copying up.
std::vector<MakeDirectory> places_in_upper(const std::vector<Bind>& binds, const Facts& facts) {
  std::vector<MakeDirectory> places;
  for (const Bind& bind : binds) {
    if (!may_be_in_upper(bind, facts)) continue;
    for (std::size_t end = 0; end != std::string::npos;) {
      end = bind.to.find('/', end + 1);
      MakeDirectory place{bind.to.substr(0, end), end == std::string::npos};
      if (std::none_of(places.begin(), places.end(), [&](const MakeDirectory& earlier) {
            return earlier.path == place.path;
          }))
        places.push_back(std::move(place));
    }
  }
  return places;
}

/// The scratch file system, and on it the mount points that the image may lack.
void add_scratch(Steps& steps, const Launch& launch, const std::vector<Bind>& binds) {
  const std::string& base = launch.facts.base;
  steps.push_back(MountScratch{base, launch.request.tmpfs_bytes});
  const std::string own = own_layer(launch);
  const std::string work = base + (keeps_changes(launch) ? "/kept" : "/work");
  for (const std::string& path : {base + "/image", own, work, base + "/root", own + "/etc"})
    steps.push_back(MakeDirectory{path});
  for (MakeDirectory& place : places_in_upper(binds, launch.facts))
    steps.push_back(MakeDirectory{own + place.path, place.is_covered});
  if (keeps_changes(launch))
    steps.push_back(AttachOverlay{overlay_slot(binds), launch.request.overlay, work});
}

void add_image(Steps& steps, const Launch& launch) {
  const bool root = launch.request.as_root;
  steps.push_back(MountImage{launch.request.image,
                             launch.facts.base + "/image",
                             root ? 0 : launch.facts.uid,
                             root ? 0 : launch.facts.gid});
}

/// What the image must not decide. Files that stand in the upper directory before the overlay is
/// mounted cost no copying up.
void add_own_files(Steps& steps, const Launch& launch) {
  const std::string etc = own_layer(launch) + "/etc/";
  steps.push_back(WriteFile{etc + "passwd", make_passwd(launch)});
  steps.push_back(WriteFile{etc + "group", make_group(launch)});
  steps.push_back(WriteFile{etc + "hosts", launch.facts.hosts});
  steps.push_back(WriteFile{etc + "resolv.conf", launch.facts.resolv_conf});
}

/// The names are ours, so nothing in them needs escaping. userxattr: marks that an unprivileged
/// mount may write (overlayfs.rst, "User xattr").
std::string overlay_options(const Launch& launch, bool has_start) {
  const std::string& base = launch.facts.base;
  const std::string image = (has_start ? base + "/start:" : "") + base + "/image";
  if (!keeps_changes(launch))
    return "lowerdir=" + image + ",upperdir=" + base + "/upper,workdir=" + base + "/work,userxattr";
  // The layers below are mounted anew each time, which an index would not forgive.
  return "lowerdir=" + base + "/own:" + image + ",upperdir=" + base +
         "/kept/upper,workdir=" + base + "/kept/work,userxattr,index=off";
}

/// They take room on the scratch file system, which one who bounds it narrowly wants for himself.
bool may_lay_start_files(const Launch& launch) {
  constexpr std::uint64_t kNarrow = 64 << 20;
  const std::uint64_t room = launch.request.tmpfs_bytes;
  return !launch.image.start.empty() && (room == 0 || room >= kNarrow);
}

void add_root(Steps& steps, const Launch& launch, const std::vector<Bind>& binds) {
  const std::string& base = launch.facts.base;
  const bool has_start = may_lay_start_files(launch);
  if (has_start) steps.push_back(LayStartFiles{base + "/start", launch.image.start});
  steps.push_back(MountOverlay{overlay_options(launch, has_start),
                               base + "/root",
                               launch.image.source,
                               launch.request.overlay});
  unsigned slot = 0;
  for (const Bind& bind : binds)
    steps.push_back(AttachTree{slot++, bind.from, bind.to});
  steps.push_back(ChangeRoot{base + "/root", launch.request.read_only});
}

/// The way to what every start reads, and to what it looks for in vain.
std::vector<std::string> read_by_every_start(const Launch& launch) {
  std::vector<std::string> paths;
  for (const StartFile& file : launch.image.start) {
    const bool is_on_the_way = file.path.find('/') != std::string::npos;
    if (file.kind != StartFile::Kind::directory && is_on_the_way) paths.push_back("/" + file.path);
  }
  paths.emplace_back("/etc/ld.so.preload");
  return paths;
}

/// Nobody may start from files that have not been proved. The proof takes as long as all that has
/// been done till now, and the server has time for our questions meanwhile.
void add_proof(Steps& steps, const Launch& launch, const std::vector<std::string>& candidates) {
  if (!may_lay_start_files(launch) || !launch.image.has_proof) return;
  steps.push_back(LookAhead{candidates, read_by_every_start(launch)});
  steps.push_back(AwaitProof{});
}

Execute program_of(const Launch& launch,
                   const std::vector<Bind>& binds,
                   std::vector<std::string> words) {
  std::vector<std::string> environment = make_environment(launch, binds);
  auto candidates = candidates_for(words[0], value_of(environment, "PATH"));
  return {std::move(candidates), std::move(words), std::move(environment)};
}

}  // namespace

Result<Steps> make_beginning(const Launch& launch) {
  auto binds = choose_binds(launch.request, launch.facts);
  if (!binds) return std::move(binds.error());
  Steps steps;
  if (launch.role == Role::joiner) return steps;
  add_namespaces(steps, launch);
  add_trees(steps, launch, *binds);
  add_scratch(steps, launch, *binds);
  add_image(steps, launch);
  return steps;
}

Result<Steps> make_rest(const Launch& launch) {
  auto binds = choose_binds(launch.request, launch.facts);
  if (!binds) return std::move(binds.error());
  auto words = choose_command(launch.request, launch.config);
  if (!words) return std::move(words.error());
  Execute program = program_of(launch, *binds, std::move(*words));
  const bool is_joiner = launch.role == Role::joiner;
  Steps steps;
  if (is_joiner) {
    steps.push_back(JoinContainer{});
  } else {
    add_own_files(steps, launch);
    add_root(steps, launch, *binds);
  }
  steps.push_back(EnterDirectory{choose_workdir(launch, *binds)});
  steps.push_back(DropPrivileges{});
  if (!is_joiner) {
    add_proof(steps, launch, program.candidates);
    steps.push_back(ShareContainer{});
  }
  steps.push_back(CloseOthers{launch.facts.kept_descriptors});
  steps.push_back(std::move(program));
  return steps;
}

Result<Steps> make_plan(const Launch& launch) {
  auto steps = make_beginning(launch);
  if (!steps) return steps;
  auto rest = make_rest(launch);
  if (!rest) return rest;
  std::move(rest->begin(), rest->end(), std::back_inserter(*steps));
  return steps;
}

}  // namespace berth::plan
