// SPDX-License-Identifier: Apache-2.0
// The part of a trace that takes memory; trace_end.cc has what may run after fork().
#include "launcher/enter/trace.h"

#include "base/text.h"
#include "launcher/plan/plan.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace berth::enter {

namespace {

using Json = nlohmann::json;

/// Digits, separators and blanks around a phase, and around them all.
constexpr std::size_t kAround = 64;
constexpr std::size_t kAroundAll = 256;

/// An object that goes on with another member.
std::string open_ended(const Json& object) {
  std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.back() = ',';
  return text;
}

}  // namespace

void Trace::start(Nanoseconds begin, bool has_text, UniqueFd file) {
  begin_ = begin;
  has_text_ = has_text;
  file_ = std::move(file);
  is_on_ = has_text_ || file_.is_open();
}

/// `step` counts from 1, as --plan does, and is 0 for what is none.
void Trace::push(std::string_view name, unsigned step) {
  char number[16] = "     ";
  Json json = {{"name", name}};
  if (step != 0) {
    (void)std::snprintf(number, sizeof number, "%3u  ", step);  // fits for any unsigned
    json["step"] = step;
  }
  phases_.push_back({number + std::string(name), open_ended(json)});
  std::size_t all = head_.size() + kAroundAll;
  for (const Phase& phase : phases_)
    all += std::max(phase.text.size(), phase.json.size()) + kAround;
  memory_.resize(all);
}

void Trace::add(std::string_view name) {
  if (!is_on_) return;
  push(name, 0);
  step_ends();
}

void Trace::introduce(const Launch& launch) {
  if (!is_on_) return;
  const Rank& rank = launch.facts.rank;
  head_ = open_ended(
      {{"image", launch.request.image}, {"rank", rank.rank}, {"node", launch.facts.node}});
}

void Trace::expect(const std::vector<Step>& steps) {
  if (!is_on_) return;
  for (const Step& step : steps)
    push(plan::goal_of(step), ++steps_);
}

}  // namespace berth::enter
