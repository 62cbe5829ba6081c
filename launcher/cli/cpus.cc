// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/cpus.h"

#include "base/children.h"
#include "launcher/pin/divide.h"
#include "launcher/pin/draw.h"
#include "launcher/pin/machine_text.h"
#include "launcher/plan/plan.h"
#include "launcher/survey/survey.h"

namespace berth::cli {

Status CpuLook::begin(const Session& session) {
  if (!plan::asks_for_place(launch_.request)) return Done{};
  launch_.facts.cpus = survey::look_at_cpus(session.environment, session.parent);
  return plan::check_place(launch_);
}

Status CpuLook::start() {
  if (!plan::needs_machine(launch_)) return Done{};
  return program_.start(launch_.request.topology, plan::needs_devices(launch_));
}

Status CpuLook::parse() {
  auto machine = pin::parse_machine(text_);
  // Whoever wrote that file, it is no fault of berth's.
  if (!machine && !launch_.request.topology.empty())
    return PinProgram::unusable(launch_.request.topology, "");
  if (!machine) return std::move(machine.error());
  CpuFacts& cpus = launch_.facts.cpus;
  cpus.machine = std::move(*machine);
  if (launch_.request.topology.empty()) return Done{};
  cpus.memory = {};
  for (const Numbers& nodes : cpus.machine.memory)
    cpus.memory.add(nodes);
  return Done{};
}

Status CpuLook::finish() {
  if (!program_.is_started()) return Done{};
  auto text = program_.read();
  if (!text) return std::move(text.error());
  text_ = std::move(*text);
  return parse();
}

Status CpuLook::take(std::string text) {
  if (!plan::needs_machine(launch_)) return Done{};
  text_ = std::move(text);
  if (!text_.empty()) BERTH_TRY(parse());
  const bool is_enough =
      !text_.empty() && (launch_.facts.cpus.machine.knows_devices || !plan::needs_devices(launch_));
  if (is_enough) return Done{};
  BERTH_TRY(start());
  return finish();
}

namespace {

/// The ranks that there are, or would be: of one that its launcher has bound, nobody else is known.
Result<plan::RankMap> ranks_of(const Launch& launch) {
  if (!launch.request.placing.binds()) return plan::RankMap();
  if (!plan::stays_on_its_cpus(launch)) return plan::make_map(launch);
  const unsigned rank = launch.facts.rank.local_rank;
  if (rank >= pin::kMostRanks)
    return Error{Blame::usage,
                 "draw rank " + std::to_string(rank) + " of a node: there are too many"};
  plan::RankMap map{std::vector<Numbers>(rank + 1U)};
  map.cpus.back() = launch.facts.cpus.own;
  return map;
}

Result<std::string> drawing_of(Launch& launch, const Session& session) {
  const AwaitedChildren awaited;
  CpuLook look(launch);
  BERTH_TRY(look.begin(session));
  BERTH_TRY(look.start());
  BERTH_TRY(look.finish());
  const auto ranks = ranks_of(launch);
  if (!ranks) return ranks.error();
  const CpuFacts& cpus = launch.facts.cpus;
  const Numbers& allowed = launch.request.topology.empty() ? cpus.own : cpus.machine.allowed;
  const auto draw = launch.request.drawing == Drawing::svg ? pin::draw_svg : pin::draw_text;
  return draw(cpus.machine, allowed, ranks->cpus, ranks->devices);
}

}  // namespace

int draw_node(Request request, Session& session) {
  constexpr int kBeforeTheProgram = 125;
  Launch launch;
  launch.request = std::move(request);
  launch.facts.rank = survey::rank_of(session.environment, session.parent);
  const auto drawing = drawing_of(launch, session);
  if (!drawing) {
    print(session, drawing.error());
    return kBeforeTheProgram;
  }
  session.streams.out(*drawing);
  return 0;
}

}  // namespace berth::cli
