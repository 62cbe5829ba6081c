// SPDX-License-Identifier: Apache-2.0
#include "hooks/fabric/fabric.h"

#include "base/text.h"
#include "hooks/fabric/take.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace berth::hooks {

namespace {

constexpr const char* kVerbs = "libibverbs.so.1";
constexpr const char* kSettings = "/etc/libibverbs.d";  ///< of libibverbs

/// Adapters that libfabric knows by a library of their own.
struct Special {
  const char* device;
  const char* library;
};

constexpr std::array<Special, 2> kSpecials = {
    {{"/dev/cxi", "libcxi.so.1"}, {"/dev/hfi1_", "libpsm2.so.2"}}};

std::vector<std::string> directories_in(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  std::vector<std::string> all;
  for (const std::string& variable : environment)
    if (variable.starts_with(kName)) all = split(variable.substr(kName.size()), ':');
  std::erase_if(all, [](const auto& one) { return !one.starts_with('/'); });
  return all;
}

class Fabric {
 public:
  Fabric(const FabricQuestion& question, Tree& image, Tree& node)
      : question_(question),
        image_(image, directories_in(question.environment)),
        node_(node, {}) {}

  Edits find();

 private:
  std::optional<FoundLibrary> provider_of(Loader& loader,
                                          const FoundLibrary& verbs,
                                          const std::string& name);
  bool is_known(Loader& loader, const FoundLibrary& ofi, const std::string& library);
  void add_libraries();
  void add_named();
  void add_verbs();
  bool add_provider(const FoundLibrary& images, const FoundLibrary& nodes, const std::string& name);
  void add_ofi(const Special& special);
  bool take(const FoundLibrary& library);
  void say(const std::string& what);
  void check_locked();

