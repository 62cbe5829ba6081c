// SPDX-License-Identifier: Apache-2.0
// Folders of certificates, one folder for each host, as docker and podman have them.
#include "base/file.h"
#include "base/text.h"
#include "image/registry/http.h"

#include <dirent.h>

#include <algorithm>
#include <string_view>

namespace berth::registry {

namespace {

constexpr std::size_t kLargestCertificate = 1UL << 20;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { (void)::closedir(folder); }  // only ever read
};

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open) return names;
  while (const dirent* entry = ::readdir(open.get()))  // NOLINT(concurrency-mt-unsafe): own stream
    names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<Certificates> find_certificates(const Network& network, const std::string& authority) {
  Certificates found;
  found.authorities = network.authorities;
  for (const std::string& top : network.folders) {
    const std::string folder = std::string(top).append("/").append(authority);
    for (const std::string& name : names_in(folder)) {
      const std::string path = std::string(folder).append("/").append(name);
      if (name.ends_with(".crt")) {
        auto text = read_text_file(path, kLargestCertificate);
        if (!text) return std::move(text.error());
        found.authorities.append(*text).append("\n");
      }
      if (name.ends_with(".cert") && found.certificate.empty()) {
        found.certificate = path;
        found.key = path.substr(0, path.size() - std::string_view("cert").size()) + "key";
      }
    }
  }
  return found;
}

}  // namespace berth::registry
