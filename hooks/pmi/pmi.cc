// SPDX-License-Identifier: Apache-2.0
#include "hooks/pmi/pmi.h"

#include "base/text.h"
#include "hooks/fabric/take.h"
#include "hooks/mpi/loader.h"

#include <array>
#include <string_view>

namespace berth::hooks {

namespace {

/// Of the launcher's own release, so they are the node's, whoever made the MPI that wants them.
constexpr std::array<const char*, 2> kLibraries = {"libpmi2.so.0", "libpmi.so.0"};

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment)
    if (variable.starts_with(name) && variable.substr(name.size()).starts_with('='))
      return variable.substr(name.size() + 1);
  return {};
}

/// Where launchers leave files and sockets for their ranks; of PMIx every container has them.
std::vector<std::string> directories_in(const std::vector<std::string>& environment) {
  constexpr std::string_view kLocal = "local://";
  std::vector<std::string> all;
  if (std::string spool = value_of(environment, "PALS_SPOOL_DIR"); spool.starts_with('/'))
    all.push_back(std::move(spool));
  const std::string flux = value_of(environment, "FLUX_URI");
  if (flux.starts_with(std::string(kLocal) + "/"))
    all.push_back(directory_of(flux.substr(kLocal.size())));
  return all;
}

/// Where the server listens if only this node's own network reaches it; else empty.
std::string loopback_server(const std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    if (!variable.starts_with("PMIX_SERVER_URI")) continue;
    for (const std::string_view begin : {"tcp4://127.", "tcp6://[::1]", "tcp6://::1"})
      if (const std::size_t at = variable.find(begin); at != variable.npos)
        return variable.substr(at + std::string_view("tcp4://").size());
  }
  return {};
}

void say(Edits& edits, const std::string& what) {
  edits.says += (edits.says.empty() ? "" : ", ") + what;
}

void add_libraries(Edits& edits, Loader& image, Loader& node) {
  if (!image.find("libc.so.6")) return;
  Taken taken(image, node, kPmiLibraries);
  for (const char* name : kLibraries) {
    const auto library = image.find(name) ? std::nullopt : node.find(name);
    if (!library) continue;
    if (const std::string why = taken.take(*library); why.empty())
      say(edits, "this node's " + quote(library->path));
    else
      edits.left_out.push_back(quote(library->path) + " of this node: " + why);
  }
  taken.add_to(edits);
}

}  // namespace

Edits find_pmi(const PmiQuestion& question, Tree& image, Tree& node) {
  Edits edits{.who = "pmi"};
  Loader image_loader(image, {});
  Loader node_loader(node, {});
  add_libraries(edits, image_loader, node_loader);
  for (const std::string& directory : directories_in(question.environment)) {
    if (!node.find_directory(directory)) continue;
    edits.mounts.push_back({directory, directory, "", {"ro", "nosuid", "nodev"}});
    say(edits, quote(directory));
  }
  const std::string server = loopback_server(question.environment);
  if (question.has_own_network && !server.empty())
    edits.left_out.push_back("the launcher's PMIx server: it listens on " + quote(server) +
                             " of this node, and the container has a network of its own");
  if (edits.says.empty()) edits.says = "nothing is missing";
  return edits;
}

}  // namespace berth::hooks
