// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"
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

Result<int> choose_stop_signal(const Launch& launch) {
  const std::string& images = launch.config.stop_signal;
  if (launch.request.stop_signal) return *launch.request.stop_signal;
  if (images.empty()) return SIGTERM;
  const auto number = signal_number(images);
  if (number) return *number;
  return Error{Blame::image,
               "stop " + quote(launch.request.image) + " with its stop signal " + quote(images),
               {},
               "name another: --stop-signal SIGTERM"};
}

Result<TimeLimit> choose_time(const Launch& launch, const std::string& program) {
  const Request& request = launch.request;
  TimeLimit time;
  time.seconds = request.timeout;
  if (time.seconds == 0) return time;
  time.grace = request.stop_timeout.value_or(time.grace);
  const auto stop_signal = choose_stop_signal(launch);
  if (!stop_signal) return stop_signal.error();
  time.stop_signal = *stop_signal;
  const Rank& rank = launch.facts.rank;
  if (rank.launcher.empty())
    time.notice = "berth: ";
  else
    time.notice = "berth[" + launch.facts.node + ":" + std::to_string(rank.rank) + "]: ";
  time.notice += "stopping " + quote(program) + " with " + signal_name(time.stop_signal) +
                 ": it has run for " + std::to_string(time.seconds) + " s\n";
  return time;
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
  const std::string& cwd = launch.facts.cwd;
  if (launch.request.cwd == Cwd::host && !cwd.empty() && is_shown(cwd, binds) &&
      !is_masked(cwd, launch.request))
    return cwd;
  return "/";
}

}  // namespace berth::plan