  const FabricQuestion& question_;
  Loader image_;
  Loader node_;
  Taken taken_{image_, node_, kFabricLibraries, question_.hardware.providers};
  Edits edits_{.who = "fabric"};
  std::vector<FoundLibrary> named_;  ///< by the user, and taken
};

void Fabric::say(const std::string& what) {
  edits_.says += (edits_.says.empty() ? "" : "; ") + what;
}

bool Fabric::take(const FoundLibrary& library) {
  const std::string why = taken_.take(library);
  if (why.empty())
    say("this node's " + quote(library.path));
  else
    edits_.left_out.push_back(quote(library.path) + " of this node: " + why);
  return why.empty();
}

/// The driver of that name for `verbs`, which it fits.
std::optional<FoundLibrary> Fabric::provider_of(Loader& loader,
                                                const FoundLibrary& verbs,
                                                const std::string& name) {
  const auto directory =
      loader.tree().find_directory(path_in(directory_of(verbs.path), "libibverbs"));
  if (!directory) return std::nullopt;
  for (const std::string& file : loader.tree().names_in(*directory)) {
    if (!file.starts_with("lib" + name + "-rdmav")) continue;
    auto provider = loader.at(path_in(*directory, file));
    if (provider && fits(*provider->elf, kVerbs, *verbs.elf)) return provider;
  }
  return std::nullopt;
}

/// Gives the image's libibverbs a driver of the node, as a package would. Whether that will do.
bool Fabric::add_provider(const FoundLibrary& images,
                          const FoundLibrary& nodes,
                          const std::string& name) {
  if (provider_of(image_, images, name)) return true;
  const auto provider = provider_of(node_, nodes, name);
  if (!provider) return true;  // nor would the node's libibverbs
  // The private interface between both has a number, and is in the name.
  if (!fits(*provider->elf, kVerbs, *images.elf)) return false;
  const std::string suffix = [&] {
    for (const std::string& version : nodes.elf->versions)
      if (version.starts_with("IBVERBS_PRIVATE_"))
        return version.substr(std::string_view("IBVERBS_PRIVATE_").size());
    return std::string();
  }();
  const std::string file = "lib" + name + "-rdmav" + suffix + ".so";
  const std::string place = directory_of(images.path) + "/libibverbs/" + file;
  if (const std::string why = taken_.add_plugin(*provider, place); !why.empty()) {
    edits_.left_out.push_back("this node's driver " + quote(name) + " for libibverbs: " + why);
    return true;
  }
  const std::string setting = std::string(kSettings) + "/" + name + ".driver";
  const auto settings = node_.tree().find_file(setting);
  if (settings && !image_.tree().find_file(setting)) taken_.show(*settings, setting);
  say("this node's driver " + quote(name) + " for the image's libibverbs");
  return true;
}

void Fabric::add_verbs() {
  const auto nodes = question_.hardware.providers.empty() ? std::nullopt : node_.find(kVerbs);
  if (!nodes) return;
  const auto images = image_.find(kVerbs);
  bool is_enough = images.has_value();
  for (const std::string& name : question_.hardware.providers)
    is_enough = is_enough && add_provider(*images, *nodes, name);
  if (!is_enough) (void)take(*nodes);
}

/// Whether it has been made with that library, or a plug-in of it has.
bool Fabric::is_known(Loader& loader, const FoundLibrary& ofi, const std::string& library) {
  const auto needs = [&](const FoundLibrary& one) {
    return std::find(one.elf->needed.begin(), one.elf->needed.end(), library) !=
           one.elf->needed.end();
  };
  if (needs(ofi)) return true;
  const auto directory = loader.tree().find_directory(path_in(directory_of(ofi.path), "libfabric"));
  if (!directory) return false;
  for (const std::string& file : loader.tree().names_in(*directory))
    if (const auto plugin = loader.at(path_in(*directory, file)); plugin && needs(*plugin))
      return true;
  return false;
}

void Fabric::add_ofi(const Special& special) {
  if (!question_.hardware.has(special.device)) return;
  const auto images = image_.find("libfabric.so.1");
  if (images && is_known(image_, *images, special.library)) return;
  if (std::any_of(named_.begin(), named_.end(), [&](const FoundLibrary& one) {
        return one.elf->soname == "libfabric.so.1" && is_known(node_, one, special.library);
      }))
    return;
  const auto nodes = node_.find("libfabric.so.1");
  if (nodes && is_known(node_, *nodes, special.library))
    (void)take(*nodes);
  else
    edits_.left_out.push_back(std::string("a libfabric with ") + special.library + " for " +
                              special.device +
                              "*: neither the image nor this node's loader has one "
                              "(--hook=fabric:PATH names one)");
}

void Fabric::add_named() {
  for (const std::string& path : question_.libraries) {
    if (const auto library = node_.at(path)) {
      if (take(*library)) named_.push_back(*library);
    } else if (!node_.tree().follow(path))
      edits_.left_out.push_back(quote(path) + ": this node has no such file");
    else
      edits_.left_out.push_back(quote(path) + ": it is no library for this machine");
  }
}

void Fabric::add_libraries() {
  if (!image_.find("libc.so.6")) {
    for (const char* musl : {"/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"})
      if (image_.tree().follow(musl))
        edits_.left_out.emplace_back(
            "this node's libraries: they need glibc, and the image's C library is musl");
    return;
  }
  add_named();
  add_verbs();
  for (const Special& special : kSpecials)
    add_ofi(special);
  taken_.add_to(edits_);
}

/// What an adapter reads and writes by itself stays in memory.
void Fabric::check_locked() {
  constexpr std::uint64_t kEnough = 1UL << 30;
  if (question_.locked >= kEnough) return;
  edits_.left_out.push_back("memory that an adapter can reach: programs may lock " +
                            std::to_string(question_.locked >> 10U) +
                            " KiB here (ulimit -l), where fabrics need gigabytes or no limit");
}

Edits Fabric::find() {
  for (const std::string& device : question_.hardware.devices)
    edits_.devices.push_back({device, device});
  if (question_.hardware.devices.empty() && question_.libraries.empty()) {
    edits_.says = "this node has none";
    return std::move(edits_);
  }
  if (!question_.hardware.devices.empty()) check_locked();
  add_libraries();
  if (edits_.says.empty()) edits_.says = "the image's own libraries";
  return std::move(edits_);
}

}  // namespace

Edits find_fabric(const FabricQuestion& question, Tree& image, Tree& node) {
  return Fabric(question, image, node).find();
}

}  // namespace berth::hooks
