// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/copies.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace berth::hooks {

namespace {

/// "12.2.1" of "libmpich.so.12.2.1".
std::string behind_so(const std::string& name) {
  const std::size_t at = name.find(".so.");
  return at == name.npos ? "" : name.substr(at + 4);
}

std::vector<unsigned> numbers_in(const std::string& text) {
  std::vector<unsigned> numbers;
  for (const std::string& part : split(text, '.')) {
    unsigned number = 0;
    const char* end = part.data() + part.size();
    const auto [rest, trouble] = std::from_chars(part.data(), end, number);
    if (part.empty() || trouble != std::errc{} || rest != end) return {};
    numbers.push_back(number);
  }
  return numbers;
}

/// Open MPI's releases up to 1.10 have a libmpi.so.12 too, and are known by what they are made of.
Abi abi_of(const Elf& elf, const std::string& name) {
  const bool has_layers = std::any_of(elf.needed.begin(), elf.needed.end(), [](const auto& one) {
    return one.starts_with("libopen-pal") || one.starts_with("libopen-rte");
  });
  const bool is_other = name.starts_with("libmpich") || behind_so(name) == "12";
  return has_layers || !is_other ? Abi::open_mpi : Abi::mpich;
}

/// Where distributions, vendors and people put MPI.
std::vector<std::string> places(Tree& tree) {
  std::vector<std::string> all = {"/usr/local/lib",
                                  "/usr/local/lib64",
                                  "/usr/lib64/openmpi/lib",
                                  "/usr/lib64/mpich/lib",
                                  "/usr/lib64/mvapich2/lib"};
  for (const char* above : {"/opt", "/usr/local"})
    if (const auto directory = tree.find_directory(above))
      for (const std::string& name : tree.names_in(*directory))
        for (const char* end : {"/lib", "/lib64"})
          all.push_back(*directory + "/" + name + end);
  return all;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> all) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

/// Where people put software of their own: /opt, /usr/local, and what is no system's in the root.
std::vector<std::string> software_places(Tree& tree) {
  constexpr std::array<std::string_view, 22> kSystem = {
      "bin",    "boot",       "dev",   "etc", "home", "lib",   "lib32", "lib64",
      "libx32", "lost+found", "media", "mnt", "proc", "root",  "run",   "sbin",
      "srv",    "sys",        "tmp",   "usr", "var",  ".berth"};
  std::vector<std::string> places = {"/usr/local"};
  for (const std::string& name : tree.directories_in("/"))
    if (!is_one_of(name, kSystem)) places.push_back("/" + name);
  return places;
}

/// The directories of libraries of all software there, however deep it is: those called lib and
/// lib64. What is below these is theirs, and what is mounted is not the image's.
std::vector<std::string> far_places(Tree& tree) {
  constexpr std::array<std::string_view, 12> kNone = {"bin",
                                                      "doc",
                                                      "docs",
                                                      "etc",
                                                      "include",
                                                      "libexec",
                                                      "man",
                                                      "pkgs",
                                                      "sbin",
                                                      "share",
                                                      "src",
                                                      "var"};
  constexpr std::array<std::string_view, 2> kLibraries = {"lib", "lib64"};
  constexpr std::size_t kMost = 4000;
  constexpr std::ptrdiff_t kDeepest = 9;  // '/' in a path
  std::vector<std::string> left = software_places(tree);
  std::vector<std::string> found;
  for (std::size_t i = 0; i < left.size() && i < kMost; ++i) {
    const std::string directory = left[i];
    if (!tree.mounted_above(directory).empty()) continue;
    for (const std::string& name : tree.directories_in(directory)) {
      const std::string path = path_in(directory, name);
      if (is_one_of(name, kLibraries))
        found.insert(found.end(), {path, path + "/release"});  // the latter is Intel's
      else if (!is_one_of(name, kNone) && std::count(path.begin(), path.end(), '/') < kDeepest)
        left.push_back(path);
    }
  }
  return found;
}

/// What there has a name of a library of MPI.
std::vector<std::string> far_files(Tree& tree) {
  std::vector<std::string> files;
  for (const std::string& directory : far_places(tree)) {
    const auto there = tree.find_directory(directory);
    const auto names = there ? tree.names_in(*there) : std::vector<std::string>{};
    for (const std::string& name : mpi_names())
      if (std::find(names.begin(), names.end(), name) != names.end())
        files.push_back(path_in(directory, name));
  }
  return files;
}

/// Unless it is known, or is none.
void add_copy(Loader& loader, const std::string& path, std::vector<MpiLibrary>& copies) {
  auto copy = mpi_at(loader, path);
  const bool is_known = copy && std::any_of(copies.begin(), copies.end(), [&](const auto& one) {
                          return one.library.path == copy->library.path;
                        });
  if (copy && !is_known) copies.push_back(std::move(*copy));
}

/// An image can have anything for one, and it goes into messages.
bool is_plain_name(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') || letter == '.' || letter == '-' || letter == '_';
  });
}

}  // namespace

