// SPDX-License-Identifier: Apache-2.0
#include "slurm-plugin/wish.h"

#include "base/text.h"
#include "launcher/request/environment_file.h"
#include "launcher/request/options.h"
#include "launcher/request/paths.h"
#include "launcher/request/slurm_words.h"
#include "slurm-plugin/pyxis.h"

#include <algorithm>
#include <string_view>

namespace berth::slurm_plugin {

namespace {

ContainerOption made_of(const request::Option& row) {
  ContainerOption option;
  option.name = std::string(request::kSlurmPrefix) + std::string(row.name);
  option.shown = row.value;
  if (row.value.starts_with("[=")) {
    option.argument = Argument::possible;
    option.shown = row.value.substr(2, row.value.size() - 3);
  } else if (!row.value.empty()) {
    option.argument = Argument::needed;
  }
  option.help = row.help;
  if (row.name == "workdir") option.twin = "PYXIS_CONTAINER_WORKDIR";
  option.apply = [&row](Wish& wish, const std::string& value) -> Status {
    Status taken = row.apply(wish.request, value);
    if (taken) return taken;
    Error& error = taken.error();
    error.goal = request::in_slurms_words(std::move(error.goal));
    error.hint = request::in_slurms_words(std::move(error.hint));
    return taken;
  };
  return option;
}

bool has_name(const std::vector<ContainerOption>& options, const std::string& name) {
  return std::any_of(
      options.begin(), options.end(), [&](const auto& option) { return option.name == name; });
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

/// What a variable says about a switch; nothing if it is neither.
std::optional<bool> truth_of(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (has({"1", "true", "yes", "on", "y"}, word)) return true;
  if (has({"0", "false", "no", "off", "n"}, word)) return false;
  return std::nullopt;
}

Status take_twin(Wish& wish,
                 const ContainerOption& option,
                 const std::string& variable,
                 const std::string& value) {
  const auto failed = [&](const Error& error) {
    return Error{Blame::usage, "use " + variable + ": cannot " + error.goal, {}, error.hint};
  };
  if (option.argument == Argument::needed) {
    const Status taken = option.apply(wish, value);
    return taken ? taken : failed(taken.error());
  }
  const auto truth = truth_of(value);
  if (!truth)
    return failed({Blame::usage, "understand " + quote(value), {}, "write true or false"});
  const bool is_no = option.is_no || variable == option.no_twin;
  return *truth != is_no ? option.apply(wish, "") : Status(Done{});
}

/// What nobody has typed: the site's word and the environment file's.
Status take_beginning(Wish& whole, const Wish& wish) {
  whole.environment = wish.environment;
  whole.default_scope = wish.default_scope;
  if (!wish.environment) return Done{};
  const request::EnvironmentFile& file = *wish.environment;
  for (std::size_t i = 0; i < file.options.size(); ++i) {
    const request::Option& option = request::options()[file.options[i].row];
    if (!request::is_for_steps(option))
      return Error{Blame::config,
                   "use line " + std::to_string(file.lines[i]) + " of " + quote(file.path) + ": " +
                       quote(option.name) + " means nothing under Slurm",
                   {},
                   "leave it out, or write srun berth run " + quote(file.path)};
    if (option.name == "entrypoint") whole.says_entrypoint = true;
  }
  return request::apply(file, whole.request);
}

std::string mark_of(const Wish& wish) {
  return wish.scope.value_or(wish.default_scope) == Scope::node ? "+node:" : "+job:";
}

}  // namespace

const std::vector<ContainerOption>& container_options() {
  static const std::vector<ContainerOption> all = [] {
    std::vector<ContainerOption> options = pyxis_options();
    for (const request::Option& row : request::options())
      if (request::is_for_steps(row) &&
          !has_name(options, std::string(request::kSlurmPrefix) + std::string(row.name)))
        options.push_back(made_of(row));
    return options;
  }();
  return all;
}

Status take(Wish& wish, std::size_t place, const std::string& value) {
  const ContainerOption& option = container_options()[place];
  BERTH_TRY(option.apply(wish, value));
  wish.given.push_back("--" + option.name);
  wish.typed.emplace_back(place, value);
  if (!option.twin.empty()) wish.twins.push_back(option.twin);
  return Done{};
}

Status take_twins(Wish& wish,
                  const std::function<std::optional<std::string>(const std::string& name)>& find) {
  // Two different options may say the same thing: what was typed goes over the variables, and both
  // over an environment file.
  Wish whole;
  BERTH_TRY(take_beginning(whole, wish));
  for (const ContainerOption& option : container_options())
    for (const std::string& variable : {option.twin, option.no_twin}) {
      if (variable.empty() || has(wish.twins, variable)) continue;
      const auto value = find(variable);
      if (value && !value->empty()) BERTH_TRY(take_twin(whole, option, variable, *value));
    }
  for (const auto& [place, value] : wish.typed)
    BERTH_TRY(take(whole, place, value));
  wish = std::move(whole);
  return Done{};
}

std::string image_of_kept(const Wish& wish) {
  return mark_of(wish) + wish.kept->substr(0, wish.kept->find(':'));
}

Request finish(Wish wish, const std::string& image, const std::string& folder) {
  Request& request = wish.request;
  request.image = image;
  if (wish.image || (wish.kept && image == image_of_kept(wish))) {
    request.cwd = Cwd::none;
    if (!wish.says_entrypoint) request.entrypoint = "";
  }
  request::make_binds_absolute(request, 0, folder);
  request::make_env_files_absolute(request, 0, folder);
  request::make_fields_absolute(request, "", folder);
  if (wish.kept) request.overlay = mark_of(wish) + *wish.kept;
  return std::move(request);
}

}  // namespace berth::slurm_plugin
