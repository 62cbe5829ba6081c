// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "launcher/plan/parts.h"

namespace berth::plan {

Result<std::vector<std::string>> choose_command(const Request& request, const ImageConfig& config) {
  std::vector<std::string> words = config.entrypoint;
  if (request.entrypoint) {
    words.clear();
    if (!request.entrypoint->empty()) words.push_back(*request.entrypoint);
  }
  // A replaced entrypoint leaves the image's command without its meaning (podman-run(1)).
  const bool takes_images_command = request.command.empty() && !request.entrypoint;
  const auto& rest = takes_images_command ? config.command : request.command;
  words.insert(words.end(), rest.begin(), rest.end());
  if (words.empty() || words[0].empty())
    return Error{Blame::usage,
                 "run " + quote(request.image) + ": it names no program of its own",
                 {},
                 "write the program after the image: berth run IMAGE -- PROGRAM"};
  return words;
}

std::vector<std::string> candidates_for(const std::string& program, const std::string& path) {
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> candidates;
  for (const std::string& directory : split(path, ':'))
    candidates.push_back((directory.empty() ? "." : directory) + "/" + program);
  return candidates;
}

std::string choose_workdir(const Launch& launch, const std::vector<Bind>& binds) {
  if (launch.request.workdir) return *launch.request.workdir;
  const std::string& images = launch.config.workdir;
  if (!images.empty() && images.front() == '/' && images != "/") return images;
  if (!launch.facts.cwd.empty() && is_shown(launch.facts.cwd, binds)) return launch.facts.cwd;
  return "/";
}

}  // namespace berth::plan
