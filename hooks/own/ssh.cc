// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "hooks/directory.h"
#include "hooks/own/own.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace berth::hooks {

namespace {

/// What the node's administrator says of other machines (ssh_config(5), FILES).
constexpr std::array<const char*, 3> kOfSite = {
    "/etc/ssh/ssh_config", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"};

constexpr const char* kIncluded = "/etc/ssh/ssh_config.d";
constexpr std::size_t kLongestText = 64UL << 10;

constexpr const char* kAgent = "/run/berth/ssh-agent";

mode_t kind_of(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & S_IFMT : 0;
}

void show(Edits& edits, const std::string& from, const std::string& to) {
  edits.mounts.push_back({from, to, "", {"ro", "nosuid", "nodev"}});
}

void say(Edits& edits, const std::string& what) {
  edits.says += (edits.says.empty() ? "" : ", ") + what;
}

/// ssh takes what it includes from root or the user only, and who is root on the node is nobody
/// inside: so these are files of the user's own.
void add_included(Edits& edits, const std::string& root) {
  for (const std::string& name : names_in(root + kIncluded)) {
    const std::string path = std::string(kIncluded).append("/").append(name);
    if (kind_of(root + path) != S_IFREG) continue;
    const bool is_plain =
        std::all_of(name.begin(), name.end(), [](char one) { return one > ' ' && one < 0x7f; });
    auto text = read_text_file(root + path, kLongestText);
    if (is_plain && text)
      edits.files.push_back({path, std::move(*text)});
    else
      edits.left_out.push_back(quote(path) + " of this node: " +
                               (is_plain ? "it cannot be read" : "its name has odd characters"));
  }
}

void add_agent(Edits& edits, const std::string& root, const std::string& agent) {
  if (agent.empty()) return;
  if (kind_of(root + agent) != S_IFSOCK) {
    edits.left_out.push_back("the agent: SSH_AUTH_SOCK is " + quote(agent) +
                             ", which is no socket");
    return;
  }
  show(edits, root + agent, kAgent);
  edits.variables.push_back(std::string("SSH_AUTH_SOCK=") + kAgent);
  say(edits, "the agent");
}

}  // namespace

Edits find_ssh(const std::string& root, const SshQuestion& question) {
  Edits edits{.who = "ssh"};
  for (const char* path : kOfSite)
    if (kind_of(root + path) != 0) show(edits, root + path, path);
  add_included(edits, root);
  if (!edits.mounts.empty() || !edits.files.empty())
    say(edits, "the node's settings and known hosts");
  const std::string own = question.nodes_home + "/.ssh";
  if (!question.is_home_shown && question.nodes_home.starts_with('/') &&
      kind_of(root + own) == S_IFDIR) {
    show(edits, root + own, (question.home == "/" ? "" : question.home) + "/.ssh");
    say(edits, "the user's ~/.ssh");
  }
  add_agent(edits, root, question.agent);
  if (edits.says.empty()) edits.says = "this node has no settings, and there is no agent";
  return edits;
}

}  // namespace berth::hooks
