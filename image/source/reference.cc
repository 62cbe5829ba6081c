// SPDX-License-Identifier: Apache-2.0
#include "image/source/reference.h"

#include "base/text.h"
#include "image/source/archive_index.h"
#include "image/source/sif.h"
#include "image/source/squash.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace berth::source {

namespace {

struct Scheme {
  std::string_view name;
  Kind kind;
};

constexpr std::array<Scheme, 7> kSchemes = {{{"oci", Kind::oci},
                                             {"oci-archive", Kind::oci_archive},
                                             {"docker-archive", Kind::docker_archive},
                                             {"tar", Kind::tar},
                                             {"dir", Kind::folder},
                                             {"sqsh", Kind::squash},
                                             {"sif", Kind::sif}}};

constexpr std::string_view kRegistry = "docker";

bool has_selector(Kind kind) {
  return kind == Kind::oci || kind == Kind::oci_archive || kind == Kind::docker_archive;
}

/// The word before the first ':' if it could be a scheme: letters, digits and '-', no '/' or '.'.
std::string scheme_of(const std::string& text) {
  const std::size_t colon = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-+");
  return colon == std::string::npos || text[colon] != ':' ? "" : text.substr(0, colon);
}

Error unknown_scheme(const std::string& text, const std::string& scheme) {
  std::vector<std::string> names;
  names.reserve(kSchemes.size() + 1);
  for (const Scheme& known : kSchemes)
    names.emplace_back(known.name);
  names.emplace_back(kRegistry);
  const std::string close = nearest(scheme, names);
  return Error{Blame::usage,
               "import " + quote(text) + ": there is no kind of source called " + quote(scheme),
               {},
               close.empty() ? "write './' before a path that has a ':' in it"
                             : "did you mean " + quote(close + ":") + "?"};
}

bool exists(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0;
}

/// "docker://NAME".
Result<Reference> parse_registry_reference(const std::string& text) {
  constexpr std::string_view kBegin = "docker://";
  if (!text.starts_with(kBegin))
    return Error{Blame::usage,
                 "import " + quote(text) + ": " + quote("//") + " is missing after 'docker:'",
                 {},
                 "write docker://[REGISTRY/]NAME[:TAG]"};
  auto name = parse_docker_name(text.substr(kBegin.size()));
  if (!name) return std::move(name.error());
  Reference reference;
  reference.kind = Kind::registry;
  reference.path = name->registry + "/" + name->repository;
  reference.selector = name->digest.empty() ? name->tag : name->digest;
  reference.docker = std::move(*name);
  return reference;
}

}  // namespace

Result<Reference> parse_reference(const std::string& text) {
  const std::string scheme = scheme_of(text);
  if (scheme.empty()) {
    if (text.empty()) return Error{Blame::usage, "import '': the source is empty"};
    return Reference{Kind::unknown, text};
  }
  if (scheme == kRegistry) return parse_registry_reference(text);
  Reference reference;
  for (const Scheme& known : kSchemes) {
    if (scheme == known.name) reference.kind = known.kind;
  }
  if (reference.kind == Kind::unknown) return unknown_scheme(text, scheme);
  reference.path = text.substr(scheme.size() + 1);
  const std::size_t colon = reference.path.find(':');
  if (has_selector(reference.kind) && colon != std::string::npos) {
    reference.selector = reference.path.substr(colon + 1);
    reference.path.resize(colon);
    if (reference.selector.empty())
      return Error{Blame::usage, "import " + quote(text) + ": the tag after ':' is empty"};
  }
  if (reference.path.empty())
    return Error{Blame::usage, "import " + quote(text) + ": the path is empty"};
  return reference;
}

Result<Reference> find_kind(const Reference& bare) {
  Reference found = bare;

  struct stat info {};

  if (::stat(bare.path.c_str(), &info) != 0)
    return refused("stat", "import " + quote(bare.path), errno);
  if (S_ISDIR(info.st_mode)) {
    found.kind = exists(bare.path + "/oci-layout") ? Kind::oci : Kind::folder;
    return found;
  }
  if (const auto file = open_blob(bare.path, bare.path); file) {
    found.kind = is_squash(*file) ? Kind::squash : is_sif(*file) ? Kind::sif : Kind::unknown;
    if (found.kind != Kind::unknown) return found;
  }
  found.kind = Kind::tar;
  auto index = ArchiveIndex::read(bare.path, ArchiveIndex::Depth::until_recognised);
  // A compressed archive cannot be looked into; the tar reader will say what is wrong with others.
  if (!index) return found;
  if (index->has("oci-layout")) found.kind = Kind::oci_archive;
  if (index->has("manifest.json")) found.kind = Kind::docker_archive;
  return found;
}

std::string name_of(const Reference& reference) {
  if (reference.kind == Kind::registry) return to_text(reference.docker);
  // The name that the image had where it was saved.
  if (reference.kind == Kind::docker_archive && !reference.selector.empty())
    return reference.selector;
  std::string name = reference.path;
  while (name.size() > 1 && name.ends_with('/'))
    name.pop_back();
  name.erase(0, name.rfind('/') + 1);  // npos + 1 is 0
  for (const std::string_view suffix :
       {".gz", ".zst", ".xz", ".bz2", ".tgz", ".tar", ".oci", ".sqsh", ".squashfs", ".sif"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix))
      name.resize(name.size() - suffix.size());
  }
  std::replace(name.begin(), name.end(), ':', '-');
  return reference.selector.empty() ? name : name + ":" + reference.selector;
}

}  // namespace berth::source
