// SPDX-License-Identifier: Apache-2.0
#include "hooks/pmi/pmi.h"

#include "base/text.h"
#include "hooks/fabric/take.h"
#include "hooks/mpi/loader.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::hooks {

namespace {

/// Of the launcher's own release, so they are the node's, whoever made the MPI that wants them.
constexpr std::array<const char*, 2> kLibraries = {"libpmi2.so.0", "libpmi.so.0"};

void say(Edits& edits, const std::string& what) {
  edits.says += (edits.says.empty() ? "" : ", ") + what;
}

bool is_within(std::string_view path, std::string_view tree) {
  return path.starts_with(tree) &&
         (tree == "/" || path.size() == tree.size() || path[tree.size()] == '/');
}

/// Why that is no directory to show; empty: it may be one.
std::string wrong_with(const std::string& directory) {
  if (!directory.starts_with('/')) return "is no absolute path";
  const auto parts = split(directory, '/');
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) return "has '..' in it";
  const bool is_root = std::all_of(
      parts.begin(), parts.end(), [](const auto& part) { return part.empty() || part == "."; });
  return is_root ? "is all of this node" : "";
}

/// Where a launcher leaves files and sockets for its ranks; of PMIx every container has them.
void add_directory(Edits& edits,
                   const PmiQuestion& question,
                   Tree& node,
                   const std::string& variable,
                   const std::string& directory) {
  if (const std::string why = wrong_with(directory); !why.empty()) {
    edits.left_out.push_back("the directory of " + variable + ": " + quote(directory) + " " + why);
    return;
  }
  const bool is_shown = std::any_of(question.shown.begin(),
                                    question.shown.end(),
                                    [&](const auto& tree) { return is_within(directory, tree); });
  if (is_shown || !node.find_directory(directory)) return;
  edits.mounts.push_back({directory, directory, "", {"ro", "nosuid", "nodev"}});
  say(edits, quote(directory));
}

void add_directories(Edits& edits, const PmiQuestion& question, Tree& node) {
  constexpr std::string_view kLocal = "local://";
  if (question.spool_directory)
    add_directory(edits, question, node, "PALS_SPOOL_DIR", *question.spool_directory);
  if (!question.flux_uri || !question.flux_uri->starts_with(kLocal)) return;
  const std::string socket = question.flux_uri->substr(kLocal.size());
  const std::size_t end = socket.rfind('/');
  add_directory(edits,
                question,
                node,
                "FLUX_URI",
                end == socket.npos ? "" : socket.substr(0, end == 0 ? 1 : end));
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
  add_directories(edits, question, node);
  const std::string server = loopback_server(question.environment);
  if (question.has_own_network && !server.empty())
    edits.left_out.push_back("the launcher's PMIx server: it listens on " + quote(server) +
                             " of this node, and the container has a network of its own");
  if (edits.says.empty()) edits.says = "nothing is missing";
  return edits;
}

}  // namespace berth::hooks