std::string to_text(Abi abi) {
  return abi == Abi::open_mpi ? "Open MPI" : "the MPICH family";
}

std::string version_of(const MpiLibrary& library) {
  std::string text;
  for (const unsigned number : library.version)
    text += (text.empty() ? "" : ".") + std::to_string(number);
  return text.empty() ? library.number : text;
}

const std::vector<std::string>& mpi_names() {
  static const std::vector<std::string> all = {"libmpi.so.40",
                                               "libmpi.so.20",
                                               "libmpi.so.12",
                                               "libmpi.so.1",
                                               "libmpich.so.12",
                                               "libmpich.so.10"};
  return all;
}

bool is_of_family(const std::string& name) {
  // Other libraries are called libmpi..., too: libmpiwrapper, libmpis.
  constexpr std::array<std::string_view, 17> kNames = {"libmpi",
                                                       "libmpich",
                                                       "libmpicxx",
                                                       "libmpichcxx",
                                                       "libmpifort",
                                                       "libmpichfort",
                                                       "libmpichf90",
                                                       "libfmpich",
                                                       "libmpi_cxx",
                                                       "libmpi_java",
                                                       "libmpi_mpifh",
                                                       "libmpi_usempi",
                                                       "libmpi_usempi_ignore_tkr",
                                                       "libmpi_usempif08",
                                                       "liboshmem",
                                                       "libopa",
                                                       "libmpl"};
  // Cray's have their compiler behind.
  constexpr std::array<std::string_view, 10> kBegins = {"libopen-",
                                                        "libompi",
                                                        "libmca_common_",
                                                        "libmpi_gnu",
                                                        "libmpi_cray",
                                                        "libmpi_intel",
                                                        "libmpi_nvidia",
                                                        "libmpi_amd",
                                                        "libmpifort_",
                                                        "libmpicxx_"};
  const std::string_view stem = std::string_view(name).substr(0, name.find(".so"));
  return std::find(kNames.begin(), kNames.end(), stem) != kNames.end() ||
         std::any_of(kBegins.begin(), kBegins.end(), [&](std::string_view one) {
           return stem.starts_with(one);
         });
}

std::vector<unsigned> numbers_of(const std::string& name) {
  return numbers_in(behind_so(name));
}

std::optional<MpiLibrary> mpi_at(Loader& loader, const std::string& path) {
  auto found = loader.at(path);
  if (!found) return std::nullopt;
  // A vendor's may be called otherwise in its directory.
  const std::string& name = found->elf->soname.empty() ? name_of_file(path) : found->elf->soname;
  if (!name.starts_with("libmpi") || !is_of_family(name) || !is_plain_name(name))
    return std::nullopt;
  MpiLibrary library{name, *found, abi_of(*found->elf, name), behind_so(name)};
  const auto dot = library.number.find('.');
  if (dot != std::string::npos) library.number.resize(dot);
  library.version = numbers_of(name_of_file(found->path));
  return library;
}

std::vector<MpiLibrary> find_copies(Loader& loader,
                                    const std::vector<std::string>& first,
                                    Reach reach) {
  std::vector<MpiLibrary> copies;
  const auto more = places(loader.tree());
  for (const std::string& name : mpi_names()) {
    for (const std::string& directory : first)
      add_copy(loader, path_in(directory, name), copies);
    if (const auto found = loader.find(name)) add_copy(loader, found->path, copies);
    for (const std::string& directory : loader.cached_directories(name))
      add_copy(loader, path_in(directory, name), copies);
    for (const std::string& directory : more)
      add_copy(loader, path_in(directory, name), copies);
  }
  if (reach == Reach::usual) return copies;
  const std::size_t usual = copies.size();
  for (const std::string& path : far_files(loader.tree()))
    add_copy(loader, path, copies);
  for (std::size_t i = usual; i < copies.size(); ++i)
    copies[i].is_far = true;
  return copies;
}

}  // namespace berth::hooks
