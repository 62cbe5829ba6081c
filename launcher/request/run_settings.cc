// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/run_settings.h"

#include "base/text.h"
#include "hooks/name.h"
#include "launcher/request/options.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::request {

namespace {

std::string place_of(const Setting& setting) {
  return setting.file + ":" + std::to_string(setting.line);
}

Error bad_line(const Setting& setting, const std::string& why, const std::string& hint) {
  return Error{
      Blame::config,
      "use line " + std::to_string(setting.line) + " of " + quote(setting.file) + ": " + why,
      {},
      hint};
}

std::string shown(const GivenOption& option) {
  std::string text = "--" + std::string(options()[option.row].name);
  if (!option.value.empty()) text += "=" + option.value;
  return text;
}

/// Those of which each adds to the ones before, so that none is in vain.
bool adds(std::size_t row) {
  static constexpr std::array<std::string_view, 26> kNames = {"annotation",
                                                              "mpi-hook-library",
                                                              "hook",
                                                              "hooks-dir",
                                                              "no-hook",
                                                              "bind",
                                                              "device",
                                                              "device-read-bps",
                                                              "device-write-bps",
                                                              "device-read-iops",
                                                              "device-write-iops",
                                                              "device-weight",
                                                              "device-rule",
                                                              "hugetlb",
                                                              "rdma",
                                                              "net-priority",
                                                              "cap-add",
                                                              "cap-drop",
                                                              "mount",
                                                              "tmpfs",
                                                              "ulimit",
                                                              "env",
                                                              "env-file",
                                                              "env-prepend",
                                                              "env-append",
                                                              "unset-env"};
  return std::find(kNames.begin(), kNames.end(), options()[row].name) != kNames.end();
}

std::string without_blanks(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

Status take_kind(Setting& setting, const std::string& word, Whose whose) {
  if (word == "default")
    setting.kind = Setting::Kind::preset;
  else if (word == "lock")
    setting.kind = Setting::Kind::lock;
  else if (word == "forbid")
    setting.kind = Setting::Kind::forbid;
  else if (word == "require")
    setting.kind = Setting::Kind::require;
  else
    return bad_line(
        setting,
        quote(word) + " is not how a line begins",
        "write default, lock, forbid or require, and then an option without its dashes");
  if (setting.kind != Setting::Kind::preset && whose == Whose::user)
    return bad_line(setting, "only the site can lock, forbid and require options", "write default");
  return Done{};
}

Status take_option(Setting& setting, const std::string& words) {
  static const std::vector<OptionWord> table(options().begin(), options().end());
  if (words.empty())
    return bad_line(
        setting, "no option follows", "write one without its dashes, say: lock net=none");
  std::string word = "--" + words;
  const auto known = std::find_if(
      table.begin(), table.end(), [&](const OptionWord& option) { return option.name == words; });
  setting.is_any_value = known != table.end();
  const bool may_lack_value =
      setting.kind == Setting::Kind::forbid || setting.kind == Setting::Kind::require;
  // A value to read on: which one does not matter here.
  if (setting.is_any_value && may_lack_value && !known->value.empty()) word += "=";
  std::size_t at = 0;
  auto options = read_options(table, "berth run", {word}, at);
  if (!options)
    return bad_line(setting, "berth cannot " + options.error().goal, options.error().hint);
  setting.option = std::move(options->back());
  if (is_for_one_time(table[setting.option.row].name))
    return bad_line(setting, quote(words) + " is for command lines only", "");
  return Done{};
}

/// A requirement that any value meets.
bool is_any_of_values(const Setting& setting) {
  return setting.kind == Setting::Kind::require && setting.is_any_value &&
         !options()[setting.option.row].value.empty();
}

/// What adds up is not there or not, but this one or that one.
Result<Setting> check_any_value(const Setting& setting) {
  if (!adds(setting.option.row)) return setting;
  return bad_line(setting, "of what adds up one has to be named", "write NAME=VALUE");
}

Result<Setting> parse_line(const std::string& text,
                           unsigned line,
                           const std::string& file,
                           Whose whose) {
  Setting setting;
  setting.file = file;
  setting.line = line;
  // No argument, variable or path can have one.
  if (text.find('\0') != std::string::npos)
    return bad_line(setting, "it has a byte 0", "write the file as plain text");
  const std::size_t blank = std::min(text.find_first_of(" \t"), text.size());
  BERTH_TRY(take_kind(setting, text.substr(0, blank), whose));
  BERTH_TRY(take_option(setting, without_blanks(text.substr(blank))));
  if (setting.kind == Setting::Kind::forbid) return setting;
  if (is_any_of_values(setting)) return check_any_value(setting);
  // Whether the value is one is known now, and not only to those who use the option.
  Request nobodys;
  const Status taken = options()[setting.option.row].apply(nobodys, setting.option.value);
  if (!taken) return bad_line(setting, "berth cannot " + taken.error().goal, taken.error().hint);
  if (setting.kind != Setting::Kind::require) return setting;
  if (nobodys == Request{})
    return bad_line(setting, quote(shown(setting.option)) + " is so by itself", "lock it instead");
  if (!nobodys.env.empty())
    return bad_line(setting, "another change of a variable may undo it", "lock it instead");
  return setting;
}

Status apply(const Setting& setting, Request& request) {
  const std::size_t before = request.env.size();
  BERTH_TRY(options()[setting.option.row].apply(request, setting.option.value));
  for (std::size_t i = before; i < request.env.size(); ++i) {
    request.env[i].file = setting.file;
    request.env[i].line = setting.line;
  }
  return Done{};
}

/// An option that somebody has given, and where he has.
struct Said {
  GivenOption option;
  std::string where;
};

std::vector<Said> all_said(const RunSettings& settings, const std::vector<GivenOption>& given) {
  std::vector<Said> said;
  for (const Setting& setting : settings.user)
    said.push_back({setting.option, shown(setting.option) + " in " + quote(place_of(setting))});
  for (const GivenOption& option : given)
    said.push_back({option, quote(shown(option))});
  return said;
}

/// Whether all of `part` is said in the text of `whole`, in which no option says what another one
/// does.
bool is_said_in(const Request& whole, const Request& part) {
  return std::all_of(options().begin(), options().end(), [&](const Option& option) {
    const auto all = option.values_of(whole);
    const auto wanted = option.values_of(part);
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& value) {
      return std::find(all.begin(), all.end(), value) != all.end();
    });
  });
}

