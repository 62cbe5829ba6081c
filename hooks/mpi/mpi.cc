// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/mpi.h"

#include "base/text.h"
#include "hooks/mpi/family.h"
#include "hooks/mpi/needs.h"
#include "hooks/mpi/plugins.h"

#include <algorithm>
#include <set>

namespace berth::hooks {

namespace {

constexpr const char* kLoaderPath = "LD_LIBRARY_PATH";

/// What a library opens at run time, beside it or in the share directory of its place.
struct Helpers {
  std::string_view library;
  std::vector<std::string> beside;  ///< with plug-ins
  std::vector<std::string> shared;  ///< texts, below the place that the library was installed in
};

const std::vector<Helpers>& helpers() {
  static const std::vector<Helpers> all = {
      {"libopen-pal.", {"openmpi"}, {"share/openmpi", "etc/openmpi"}},
      {"libpmix.", {"pmix", "pmix2"}, {"share/pmix"}},
      {"libucs.", {"ucx"}, {}},
      {"libfabric.", {"libfabric"}, {}},
      {"libibverbs.", {"libibverbs"}, {"etc/libibverbs.d"}},
      {"libhwloc.", {"hwloc"}, {}}};
  return all;
}

std::vector<std::string> directories_in(const std::vector<std::string>& environment,
                                        const std::string& name) {
  std::vector<std::string> all;
  for (const std::string& variable : environment) {
    if (!variable.starts_with(name + "=")) continue;
    all.clear();
    for (std::string& one : split(variable.substr(name.size() + 1), ':'))
      if (one.starts_with('/')) all.push_back(std::move(one));
  }
  return all;
}

/// One that the site names has its parts beside it.
std::vector<std::string> directories_of(const std::vector<std::string>& files) {
  std::vector<std::string> all;
  all.reserve(files.size());
  for (const std::string& file : files)
    all.push_back(directory_of(file));
  return all;
}

bool is_set(const std::vector<std::string>& environment, const std::string& name) {
  return std::any_of(environment.begin(), environment.end(), [&](const std::string& variable) {
    return variable.starts_with(name + "=") && variable.size() > name.size() + 1;
  });
}

/// "40.30" for 40, 30, 4.
std::vector<unsigned> first_two(const std::vector<unsigned>& version) {
  return {version.begin(), version.begin() + std::min<std::ptrdiff_t>(2, std::ssize(version))};
}

class Swap {
 public:
  Swap(const MpiQuestion& question, Tree& image, Tree& node)
      : question_(question),
        first_(directories_in(question.environment, kLoaderPath)),
        image_(image, first_),
        node_(node, directories_of(question.libraries)) {}

  MpiSwap find();

 private:
  std::string check_image();
  [[nodiscard]] std::string check_rule(const MpiLibrary& images, const MpiLibrary& nodes) const;
  std::string choose_node(const MpiLibrary& images, MpiLibrary& nodes);
  std::string replace(const MpiLibrary& images);
  void replace_all(MpiSwap& swap);
  std::string settle(Needs& needs);
  void add_plugins(Needs& needs);
  bool add_directory(const std::string& path, std::vector<std::string>& to);
  void add_way(const std::string& path, const std::string& directory);
  [[nodiscard]] std::vector<std::string> own_places() const;
  bool add_other_names();
  void add_shared(const FoundLibrary& library, const std::string& shared);
  void add_helpers(const FoundLibrary& library);
  void add_mount(const std::string& from, const std::string& to);
  bool needs_way(const std::string& path);
  void finish(const Needs& needs);
  std::string check_places();

