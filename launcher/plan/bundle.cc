// SPDX-License-Identifier: Apache-2.0
// What hooks of the runtime specification look for beside a container's root: its config.json.
#include "launcher/plan/parts.h"

#include <sched.h>

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

namespace berth::plan {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<int, const char*>, 8> kKinds = {{{CLONE_NEWUSER, "user"},
                                                                {CLONE_NEWNS, "mount"},
                                                                {CLONE_NEWPID, "pid"},
                                                                {CLONE_NEWUTS, "uts"},
                                                                {CLONE_NEWIPC, "ipc"},
                                                                {CLONE_NEWNET, "network"},
                                                                {CLONE_NEWCGROUP, "cgroup"},
                                                                {CLONE_NEWTIME, "time"}}};

Json namespaces_in(int flags) {
  Json all = Json::array();
  for (const auto& [flag, name] : kKinds)
    if ((flags & flag) != 0) all.push_back({{"type", name}});
  return all;
}

}  // namespace

std::string make_bundle_config(const Launch& launch,
                               const std::string& root,
                               const Execute& program,
                               const std::string& workdir) {
  Json annotations = Json::object();
  for (const std::string& text : launch.request.annotations)
    annotations[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  const Ids ids = identity_of(launch).ids;
  const Json config = {{"ociVersion", "1.2.0"},
                       {"root", {{"path", root}, {"readonly", launch.request.read_only}}},
                       {"process",
                        {{"args", program.arguments},
                         {"env", program.environment},
                         {"cwd", workdir},
                         {"user", {{"uid", ids.uid}, {"gid", ids.gid}}}}},
                       {"hostname", launch.request.hostname},
                       {"annotations", std::move(annotations)},
                       {"linux", {{"namespaces", namespaces_in(namespaces_of(launch.request))}}}};
  return config.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace berth::plan
