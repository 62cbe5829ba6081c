// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/needs.h"

#include "base/text.h"
#include "hooks/mpi/copies.h"

#include <algorithm>
#include <array>

namespace berth::hooks {

namespace {

/// Parts of the C library belong to each other and to the loader: always the image's.
bool is_of_c_library(const std::string& soname) {
  constexpr std::array<std::string_view, 11> kNames = {"libc.so.6",
                                                       "libm.so.6",
                                                       "libmvec.so.1",
                                                       "libpthread.so.0",
                                                       "libdl.so.2",
                                                       "librt.so.1",
                                                       "libutil.so.1",
                                                       "libresolv.so.2",
                                                       "libanl.so.1",
                                                       "libnsl.so.1",
                                                       "libnss_files.so.2"};
  return soname.starts_with("ld-linux") ||
         std::find(kNames.begin(), kNames.end(), soname) != kNames.end();
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// The first version that `asker` wants from the library of that name, and it does not define.
std::string missing_version(const Elf& asker, const std::string& soname, const Elf& library) {
  for (const NeededVersions& wanted : asker.wants)
    if (wanted.library == soname)
      for (const std::string& version : wanted.versions)
        if (!has(library.versions, version)) return version;
  return {};
}

std::string lacks(const FoundLibrary& asker,
                  const std::string& version,
                  const std::string& soname) {
  return quote(asker.path) + " needs " + quote(version) + ", and the image's " + quote(soname) +
         " lacks it";
}

/// Whether `newer` can stand for `older` in programs that were made for that.
bool covers(const Elf& newer, const Elf& older) {
  return std::all_of(older.versions.begin(), older.versions.end(), [&](const auto& version) {
    return has(newer.versions, version);
  });
}

/// Of a library whose symbols have no versions, its file's numbers are what there is to go by.
bool is_newer(const FoundLibrary& nodes, const FoundLibrary& images) {
  return images.elf->versions.empty() &&
         numbers_of(name_of_file(nodes.path)) > numbers_of(name_of_file(images.path));
}

}  // namespace

std::string Needs::check_c_library(const FoundLibrary& library, const std::string& soname) {
  const auto images = image_->find(soname);
  if (!images) return quote(library.path) + " needs " + quote(soname) + ", and the image has none";
  const std::string version = missing_version(*library.elf, soname, *images->elf);
  return version.empty() ? "" : lacks(library, version, soname);
}

/// `general`: the file that programs without an RPATH get, which is seen to otherwise.
void Needs::check_beside(const FoundLibrary& asker,
                         const std::string& soname,
                         const std::string& general,
                         const std::optional<FoundLibrary>& nodes) {
  for (const std::string& directory : beside_) {
    const auto images = image_->at(path_in(directory, soname));
    if (!images || images->path == general) continue;
    const std::string version = missing_version(*asker.elf, soname, *images->elf);
    if (version.empty() && !(nodes && is_newer(*nodes, *images))) continue;
    if (nodes && covers(*nodes->elf, *images->elf)) {
      over_.emplace(images->path, *nodes);
      left_.push_back(*nodes);
    } else {
      doubt_ = "programs with an RPATH to " + quote(directory) +
               " may not start: " + lacks(asker, version, images->path);
    }
  }
}

std::string Needs::add_one(const FoundLibrary& library, const std::string& soname) {
  if (is_of_c_library(soname)) return check_c_library(library, soname);
  if (const auto known = taken_.find(soname); known != taken_.end()) {
    left_.push_back(known->second);
    return {};
  }
  const auto nodes = node_->find(soname, &library);
  // Another's would not fit, however it is called.
  const auto images = is_of_family(soname) ? std::nullopt : image_->find(soname);
  if (!is_of_family(soname)) check_beside(library, soname, images ? images->path : "", nodes);
  if (brought_.find(soname) != brought_.end()) return {};
  const std::string version =
      images ? missing_version(*library.elf, soname, *images->elf) : std::string();
  if (images && version.empty() && !(nodes && is_newer(*nodes, *images))) return {};
  if (!nodes && !images)
    return quote(library.path) + " needs " + quote(soname) +
           ", which neither this node nor the image has";
  if (images && (!nodes || !covers(*nodes->elf, *images->elf)))
    return lacks(library, version, soname);
  brought_.emplace(soname, *nodes);
  left_.push_back(*nodes);
  return {};
}

std::string Needs::add(const FoundLibrary& library) {
  left_.push_back(library);
  while (!left_.empty()) {
    const FoundLibrary next = left_.back();
    left_.pop_back();
    if (!done_.insert(next.path).second) continue;
    for (const std::string& soname : next.elf->needed)
      if (std::string why = add_one(next, soname); !why.empty()) return why;
  }
  return {};
}

}  // namespace berth::hooks