  const MpiQuestion& question_;
  std::vector<std::string> first_;
  Loader image_;
  Loader node_;
  std::vector<MpiLibrary> copies_;  ///< of the image
  Family family_;
  std::vector<std::string> plugins_;  ///< directories of the node that have some
  std::vector<std::string> texts_;    ///< and that have none
  std::vector<std::pair<std::string, std::string>>
      ways_;                         ///< to these by links, and where they lead
  std::vector<std::string> linked_;  ///< plug-ins that are elsewhere, and not in the image
  Edits edits_{.who = "mpi"};
};

std::string Swap::check_image() {
  if (image_.find("libc.so.6")) return {};
  for (const char* name : {"/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"})
    if (image_.tree().follow(name))
      return "the image's C library is musl, and this node's MPI needs glibc";
  return "the image has no C library for programs of this machine";
}

/// Numbers in the names of files: what Sarus and others go by.
std::string Swap::check_rule(const MpiLibrary& images, const MpiLibrary& nodes) const {
  // The numbers of the MPICH family's members say nothing about each other; what they have promised
  // is the ABI.
  const bool is_bound_by_abi = question_.rule == "auto" && nodes.abi == Abi::mpich;
  if (question_.rule == "major" || is_bound_by_abi) return {};
  const std::string both =
      "the image's is " + version_of(images) + " and this node's is " + version_of(nodes);
  if (question_.rule == "strict")
    return images.version == nodes.version && !nodes.version.empty() ? "" : "strict: " + both;
  const auto by = first_two(nodes.version);
  const auto what = first_two(images.version);
  if (by.size() < 2 || what.size() < 2)  // then the ABI is all there is to go by
    return question_.rule == "auto" ? ""
                                    : question_.rule + ": " + both + ", which tells too little";
  return by >= what ? "" : question_.rule + ": " + both + ", which is older";
}

std::string Swap::choose_node(const MpiLibrary& images, MpiLibrary& nodes) {
  std::vector<std::string> paths = question_.libraries;
  std::string other;
  if (paths.empty())
    for (const std::string& name : mpi_names())
      if (const auto found = node_.find(name)) paths.push_back(found->path);
  for (const std::string& path : paths) {
    auto library = mpi_at(node_, path);
    if (!library && !question_.libraries.empty())
      return quote(path) + " of this node is no library of MPI for this machine";
    if (!library) continue;
    if (library->abi == images.abi && library->number == images.number) {
      nodes = std::move(*library);
      return {};
    }
    other += (other.empty() ? "" : " and ") + to_text(library->abi) + " (" + library->name + ")";
  }
  return "the image has " + to_text(images.abi) + " (" + images.name + "), and this node has " +
         (other.empty() ? "no MPI that its loader knows" : other);
}

std::string Swap::replace(const MpiLibrary& images) {
  MpiLibrary nodes;
  if (std::string why = choose_node(images, nodes); !why.empty()) return why;
  if (std::string why = check_rule(images, nodes); !why.empty()) return why;
  const Sides sides{image_, node_, copies_, !question_.libraries.empty()};
  if (std::string why = add_family(images, nodes, sides, family_); !why.empty()) return why;
  edits_.says += (edits_.says.empty() ? "" : "; ") + to_text(nodes.abi) + " " + version_of(nodes) +
                 " of this node (" + quote(nodes.library.path) + ") in the place of the image's " +
                 version_of(images) + " (" + quote(images.library.path) + ")";
  return {};
}

void Swap::add_mount(const std::string& from, const std::string& to) {
  edits_.mounts.push_back({from, to, "", {"ro", "nosuid", "nodev"}});
}

bool Swap::add_directory(const std::string& path, std::vector<std::string>& to) {
  const auto directory = node_.tree().find_directory(path);
  if (!directory) return false;
  if (std::find(to.begin(), to.end(), *directory) == to.end()) to.push_back(*directory);
  add_way(path, *directory);
  return true;
}

/// Another path to `directory`, which a library may have compiled in.
void Swap::add_way(const std::string& path, const std::string& directory) {
  const bool is_known =
      path == directory ||
      std::any_of(ways_.begin(), ways_.end(), [&](const auto& way) { return way.first == path; });
  if (!is_known) ways_.emplace_back(path, directory);
}

/// `shared` of the place that `library` is installed in; a distribution's is /usr's or in /etc,
/// wherever below /usr it lies. What lies further up elsewhere is somebody else's.
void Swap::add_shared(const FoundLibrary& library, const std::string& shared) {
  std::vector<std::string> places = {directory_of(directory_of(library.path))};
  if (library.path.starts_with("/usr/")) places.insert(places.end(), {"/usr", ""});
  for (const std::string& place : places)
    if (add_directory(path_in(place, shared), texts_)) break;
  if (!library.directory.empty())
    (void)add_directory(path_in(directory_of(library.directory), shared), texts_);
}

/// Where `library` looks for more of itself.
void Swap::add_helpers(const FoundLibrary& library) {
  const std::string name = name_of_file(library.path);
  for (const Helpers& one : helpers()) {
    if (!name.starts_with(one.library)) continue;
    for (const std::string& beside : one.beside) {
      (void)add_directory(path_in(directory_of(library.path), beside), plugins_);
      // A library that is a link in its directory has its parts beside itself and beside the link.
      if (!library.directory.empty())
        (void)add_directory(path_in(library.directory, beside), plugins_);
    }
    for (const std::string& shared : one.shared)
      add_shared(library, shared);
  }
}

/// They are opened at run time, and need more than who opens them. One that cannot be had is one
/// that is not there. What they bring may have plug-ins, too.
void Swap::add_plugins(Needs& needs) {
  for (std::size_t i = 0; i < plugins_.size(); ++i)
    for (const std::string& path : plugins_beside(node_.tree(), plugins_[i])) {
      const auto plugin = node_.at(path);
      Needs tried = needs;
      if (!plugin || !tried.add(*plugin).empty()) continue;
      needs = std::move(tried);
      // Drivers of libibverbs are links to libraries beside their directory.
      const bool leads_out = directory_of(plugin->path) != directory_of(path);
      if (leads_out && !image_.tree().find_file(plugin->path)) linked_.push_back(plugin->path);
      for (const auto& [soname, library] : needs.brought())
        add_helpers(library);
    }
}

/// Not where the image's own links lead to a directory that the node's is shown in.
bool Swap::needs_way(const std::string& path) {
  const auto above = image_.tree().follow(directory_of(path));
  const auto there = image_.tree().follow(path);
  const std::string place =
      there ? *there : path_in(above.value_or(directory_of(path)), name_of_file(path));
  return std::find(plugins_.begin(), plugins_.end(), place) == plugins_.end() &&
         std::find(texts_.begin(), texts_.end(), place) == texts_.end();
}

void Swap::finish(const Needs& needs) {
  for (const auto& directories : {plugins_, texts_})
    for (const std::string& directory : directories)
      add_mount(directory, directory);
  for (const auto& [path, directory] : ways_)
    if (needs_way(path)) add_mount(directory, path);
  for (const std::string& file : linked_)
    add_mount(file, file);
  for (const Pair& pair : family_.pairs)
    add_mount(pair.by.path, pair.to);
  for (const auto& [place, library] : needs.over())
    add_mount(library.path, place);
  for (const auto& [soname, library] : needs.brought())
    add_mount(library.path, std::string(kMpiLibraries) + "/" + soname);
  const bool has_names = add_other_names();
  if (has_names || !needs.brought().empty())
    edits_.prepended.push_back(std::string(kLoaderPath) + "=" + kMpiLibraries);
  // Where the image has its own MPI moved, the node's would look for its parts there. Empty is
  // none.
  for (const char* name : {"OPAL_PREFIX", "PMIX_PREFIX"})
    if (is_set(question_.environment, name)) edits_.variables.push_back(std::string(name) + "=");
}

/// One of another name than the image's is looked for by that, too, by libraries of its family: its
/// own, in a directory where the image has none.
bool Swap::add_other_names() {
  bool has_any = false;
  const auto places = own_places();
  for (const auto& one : family_.taken) {
    const bool is_used =
        std::any_of(family_.pairs.begin(), family_.pairs.end(), [&](const Pair& pair) {
          return pair.by.path == one.second.path;
        });
    const bool is_there = std::any_of(places.begin(), places.end(), [&](const auto& directory) {
      return image_.at(path_in(directory, one.first)).has_value();
    });
    if (!is_used || is_there || image_.find(one.first)) continue;
    add_mount(one.second.path, std::string(kMpiLibraries) + "/" + one.first);
    has_any = true;
  }
  return has_any;
}

/// Where the copies of the image are, each way to them.
std::vector<std::string> Swap::own_places() const {
  std::vector<std::string> places;
  for (const MpiLibrary& copy : copies_)
    for (const std::string& one : {copy.library.directory, directory_of(copy.library.path)})
      if (std::find(places.begin(), places.end(), one) == places.end()) places.push_back(one);
  return places;
}

/// Where something is mounted, no place can be made.
std::string Swap::check_places() {
  for (const Mount& mount : edits_.mounts) {
    const std::string above = image_.tree().mounted_above(mount.to);
    if (!above.empty() && !image_.tree().follow(mount.to))
      return quote(above) + " is mounted, and has no place for " + quote(mount.to);
  }
  return {};
}

/// Sees to what the libraries themselves need, those first that programs cannot do without.
std::string Swap::settle(Needs& needs) {
  for (const Pair& pair : family_.pairs)
    if (pair.is_needed)
      if (std::string why = needs.add(pair.by); !why.empty()) return why;
  std::vector<Pair> kept;
  for (const Pair& pair : family_.pairs) {
    Needs tried = needs;
    if (!pair.is_needed && !tried.add(pair.by).empty()) continue;
    needs = std::move(tried);
    kept.push_back(pair);
    add_helpers(pair.by);
  }
  family_.pairs = std::move(kept);
  for (const auto& [soname, library] : needs.brought())
    add_helpers(library);
  return {};
}

/// Sets why not, where one cannot be.
void Swap::replace_all(MpiSwap& swap) {
  std::string far_one;
  for (const MpiLibrary& copy : copies_) {
    std::string& why = copy.is_far ? far_one : swap.refused;
    std::string refused = replace(copy);
    if (why.empty()) why = std::move(refused);
  }
  // What only few programs find counts where there is no other.
  if (!family_.pairs.empty() && !far_one.empty())
    edits_.says += "; another stays: " + far_one;
  else if (family_.pairs.empty() && swap.refused.empty())
    swap.refused = std::move(far_one);
}

MpiSwap Swap::find() {
  copies_ = find_copies(image_, first_, Reach::all);
  if (copies_.empty()) return {false, {.who = "mpi", .says = "the image has no MPI"}, {}};
  MpiSwap swap{true};
  swap.refused = check_image();
  if (!swap.refused.empty()) return swap;
  replace_all(swap);
  // Who insists does not want one of two replaced.
  if (family_.pairs.empty() || (!swap.refused.empty() && question_.rule != "auto")) return swap;
  if (!swap.refused.empty()) edits_.says += "; another stays: " + swap.refused;
  Needs needs(image_, node_, family_.taken, own_places());
  swap.refused = settle(needs);
  if (!swap.refused.empty()) return swap;
  add_plugins(needs);
  finish(needs);
  swap.refused = check_places();
  if (!swap.refused.empty()) return swap;
  const std::string doubt = needs.doubt();
  if (!doubt.empty() || !family_.warning.empty())
    edits_.warning =
        family_.warning + (doubt.empty() || family_.warning.empty() ? "" : "; ") + doubt;
  swap.edits = std::move(edits_);
  return swap;
}

}  // namespace

MpiSwap find_mpi(const MpiQuestion& question, Tree& image, Tree& node) {
  return Swap(question, image, node).find();
}

}  // namespace berth::hooks
