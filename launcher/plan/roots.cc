// SPDX-License-Identifier: Apache-2.0
// The root of a container: an image, images that lie on each other, or a directory.
#include "base/text.h"
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>

namespace berth::plan {

namespace {

using Steps = std::vector<Step>;

/// A root has at most so many layers: each has a mount, and each file a process.
constexpr std::size_t kMostLayers = 16;

Origin origin_of(const Tree& tree) {
  if (tree.image != 0) return Origin::image;
  return tree.type.empty() ? Origin::host : Origin::own;
}

bool keeps_changes(const Launch& launch) {
  return !launch.request.overlay.empty();
}

std::vector<Layer> layers_of(const Launch& launch) {
  if (launch.image.layers.empty()) return {{launch.request.image, false}};
  return launch.image.layers;
}

/// "/tmp/image" and, above it, "/tmp/image1", ...
std::string place_of(const Launch& launch, unsigned layer) {
  return launch.facts.base + "/image" + (layer == 0 ? "" : std::to_string(layer));
}

/// Where berth puts what it adds to the image. A directory that keeps changes gets none of it:
/// there it is a layer below, of which only what a program changes is kept.
std::string own_layer(const Launch& launch) {
  const bool is_upper = !keeps_changes(launch) && !launch.request.writable;
  return launch.facts.base + (is_upper ? "/upper" : "/own");
}

/// Where the directory that keeps changes is held, or those that are layers: behind all others.
unsigned first_free_slot(const std::vector<Tree>& trees) {
  return static_cast<unsigned>(trees.size());
}

/// A layer is shown without what is mounted below it, because overlayfs does not look there; the
/// root itself with it.
MountFlags flags_of_directory(const Launch& launch) {
  if (launch.request.writable) return {.set = MOUNT_ATTR_NODEV};
  return {.is_recursive = false};
}

/// runtime-linux.md of the runtime specification, "Dev symbolic links", and config-linux.md,
/// "Default Devices". Made where nobody has a say in where that is: an image's /dev may be a link.
void add_usual_links(Steps& steps, unsigned slot) {
  steps.push_back(MakeLink{slot, "fd", "/proc/self/fd"});
  steps.push_back(MakeLink{slot, "stdin", "/proc/self/fd/0"});
  steps.push_back(MakeLink{slot, "stdout", "/proc/self/fd/1"});
  steps.push_back(MakeLink{slot, "stderr", "/proc/self/fd/2"});
  steps.push_back(MakeLink{slot, "ptmx", "pts/ptmx"});
}

void add_trees(Steps& steps, const Launch& launch, const std::vector<Tree>& trees) {
  unsigned slot = 0;
  const auto [uid, gid] = builder_of(launch);
  const bool is_stored = launch.request.with_subordinates;
  const auto behind_layers = static_cast<unsigned>(layers_of(launch).size()) - 1;
  for (const Tree& tree : trees) {
    if (tree.image != 0)
      steps.push_back(TakeImage{
          tree.from, slot++, tree.flags, uid, gid, behind_layers + tree.image, is_stored});
    else if (tree.type.empty())
      steps.push_back(TakeTree{tree.from, slot++, tree.flags});
    else
      steps.push_back(MakeTree{tree.type, slot++, tree.flags, tree.settings});
    if (launch.request.dev == Dev::minimal && tree.to == "/dev" && tree.type == "tmpfs")
      add_usual_links(steps, slot - 1);
  }
  if (keeps_changes(launch)) steps.push_back(TakeTree{launch.request.overlay, slot++});
  for (const Layer& layer : layers_of(launch))
    if (layer.is_directory)
      steps.push_back(TakeTree{layer.name, slot++, flags_of_directory(launch), /*is_image=*/true});
}

/// Whether a mount point may stand in the upper directory from the start: a directory at its own
/// place, and not below one that is usually the image's, where a link of the image's (/var/run,
/// say) would be hidden.
bool may_be_in_upper(const Bind& bind, const Facts& facts) {
  const auto& known = facts.directories;
  const std::size_t top = bind.to.find('/', 1);
  return bind.origin == Origin::host && bind.from == bind.to && bind.to != "/etc" &&
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
  if (launch.request.writable) {
    for (const std::string& path : {own, base + "/root", own + "/etc"})
      steps.push_back(MakeDirectory{path});
    return;
  }
  for (unsigned layer = 0; layer < layers_of(launch).size(); ++layer)
    steps.push_back(MakeDirectory{place_of(launch, layer)});
  for (const std::string& path : {own, work, base + "/root", own + "/etc"})
    steps.push_back(MakeDirectory{path});
  for (MakeDirectory& place : places_in_upper(binds, launch.facts))
    steps.push_back(MakeDirectory{own + place.path, place.is_covered});
  if (keeps_changes(launch))
    steps.push_back(
        AttachOverlay{first_free_slot(choose_trees(launch.request, launch.facts, binds)),
                      launch.request.overlay,
                      work});
}

void add_images(Steps& steps, const Launch& launch, unsigned slot) {
  const auto [uid, gid] = builder_of(launch);
  const bool is_stored = launch.request.with_subordinates;
  const bool is_root = launch.request.writable;
  unsigned number = 0;
  for (const Layer& layer : layers_of(launch)) {
    const std::string at = is_root ? launch.facts.base + "/root" : place_of(launch, number);
    if (layer.is_directory)
      steps.push_back(AttachImage{slot++, layer.name, at, number, is_root});
    else
      steps.push_back(MountImage{layer.name, at, uid, gid, number, is_stored});
    ++number;
  }
}

/// Those in which own files are and that are not there yet, each after its parents.
std::vector<std::string> places_of_own_files(const Launch& launch) {
  const std::string etc = "/etc/";
  std::vector<std::string> places;
  for (const OwnFile& file : launch.request.files)
    for (std::size_t end = file.to.find('/', etc.size()); end != std::string::npos;
         end = file.to.find('/', end + 1))
      if (const std::string place = own_layer(launch) + file.to.substr(0, end);
          std::find(places.begin(), places.end(), place) == places.end())
        places.push_back(place);
  return places;
}

/// What the image must not decide. Files that stand in the upper directory before the overlay is
/// mounted cost no copying up.
void add_own_files(Steps& steps, const Launch& launch) {
  const std::string etc = own_layer(launch) + "/etc/";
  steps.push_back(WriteFile{etc + "passwd", make_passwd(launch)});
  steps.push_back(WriteFile{etc + "group", make_group(launch)});
  steps.push_back(WriteFile{etc + "hosts", make_hosts(launch)});
  steps.push_back(WriteFile{etc + "resolv.conf", make_resolv_conf(launch)});
  for (std::string& place : places_of_own_files(launch))
    steps.push_back(MakeDirectory{std::move(place)});
  for (const OwnFile& file : launch.request.files)
    steps.push_back(WriteFile{own_layer(launch) + file.to, file.bytes});
}

/// Where there is no overlay that they could be a part of.
void cover_with_own_files(Steps& steps, const Launch& launch) {
  const std::string etc = own_layer(launch) + "/etc/";
  for (const std::string name : {"passwd", "group", "hosts", "resolv.conf"})
    steps.push_back(CoverFile{etc + name, "/etc/" + name});
  for (const OwnFile& file : launch.request.files)
    steps.push_back(CoverFile{own_layer(launch) + file.to, file.to, /*makes_place=*/false});
}

/// What berth shows of its own accord, and a program can do without.
bool is_optional(const Tree& tree, const Request& request) {
  if (origin_of(tree) != Origin::host) return false;
  for (const char* needed : {"/proc", "/sys", "/dev"})
    if (tree.to == needed) return false;
  return std::none_of(request.binds.begin(), request.binds.end(), [&](const Bind& asked) {
    return normal_path(asked.to) == tree.to;
  });
}

/// The upper ones first.
std::string lower_layers(const Launch& launch, bool has_start) {
  std::string text = has_start ? launch.facts.base + "/start:" : "";
  for (auto layer = static_cast<unsigned>(layers_of(launch).size()); layer-- > 0;)
    text += place_of(launch, layer) + (layer == 0 ? "" : ":");
  return text;
}

/// The names are ours, so nothing in them needs escaping. userxattr: marks that an unprivileged
/// mount may write (overlayfs.rst, "User xattr").
std::string overlay_options(const Launch& launch, bool has_start) {
  const std::string& base = launch.facts.base;
  const std::string images = lower_layers(launch, has_start);
  if (!keeps_changes(launch))
    return "lowerdir=" + images + ",upperdir=" + base + "/upper,workdir=" + base +
           "/work,userxattr";
  // The layers below are mounted anew each time, which an index would not forgive.
  return "lowerdir=" + base + "/own:" + images + ",upperdir=" + base +
         "/kept/upper,workdir=" + base + "/kept/work,userxattr,index=off";
}

void add_overlay(Steps& steps, const Launch& launch) {
  const std::string& base = launch.facts.base;
  const bool has_start = may_lay_start_files(launch);
  if (has_start) steps.push_back(LayStartFiles{base + "/start", launch.image.start});
  steps.push_back(MountOverlay{overlay_options(launch, has_start),
                               base + "/root",
                               launch.image.source,
                               launch.request.overlay});
}

Error refused(const std::string& goal, const char* hint) {
  return Error{Blame::usage, goal, {}, hint};
}

/// Each image has one, and a directory has none.
Status check_root_hashes(const Request& request, const std::vector<Layer>& layers) {
  const std::vector<std::string>& hashes = request.root_hashes;
  if (hashes.empty()) return Done{};
  if (request.unverified)
    return refused("ask for a root hash and compare nothing with it",
                   "leave --root-hash or --no-verify out");
  if (hashes.size() != layers.size())
    return refused("ask for " + std::to_string(hashes.size()) + " root hashes of " +
                       std::to_string(layers.size()) + " images",
                   "write one for each, with '+' between them, and - where any will do");
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (layers[i].is_directory && hashes[i] != "-")
      return refused("ask for the root hash of " + quote(layers[i].name) + ": it is a directory",
                     "leave --root-hash out, or write - for it");
  return Done{};
}

/// What one rank writes can be his own only where it goes nowhere else.
Status check_private(const Request& request) {
  const auto refuse = [&](const char* what, const char* option) {
    return refused(std::string("keep what a rank writes to itself: ") + what,
                   ("leave " + std::string(option) + " or --private-overlay out").c_str());
  };
  if (!request.private_overlay) return Done{};
  if (request.read_only) return refuse("nothing can be written", "--read-only");
  if (request.writable) return refuse("it is written into the image", "--writable");
  if (!request.overlay.empty()) return refuse("it is to be kept", "--overlay");
  return Done{};
}

}  // namespace

Status check_layers(const Launch& launch) {
  const Request& request = launch.request;
  const std::vector<Layer> layers = layers_of(launch);
  const std::string image = quote(request.image);
  const bool is_one = layers.size() == 1;
  const bool is_file = is_one && !layers[0].is_directory;
  if (layers.size() > kMostLayers)
    return refused("put " + std::to_string(layers.size()) + " images on each other",
                   "merge some of them: at most 16 can be");
  if (request.writable && (is_file || !is_one))
    return refused("write into " + image + " itself: it is " +
                       (is_one ? "the file of an image" : "more than one image"),
                   "keep changes in a directory: --overlay DIR");
  if (request.writable && request.read_only)
    return refused("make " + image + " writable and read-only at once",
                   "leave --writable or --read-only out");
  if (!request.overlay.empty() && !is_file)
    return refused("keep changes to " + image + " in a directory: they belong to one image's file",
                   "name one image, or write into a directory itself with --writable");
  BERTH_TRY(check_private(request));
  BERTH_TRY(check_root_hashes(request, layers));
  if (!request.record.empty() && !is_file)
    return refused("record a launch profile of " + image + ": it is for one image's file",
                   "record one of each image by itself");
  return Done{};
}

bool may_go_without(const Launch& launch, const Step& refused, const Refusal& refusal) {
  const int number = refusal.number;
  const Request& request = launch.request;
  const bool is_asked =
      keeps_changes(launch) || request.private_overlay || request.tmpfs_bytes != 0;
  return std::get_if<MountOverlay>(&refused) != nullptr && !is_asked &&
         layers_of(launch).size() == 1 &&
         (number == EPERM || number == EACCES || number == EINVAL || number == ENODEV);
}

bool may_lay_start_files(const Launch& launch) {
  constexpr std::uint64_t kNarrow = 64 << 20;
  const std::uint64_t room = launch.request.tmpfs_bytes;
  // A copy would belong to who builds the container, whoever the image's file belongs to.
  if (launch.request.with_subordinates) return false;
  return !launch.image.start.empty() && (room == 0 || room >= kNarrow);
}

void add_layers(Steps& steps, const Launch& launch, const std::vector<Bind>& binds) {
  const std::vector<Tree> trees = choose_trees(launch.request, launch.facts, binds);
  add_trees(steps, launch, trees);
  add_scratch(steps, launch, binds);
  add_images(steps, launch, first_free_slot(trees) + (keeps_changes(launch) ? 1 : 0));
}

void add_root(Steps& steps, const Launch& launch, const std::vector<Bind>& binds) {
  const Request& request = launch.request;
  const bool is_image = launch.without_overlay;
  if (!is_image) add_own_files(steps, launch);  // else they are there already
  if (is_image) steps.push_back(UseImage{place_of(launch, 0)});
  if (is_image || request.writable)
    cover_with_own_files(steps, launch);
  else
    add_overlay(steps, launch);
  unsigned slot = 0;
  for (const Tree& tree : choose_trees(request, launch.facts, binds))
    steps.push_back(AttachTree{
        slot++, tree.from, tree.to, origin_of(tree), is_image && is_optional(tree, request)});
  // What is masked stays so whatever else is asked for there: last.
  for (const std::string& place : request.write_locked)
    steps.push_back(LockPlace{normal_path(place)});
  for (const std::string& place : request.masked)
    steps.push_back(MaskPlace{normal_path(place)});
  const std::string root = is_image ? place_of(launch, 0) : launch.facts.base + "/root";
  steps.push_back(ChangeRoot{root, request.read_only || is_image});
}

void add_private_root(Steps& steps, const Launch& launch, const std::vector<Bind>& binds) {
  const Request& request = launch.request;
  steps.push_back(EnterNamespaces{CLONE_NEWNS});
  steps.push_back(KeepMountsInside{});
  steps.push_back(MountPrivateRoot{request.tmpfs_bytes, launch.image.source});
  for (const Tree& tree : choose_trees(request, launch.facts, binds))
    steps.push_back(CarryTree{tree.to});
  for (const auto* places : {&request.write_locked, &request.masked})
    for (const std::string& place : *places)
      steps.push_back(CarryTree{normal_path(place)});
  steps.push_back(ChangeRoot{"/"});
}

}  // namespace berth::plan
