// SPDX-License-Identifier: Apache-2.0
#include "launcher/plan/parts.h"
#include "launcher/plan/plan.h"

namespace berth::plan {

Entry entry_of(const Launch& launch, const std::vector<Step>& rest) {
  Entry entry;
  entry.namespaces = namespaces_of(launch.request);
  for (const Step& step : rest) {
    if (const auto* directory = std::get_if<EnterDirectory>(&step)) {
      entry.workdir = directory->path;
      entry.may_lack_workdir = directory->or_root;
    }
    if (const auto* user = std::get_if<BecomeUser>(&step)) entry.ids = user->ids;
    if (const auto* drop = std::get_if<DropPrivileges>(&step)) entry.kept = drop->kept;
    if (const auto* limit = std::get_if<SetLimit>(&step)) entry.limits.push_back(limit->limit);
    if (const auto* umask = std::get_if<SetUmask>(&step)) entry.umask = umask->mask;
    if (const auto* program = std::get_if<Execute>(&step)) entry.environment = program->environment;
    const auto* calls = std::get_if<FilterCalls>(&step);
    if (calls == nullptr) continue;
    entry.profile = calls->profile;
    entry.filter = calls->filter;
  }
  return entry;
}

std::vector<Step> make_entry(const Entry& entry,
                             const std::string& name,
                             std::vector<std::string> words) {
  std::vector<Step> steps;
  steps.push_back(JoinContainer{entry.namespaces, name});
  steps.push_back(EnterDirectory{entry.workdir, entry.may_lack_workdir});
  if (entry.ids) steps.push_back(BecomeUser{*entry.ids});
  steps.push_back(DropPrivileges{entry.kept});
  steps.push_back(CloseOthers{});
  for (const Limit& limit : entry.limits)
    steps.push_back(SetLimit{limit});
  if (entry.umask) steps.push_back(SetUmask{*entry.umask});
  if (!entry.filter.empty()) steps.push_back(FilterCalls{entry.profile, entry.filter});
  auto candidates = candidates_for(words[0], value_of(entry.environment, "PATH"));
  steps.push_back(Execute{std::move(candidates), std::move(words), entry.environment});
  return steps;
}

}  // namespace berth::plan
