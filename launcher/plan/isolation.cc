// SPDX-License-Identifier: Apache-2.0
// What a container has of its own, besides its root.
#include "base/text.h"
#include "launcher/model/network.h"
#include "launcher/plan/parts.h"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace berth::plan {

namespace {

std::ptrdiff_t depth_of(const std::string& path) {
  return std::count(path.begin(), path.end(), '/');
}

bool exists(const Facts& facts, const std::string& path) {
  const auto& all = facts.directories;
  return std::find(all.begin(), all.end(), path) != all.end();
}

/// Of the type; an empty one: the node's. In a tmpfs programs may be started, as in /dev/shm of
/// nodes: some make code there.
Tree own_of(const std::string& type, const std::string& to) {
  if (type.empty()) return {to, to};
  if (type == "tmpfs")
    return {type, to, {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}, type, {{"mode", "1777"}}};
  return {type, to, kNoRights, type};
}

/// In the place of /proc and /sys of the node, or where nothing is yet. An empty type: the node's.
void show_own(std::vector<Tree>& trees, const std::string& type, const std::string& to) {
  const auto same =
      std::find_if(trees.begin(), trees.end(), [&](const Tree& tree) { return tree.to == to; });
  if (same != trees.end()) {
    if (same->from != to || depth_of(to) != 1) return;
    Tree own = own_of(type, to);
    own.flags.set |= same->flags.set;  // as --bind /proc:/proc:ro
    *same = std::move(own);
    return;
  }
  const auto below = std::find_if(trees.begin(), trees.end(), [&](const Tree& tree) {
    return depth_of(tree.to) > depth_of(to);
  });
  trees.insert(below, own_of(type, to));
}

}  // namespace

int namespaces_of(const Request& request) {
  int flags = CLONE_NEWUSER | CLONE_NEWNS;
  if (request.own_pids) flags |= CLONE_NEWPID;
  if (request.own_hostname) flags |= CLONE_NEWUTS;
  if (request.own_ipc) flags |= CLONE_NEWIPC;
  if (request.own_cgroups) flags |= CLONE_NEWCGROUP;
  if (request.net != Net::host) flags |= CLONE_NEWNET;
  if (request.time_offset) flags |= CLONE_NEWTIME;
  return flags;
}

std::vector<Step> steps_of_namespaces(const Request& request, const Facts& facts) {
  std::vector<Step> steps;
  if (!request.hostname.empty()) steps.push_back(SetHostName{request.hostname});
  if (request.net != Net::host) steps.push_back(RaiseLoopback{});
  if (request.net == Net::own) steps.push_back(ConnectNetwork{facts.network});
  if (request.time_offset) {
    const std::string offset = " " + std::to_string(*request.time_offset) + " 0\n";
    steps.push_back(ShiftClocks{"monotonic" + offset + "boottime" + offset});
  }
  return steps;
}

std::string make_hosts(const Launch& launch) {
  std::string text = launch.facts.hosts;
  if (launch.request.hostname.empty()) return text;
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text + "127.0.0.1\t" + launch.request.hostname + "\n";
}

std::string make_resolv_conf(const Launch& launch) {
  if (launch.request.net != Net::own) return launch.facts.resolv_conf;
  // The node's own may be on its loopback device, which cannot be reached.
  std::string text = std::string("nameserver ") +
                     (is_slirp(launch.facts.network) ? kSlirpResolver : kPastaResolver) + "\n";
  for (const std::string& line : split(launch.facts.resolv_conf, '\n'))
    if (!line.empty() && !line.starts_with("nameserver")) text += line + "\n";
  return text;
}

std::vector<Tree> choose_trees(const Request& request,
                               const Facts& facts,
                               const std::vector<Bind>& binds) {
  std::vector<Tree> trees;
  trees.reserve(binds.size());
  for (const Bind& bind : binds)
    trees.push_back({bind.from,
                     bind.to,
                     bind.flags,
                     bind.origin == Origin::own ? bind.from : "",
                     bind.settings,
                     bind.image});
  if (request.own_pids) show_own(trees, "proc", "/proc");
  // A sysfs shows the devices of the network namespace that it was made in.
  if (request.net != Net::host) show_own(trees, "sysfs", "/sys");
  if (request.own_ipc) {
    show_own(trees, "tmpfs", "/dev/shm");
    // In the node's own /dev no place can be made for it.
    if (request.dev == Dev::minimal || exists(facts, "/dev/mqueue"))
      show_own(trees, "mqueue", "/dev/mqueue");
  }
  if (request.own_cgroups)
    show_own(trees, "cgroup2", "/sys/fs/cgroup");
  else if (request.net != Net::host && exists(facts, "/sys/fs/cgroup"))
    show_own(trees, "", "/sys/fs/cgroup");
  return trees;
}

}  // namespace berth::plan
