// SPDX-License-Identifier: Apache-2.0
#include "hooks/fabric/take.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::hooks {

namespace {

/// Libraries that fit each other and no others': of one piece with their plug-ins.
const std::vector<std::vector<std::string>>& families() {
  static const std::vector<std::vector<std::string>> all = {
      {"libibverbs.so.1",
       "librdmacm.so.1",
       "libmlx5.so.1",
       "libmlx4.so.1",
       "libefa.so.1",
       "libmana.so.1"},
      {"libucp.so.0", "libuct.so.0", "libucs.so.0", "libucm.so.0"}};
  return all;
}

/// What a library opens at run time: plug-ins in a directory beside it.
struct Helper {
  std::string_view library;
  const char* beside;
};

constexpr std::array<Helper, 3> kHelpers = {
    {{"libibverbs.", "libibverbs"}, {"libucs.", "ucx"}, {"libfabric.", "libfabric"}}};

/// Where the drivers that libibverbs opens are named, in a file for each.
constexpr const char* kDrivers = "/etc/libibverbs.d";

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::vector<std::string> family_of(const std::string& soname) {
  for (const auto& family : families())
    if (has(family, soname)) return family;
  return {soname};
}

std::string soname_of(const FoundLibrary& library) {
  return library.elf->soname.empty() ? name_of_file(library.path) : library.elf->soname;
}

/// The first version that programs of the image may use and `nodes` lacks. What is private is for
/// the family.
std::string lost_version(const Elf& nodes, const Elf& images) {
  for (const std::string& version : images.versions)
    if (version.find("PRIVATE") == version.npos && !has(nodes.versions, version)) return version;
  return {};
}

bool is_of_any(const std::string& file, const std::vector<std::string>& drivers) {
  return std::any_of(drivers.begin(), drivers.end(), [&](const auto& driver) {
    return file.starts_with("lib" + driver + "-rdmav");
  });
}

}  // namespace

bool fits(const Elf& asker, const std::string& soname, const Elf& library) {
  return std::all_of(asker.wants.begin(), asker.wants.end(), [&](const NeededVersions& wanted) {
    return wanted.library != soname ||
           std::all_of(wanted.versions.begin(), wanted.versions.end(), [&](const auto& version) {
             return has(library.versions, version);
           });
  });
}

std::string Taken::stage_family(const FoundLibrary& library, Libraries& staged) {
  const std::string own = soname_of(library);
  staged.emplace(own, library);
  for (const std::string& soname : family_of(own)) {
    const auto images = image_->find(soname);
    auto nodes = node_->at(path_in(directory_of(library.path), soname));
    if (!nodes) nodes = node_->find(soname);
    if (soname == own) nodes = library;
    if (!images) continue;
    if (!nodes) return "the image's " + quote(soname) + " belongs to it, and this node has none";
    const std::string lost = lost_version(*nodes->elf, *images->elf);
    if (!lost.empty())
      return "programs of the image may need " + quote(lost) + ", which " + quote(nodes->path) +
             " lacks";
    staged.emplace(soname, *nodes);
  }
  return {};
}

/// Of libibverbs: many are links out of their directory. Others are shown with theirs.
void Taken::show_driver(const FoundLibrary& driver, const std::string& to) {
  const std::string file = name_of_file(to);
  const std::size_t end = file.rfind("-rdmav");  // libNAME-rdmav34.so
  if (end == file.npos || !file.starts_with("lib")) return;
  show(driver.path, to);
  const std::string name = file.substr(3, end - 3);
  const std::string setting = std::string(kDrivers) + "/" + name + ".driver";
  if (const auto settings = node_->tree().find_file(setting)) show(*settings, setting);
}

/// A plug-in that cannot be had is one that is not there.
void Taken::show_plugins(const std::string& directory, bool are_drivers, Libraries& brought) {
  Needs needs(*image_, *node_, taken_);
  for (const std::string& name : node_->tree().names_in(directory)) {
    const bool is_plugin =
        name.find(".so") != name.npos && (!are_drivers || is_of_any(name, drivers_));
    const auto plugin = is_plugin ? node_->at(path_in(directory, name)) : std::nullopt;
    Needs tried = needs;
    if (!plugin || !tried.add(*plugin).empty()) continue;
    needs = std::move(tried);
    show_driver(*plugin, path_in(directory, name));
  }
  brought.insert(needs.brought().begin(), needs.brought().end());
}

void Taken::show_helpers(const FoundLibrary& library, Libraries& brought) {
  for (const Helper& helper : kHelpers) {
    const bool has_drivers = helper.library == kHelpers.front().library;
    if (!name_of_file(library.path).starts_with(helper.library)) continue;
    if (has_drivers && drivers_.empty()) continue;  // there is no adapter for them
    const auto beside =
        node_->tree().find_directory(path_in(directory_of(library.path), helper.beside));
    if (!beside) continue;
    if (has_drivers)  // what the image names are drivers for its own
      shown_.push_back({"tmpfs", kDrivers, "tmpfs", {"nosuid", "nodev", "noexec", "mode=0755"}});
    else
      show(*beside, *beside);
    show_plugins(*beside, has_drivers, brought);
  }
}

std::string Taken::take(const FoundLibrary& library) {
  Libraries staged = taken_;
  if (std::string why = stage_family(library, staged); !why.empty()) return why;
  Needs needs(*image_, *node_, staged);
  for (const auto& [soname, one] : staged)
    if (std::string why = needs.add(one); !why.empty()) return why;
  taken_ = std::move(staged);
  Libraries brought = needs.brought();
  // What is brought may open plug-ins, and these may need more; they open none of their own.
  for (const auto& [soname, one] : taken_)
    show_helpers(one, brought);
  for (const auto& [soname, one] : needs.brought())
    show_helpers(one, brought);
  brought_.insert(brought.begin(), brought.end());
  return {};
}

std::string Taken::add_plugin(const FoundLibrary& plugin, const std::string& to) {
  Needs needs(*image_, *node_, taken_);
  if (std::string why = needs.add(plugin); !why.empty()) return why;
  brought_.insert(needs.brought().begin(), needs.brought().end());
  show(plugin.path, to);
  return {};
}

void Taken::show(const std::string& from, const std::string& to) {
  Mount mount{from, to, "", {"ro", "nosuid", "nodev"}};
  if (std::find(shown_.begin(), shown_.end(), mount) == shown_.end())
    shown_.push_back(std::move(mount));
}

void Taken::add_to(Edits& edits) const {
  Taken all = *this;
  Libraries missing = brought_;
  for (const auto& [soname, library] : taken_) {
    if (const auto images = image_->find(soname))
      all.show(library.path, images->path);
    else
      missing.insert_or_assign(soname, library);
  }
  for (const auto& [soname, library] : missing)
    all.show(library.path, path_in(place_, soname));
  edits.mounts.insert(edits.mounts.end(), all.shown_.begin(), all.shown_.end());
  if (!missing.empty()) edits.prepended.push_back("LD_LIBRARY_PATH=" + place_);
}

}  // namespace berth::hooks
