// SPDX-License-Identifier: Apache-2.0
#include "launcher/plan/parts.h"

#include <algorithm>
#include <array>

namespace berth::plan {

namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// Empty also where an entry of the caller's has no '='.
std::string_view value_in(std::string_view variable) {
  const std::size_t equals = variable.find('=');
  return equals == std::string_view::npos ? "" : variable.substr(equals + 1);
}

void set(std::vector<std::string>& environment, std::string variable) {
  const std::string_view name = name_of(variable);
  const auto same = std::find_if(environment.begin(), environment.end(), [&](const auto& other) {
    return name_of(other) == name;
  });
  if (same == environment.end())
    environment.push_back(std::move(variable));
  else
    *same = std::move(variable);
}

/// Names whose values speak of the host's programs, or are berth's own.
bool stays_outside(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kNames = {
      "PATH", "BERTH_TASK", "BERTH_HELPERS", "_"};
  return name.starts_with("LD_") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// What the job's launcher tells its ranks; without it an MPI program does not find its peers.
bool belongs_to_the_job(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kPrefixes = {
      "SLURM_", "PMI_", "PMI2_", "PMIX_", "OMPI_", "MPI_LOCAL", "FLUX_", "PALS_"};
  return name == "TERM" || std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](auto prefix) {
           return name.starts_with(prefix);
         });
}

/// An image may have an opinion on MPI's settings, but not on which rank this is.
bool is_said_by_the_job(std::string_view name, const Facts& facts) {
  return name != "TERM" && belongs_to_the_job(name) && !value_of(facts.environment, name).empty();
}

std::vector<std::string> callers_part(const Launch& launch, const std::vector<Bind>& binds) {
  std::vector<std::string> kept;
  for (const std::string& variable : launch.facts.environment) {
    const std::string_view name = name_of(variable);
    if (stays_outside(name) || (launch.request.clean_env && !belongs_to_the_job(name))) continue;
    const bool names_a_place = name == "TMPDIR" || name == "XDG_RUNTIME_DIR";
    if (names_a_place && !is_shown(normal_path(value_in(variable)), binds)) continue;
    kept.push_back(variable);
  }
  return kept;
}

std::string home_inside(const Launch& launch) {
  if (launch.request.home == Home::host && !launch.facts.home.empty()) return launch.facts.home;
  return launch.request.as_root ? "/root" : "/";
}

}  // namespace

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (auto variable = environment.rbegin(); variable != environment.rend(); ++variable)
    if (name_of(*variable) == name && variable->size() > name.size())
      return variable->substr(name.size() + 1);
  return {};
}

std::vector<std::string> make_environment(const Launch& launch, const std::vector<Bind>& binds) {
  std::vector<std::string> environment = callers_part(launch, binds);
  set(environment, std::string("PATH=") + kDefaultPath);
  set(environment, "HOME=" + home_inside(launch));
  for (const std::string& variable : launch.config.env)
    if (variable.find('=') != std::string::npos && variable.front() != '=' &&
        !is_said_by_the_job(name_of(variable), launch.facts))
      set(environment, variable);
  if (launch.request.home == Home::host) set(environment, "HOME=" + home_inside(launch));
  const std::string user = launch.request.as_root ? "root" : launch.facts.user;
  set(environment, "USER=" + user);
  set(environment, "LOGNAME=" + user);
  for (const std::string& asked : launch.request.env) {
    if (asked.find('=') != std::string::npos) {
      set(environment, asked);
      continue;
    }
    for (const std::string& variable : launch.facts.environment)
      if (name_of(variable) == asked) set(environment, variable);
  }
  return environment;
}

}  // namespace berth::plan
