// SPDX-License-Identifier: Apache-2.0
#include "hooks/mpi/facts.h"

#include "base/text.h"
#include "hooks/mpi/plugins.h"

#include <algorithm>
#include <set>

namespace berth::hooks {

namespace {

bool has_component(const std::vector<std::string>& names, std::string_view begin) {
  return std::any_of(
      names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(begin); });
}

/// All that `library` needs of its own family, and what that needs.
std::set<std::string> needed_by(Loader& loader, const FoundLibrary& library) {
  std::set<std::string> all;
  std::vector<FoundLibrary> left = {library};
  while (!left.empty()) {
    const FoundLibrary next = left.back();
    left.pop_back();
    for (const std::string& soname : next.elf->needed)
      if (all.insert(soname).second && is_of_family(soname))
        if (auto found = loader.find(soname, &next)) left.push_back(std::move(*found));
  }
  return all;
}

bool needs(const std::set<std::string>& sonames, std::string_view begin) {
  return std::any_of(sonames.begin(), sonames.end(), [&](const std::string& soname) {
    return soname.starts_with(begin);
  });
}

/// Each way is a component, up to 4.x; in later releases, and where components are linked in, PMIx
/// is there always.
std::vector<std::string> ways_of_open_mpi(const std::vector<std::string>& components,
                                          const std::set<std::string>& needed) {
  std::vector<std::string> ways;
  const bool has_any = has_component(components, "mca_pmix_");
  if (!has_any || has_component(components, "mca_pmix_ext") ||
      has_component(components, "mca_pmix_pmix"))
    ways.emplace_back(kPmix);
  if (has_component(components, "mca_pmix_s1.") || has_component(components, "mca_pmix_s2.") ||
      needs(needed, "libpmi.") || needs(needed, "libpmi2."))
    ways.emplace_back(kPmiLibrary);
  if (has_component(components, "mca_pmix_flux.")) ways.emplace_back(kFluxPmi);
  return ways;
}

/// What is built without another library speaks MPICH's own.
std::vector<std::string> ways_of_mpich(const std::set<std::string>& needed) {
  std::vector<std::string> ways;
  if (needs(needed, "libpmix.")) ways.emplace_back(kPmix);
  if (needs(needed, "libpmi.") || needs(needed, "libpmi2.")) ways.emplace_back(kPmiLibrary);
  if (ways.empty() || ways.front() != kPmix) ways.emplace_back(kPmi);
  return ways;
}

std::vector<std::string> directories_in(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  std::vector<std::string> all;
  for (const std::string& variable : environment) {
    if (!variable.starts_with(kName)) continue;
    for (std::string& one : split(variable.substr(kName.size()), ':'))
      if (one.starts_with('/')) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::vector<MpiFact> find_facts(Tree& tree,
                                const std::vector<std::string>& environment,
                                Reach reach) {
  const auto first = directories_in(environment);
  Loader loader(tree, first);
  std::vector<MpiFact> facts;
  for (const MpiLibrary& copy : find_copies(loader, first, reach)) {
    MpiFact fact{
        .family = to_text(copy.abi), .version = version_of(copy), .path = copy.library.path};
    const auto needed = needed_by(loader, copy.library);
    const auto components = plugins_beside(tree, directory_of(copy.library.path) + "/openmpi");
    std::vector<std::string> names;
    names.reserve(components.size());
    for (const std::string& path : components)
      names.push_back(name_of_file(path));
    fact.ways = copy.abi == Abi::open_mpi ? ways_of_open_mpi(names, needed) : ways_of_mpich(needed);
    if (const auto client = loader.find("libpmix.so.2", &copy.library))
      if (std::find(fact.ways.begin(), fact.ways.end(), kPmix) != fact.ways.end())
        fact.client = client->path;
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace berth::hooks
