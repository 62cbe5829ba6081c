// SPDX-License-Identifier: Apache-2.0
#include "base/loader.h"
#include "base/text.h"
#include "launcher/plan/parts.h"

#include <algorithm>
#include <array>

namespace berth::plan {

namespace {

using Texts = std::vector<std::string>;

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// Empty also where an entry of the caller's has no '='.
std::string_view value_in(std::string_view variable) {
  const std::size_t equals = variable.find('=');
  return equals == std::string_view::npos ? "" : variable.substr(equals + 1);
}

/// Where a value comes from. Words are made of it only for who asks.
struct Origin {
  std::string_view who;
  const EnvChange* change = nullptr;
};

constexpr Origin kCaller = {"the caller"};
constexpr Origin kImage = {"the image"};
constexpr Origin kBerth = {"berth"};

std::string words_of(const Origin& origin) {
  if (origin.change == nullptr) return std::string(origin.who);
  const EnvChange& change = *origin.change;
  if (!change.file.empty())
    return change.line == 0 ? change.file : change.file + ":" + std::to_string(change.line);
  switch (change.kind) {
    case EnvChange::Kind::unset:
      return "--unset-env " + quote(change.text);
    case EnvChange::Kind::prepend:
      return "--env-prepend";
    case EnvChange::Kind::append:
      return "--env-append";
    default:
      return "--env";
  }
}

/// Whether `name` fits `pattern`, in which '*' stands for any characters.
bool fits(std::string_view name, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::size_t star = std::string_view::npos;  // the last one that was met
  std::size_t behind_star = 0;                // what of `name` it does not stand for yet
  while (at < name.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      behind_star = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == name[at]) {
      ++in_pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++behind_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

/// The variables as they are made, and what happens to the one that somebody asks for.
class Variables {
 public:
  explicit Variables(VariableHistory* history) : history_(history) {}

  /// What nobody has said before, or only the caller himself.
  void add(const std::string& variable, const Origin& origin) {
    note(Event::set, origin, variable);
    all_.push_back(variable);
  }

  void set(std::string variable, const Origin& origin) {
    note(Event::set, origin, variable);
    const std::string_view name = name_of(variable);
    const auto same = std::find_if(
        all_.begin(), all_.end(), [&](const auto& other) { return name_of(other) == name; });
    if (same == all_.end())
      all_.push_back(std::move(variable));
    else
      *same = std::move(variable);
  }

  void remove(std::string_view pattern, const Origin& origin) {
    std::erase_if(all_, [&](const auto& variable) {
      const bool goes = fits(name_of(variable), pattern);
      if (goes) note(Event::removed, origin, variable);
      return goes;
    });
  }

  /// Notes that a variable comes to nothing. `reason` completes "left out: ".
  void leave_out(std::string_view variable, const Origin& origin, std::string_view reason) {
    note(Event::left_out, origin, variable, reason);
  }

  [[nodiscard]] std::string value_of(std::string_view name) const {
    return plan::value_of(all_, name);
  }

  Texts take() { return std::move(all_); }

 private:
  using Event = VariableHistory::Event;

  void note(Event::Kind kind,
            const Origin& origin,
            std::string_view variable,
            std::string_view reason = {}) {
    if (history_ == nullptr || name_of(variable) != history_->name) return;
    history_->events.push_back(
        {kind, words_of(origin), std::string(value_in(variable)), std::string(reason)});
  }

  Texts all_;
  VariableHistory* history_;
};

/// Names whose values speak of the host's programs, or are berth's own.
bool stays_outside(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {
      "PATH", "BERTH_TASK", "BERTH_SCRIPT", "BERTH_HELPERS", "_"};
  return names_libraries(name) || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
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

/// Why a variable of the caller's does not go in; empty where it does.
std::string_view reason_against(std::string_view variable,
                                const Request& request,
                                const std::vector<Bind>& binds) {
  const std::string_view name = name_of(variable);
  if (stays_outside(name)) return "it speaks of what is outside";
  if (request.clean_env && !belongs_to_the_job(name)) return "--clean-env";
  const bool names_a_place = name == "TMPDIR" || name == "XDG_RUNTIME_DIR";
  const std::string place = names_a_place ? normal_path(value_in(variable)) : "";
  if (names_a_place && (!is_shown(place, binds) || is_masked(place, request)))
    return "the container does not show that place";
  return {};
}

void add_callers(Variables& variables, const Launch& launch, const std::vector<Bind>& binds) {
  for (const std::string& variable : launch.facts.environment) {
    const std::string_view reason = reason_against(variable, launch.request, binds);
    if (reason.empty())
      variables.add(variable, kCaller);
    else
      variables.leave_out(variable, kCaller, reason);
  }
}

void set_images(Variables& variables, const Launch& launch) {
  for (const std::string& variable : launch.config.env) {
    if (variable.find('=') == std::string::npos || variable.front() == '=') continue;
    if (is_said_by_the_job(name_of(variable), launch.facts))
      variables.leave_out(variable, kImage, "the job says which rank this is");
    else
      variables.set(variable, kImage);
  }
}

/// Puts a value in front of a variable, or behind it. A colon beside nothing would mean the
/// current directory.
void extend(Variables& variables, const EnvChange& change) {
  const std::string name(name_of(change.text));
  const std::string more(value_in(change.text));
  const std::string old = variables.value_of(name);
  const Origin origin{{}, &change};
  if (more.empty()) return variables.leave_out(change.text, origin, "there is nothing to add");
  if (old.empty()) return variables.set(change.text, origin);
  const bool in_front = change.kind == EnvChange::Kind::prepend;
  variables.set(name + "=" + (in_front ? more + ":" + old : old + ":" + more), origin);
}

void take(Variables& variables, const EnvChange& change, const Facts& facts) {
  const Origin origin{{}, &change};
  bool is_there = false;
  for (const std::string& variable : facts.environment) {
    if (name_of(variable) != change.text) continue;
    variables.set(variable, origin);
    is_there = true;
  }
  if (!is_there) variables.leave_out(change.text, origin, "the caller has none");
}

void make_change(Variables& variables, const EnvChange& change, const Facts& facts) {
  switch (change.kind) {
    case EnvChange::Kind::set:
      return variables.set(change.text, {{}, &change});
    case EnvChange::Kind::take:
      return take(variables, change, facts);
    case EnvChange::Kind::unset:
      return variables.remove(change.text, {{}, &change});
    case EnvChange::Kind::prepend:
    case EnvChange::Kind::append:
      return extend(variables, change);
    case EnvChange::Kind::file:
      return;  // what it says stands here instead
  }
}

}  // namespace

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (auto variable = environment.rbegin(); variable != environment.rend(); ++variable)
    if (name_of(*variable) == name && variable->size() > name.size())
      return variable->substr(name.size() + 1);
  return {};
}

std::vector<std::string> make_environment(const Launch& launch,
                                          const std::vector<Bind>& binds,
                                          VariableHistory* history) {
  Variables variables(history);
  add_callers(variables, launch, binds);
  variables.set(std::string("PATH=") + kDefaultPath, kBerth);
  variables.set("HOME=" + home_of(launch), kBerth);
  set_images(variables, launch);
  if (launch.request.home == Home::host) variables.set("HOME=" + home_of(launch), kBerth);
  const std::string user = identity_of(launch).name;
  variables.set("USER=" + user, kBerth);
  variables.set("LOGNAME=" + user, kBerth);
  for (const EnvChange& change : launch.request.env)
    make_change(variables, change, launch.facts);
  return variables.take();
}

}  // namespace berth::plan
