// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "hooks/own/own.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>

namespace berth::hooks {

namespace {

bool is_directory(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// Empty where there is none, or it says nothing.
std::string value_of(const std::vector<std::string>& environment, const std::string& name) {
  for (const std::string& variable : environment)
    if (variable.starts_with(name + "=")) return variable.substr(name.size() + 1);
  return {};
}

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
                   const std::string& root,
                   const RanksQuestion& question,
                   const std::string& variable,
                   const std::string& directory) {
  if (const std::string why = wrong_with(directory); !why.empty()) {
    edits.left_out.push_back("the directory of " + variable + ": " + quote(directory) + " " + why);
    return;
  }
  const bool is_shown = std::any_of(question.shown.begin(),
                                    question.shown.end(),
                                    [&](const auto& tree) { return is_within(directory, tree); });
  if (is_shown || !is_directory(root + directory)) return;
  edits.mounts.push_back({root + directory, directory, "", {"ro", "nosuid", "nodev"}});
  say(edits, quote(directory));
}

void add_directories(Edits& edits, const std::string& root, const RanksQuestion& question) {
  constexpr std::string_view kLocal = "local://";
  const std::string spool = value_of(question.environment, "PALS_SPOOL_DIR");
  if (!spool.empty()) add_directory(edits, root, question, "PALS_SPOOL_DIR", spool);
  const std::string flux = value_of(question.environment, "FLUX_URI");
  if (!flux.starts_with(kLocal)) return;
  const std::string socket = flux.substr(kLocal.size());
  const std::size_t end = socket.rfind('/');
  add_directory(edits,
                root,
                question,
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

}  // namespace

Edits find_for_ranks(const std::string& root, const RanksQuestion& question) {
  Edits edits{.who = "pmi"};
  add_directories(edits, root, question);
  const std::string server = loopback_server(question.environment);
  if (question.has_own_network && !server.empty())
    edits.left_out.push_back("the launcher's PMIx server: it listens on " + quote(server) +
                             " of this node, and the container has a network of its own");
  return edits;
}

}  // namespace berth::hooks