/// What the option says by itself. It was tried when it was read.
Request alone(const GivenOption& option) {
  Request request;
  (void)options()[option.row].apply(request, option.value);
  return request;
}

/// Without the places that later ones cover.
Request without_covered(Request request) {
  for (std::size_t i = request.binds.size(); i-- > 0;) {
    const std::string to = request.binds[i].to;
    const auto end = request.binds.begin() + static_cast<std::ptrdiff_t>(i);
    const auto kept = std::remove_if(
        request.binds.begin(), end, [&](const Bind& earlier) { return earlier.to == to; });
    i -= static_cast<std::size_t>(end - kept);
    request.binds.erase(kept, end);
  }
  return request;
}

/// Whether it is about one of berth's own hooks, with whatever stands behind its name.
bool names_own_hook(const Setting& rule) {
  return options()[rule.option.row].name == "hook" &&
         std::find(hooks::kOwnHooks.begin(), hooks::kOwnHooks.end(), rule.option.value) !=
             hooks::kOwnHooks.end();
}

bool is_met(const Setting& rule, const Request& request) {
  const auto& own = request.own_hooks;
  if (names_own_hook(rule) && std::any_of(own.begin(), own.end(), [&](const auto& hook) {
        return hooks::own_name(hook) == rule.option.value;
      }))
    return true;
  if (is_any_of_values(rule)) return !options()[rule.option.row].values_of(request).empty();
  return is_said_in(without_covered(request), alone(rule.option));
}

/// A value may be one of several that an option gives, and be written in several ways.
bool forbids(const Setting& rule, const GivenOption& option) {
  if (rule.is_any_value || rule.option.value == option.value) return rule.option.row == option.row;
  if (names_own_hook(rule) && rule.option.row == option.row &&
      hooks::own_name(option.value) == rule.option.value)
    return true;
  const Request refused = alone(rule.option);
  return refused != Request{} && is_said_in(alone(option), refused);
}

Status check_required(const std::vector<Setting>& rules, const Request& request) {
  const auto broken = std::find_if(rules.begin(), rules.end(), [&](const Setting& rule) {
    return rule.kind == Setting::Kind::require && !is_met(rule, request);
  });
  if (broken == rules.end()) return Done{};
  const std::string option = shown(broken->option);
  return Error{
      Blame::config,
      "run without " + quote(option) + ": the site requires it (" + place_of(*broken) + ")",
      {},
      is_any_of_values(*broken) ? "give it with a value of yours: " + option + "=VALUE"
                                : "give it: " + option};
}

Error forbidden(const Setting& rule, const Said& said) {
  return Error{Blame::config,
               "use " + said.where + ": the site forbids it (" + place_of(rule) + ")",
               {},
               "leave it out"};
}

}  // namespace

Result<std::vector<Setting>> parse_run_settings(const std::string& text,
                                                const std::string& file,
                                                Whose whose) {
  std::vector<Setting> settings;
  unsigned number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    const std::string words = without_blanks(line);
    if (words.empty() || words.front() == '#') continue;
    auto setting = parse_line(words, number, file, whose);
    if (!setting) return std::move(setting.error());
    settings.push_back(std::move(*setting));
  }
  return settings;
}

Result<Request> make_preset_request(const RunSettings& settings) {
  Request request;
  for (const auto* of_one : {&settings.site, &settings.user})
    for (const Setting& setting : *of_one)
      if (setting.kind == Setting::Kind::preset) BERTH_TRY(apply(setting, request));
  return request;
}

Result<std::vector<std::string>> apply_rules(const RunSettings& settings,
                                             const std::vector<GivenOption>& given,
                                             Request& request) {
  std::vector<std::string> in_vain;
  const std::vector<Said> said = all_said(settings, given);
  for (const Setting& rule : settings.site) {
    if (rule.kind == Setting::Kind::preset) continue;
    for (const Said& one : said) {
      if (rule.kind == Setting::Kind::forbid && forbids(rule, one.option))
        return forbidden(rule, one);
      const bool is_other = one.option.value != rule.option.value;
      if (one.option.row != rule.option.row) continue;
      if (rule.kind == Setting::Kind::lock && is_other && !adds(rule.option.row))
        in_vain.push_back("continuing without " + one.where + ": the site has locked it (" +
                          place_of(rule) + ")");
    }
    if (rule.kind == Setting::Kind::lock) BERTH_TRY(apply(rule, request));
  }
  BERTH_TRY(check_required(settings.site, request));
  return in_vain;
}

}  // namespace berth::request
