// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/containers.h"

#include "base/text.h"

#include <algorithm>

namespace berth::cli {

namespace {

std::string name_of(const ContainerVerb& verb) {
  return std::string(verb.usage.substr(0, verb.usage.find(' ', sizeof "berth")));
}

std::string help_of(const ContainerVerb& verb) {
  constexpr std::size_t kColumn = 26;
  std::string text = "usage: " + std::string(verb.usage) + "\n\n" + std::string(verb.what) + "\n\n";
  for (const ContainerOption& option : verb.options) {
    std::string line = option.letter != 0 ? std::string("  -") + option.letter + ", " : "      ";
    line += "--" + std::string(option.name);
    if (!option.value.empty()) line += " " + std::string(option.value);
    line.resize(std::max(kColumn, line.size()), ' ');
    text += line + "  " + std::string(option.help) + "\n";
  }
  return text;
}

Status take(const ContainerVerb& verb, const std::vector<std::string>& words, ContainerWish& wish) {
  for (std::size_t at = 0; at < words.size() && !wish.help_only;) {
    BERTH_TRY(request::take_options(verb.options, name_of(verb), words, at, wish));
    const std::size_t end = verb.has_command ? words.size() : std::min(at + 1, words.size());
    for (; at < end; ++at)
      wish.words.push_back(words[at]);
  }
  if (wish.help_only) return Done{};
  const bool are_few = wish.words.size() < verb.least;
  if (are_few || wish.words.size() > verb.most)
    return Error{Blame::usage,
                 std::string("understand ") + (are_few ? "so few" : "so many") + " words",
                 {},
                 "write " + std::string(verb.usage)};
  return Done{};
}

}  // namespace

const ContainerOption& json_option() {
  static const ContainerOption option{{"json", 0, "", "print JSON, for programs"},
                                      [](ContainerWish& wish, const std::string&) -> Status {
                                        wish.as_json = true;
                                        return Done{};
                                      }};
  return option;
}

const ContainerOption& once_option() {
  static const ContainerOption option{{"no-stream", 0, "", "show it once"},
                                      [](ContainerWish& wish, const std::string&) -> Status {
                                        wish.is_once = true;
                                        return Done{};
                                      }};
  return option;
}

const ContainerOption& help_option() {
  static const ContainerOption option{{"help", 'h', "", "this text"},
                                      [](ContainerWish& wish, const std::string&) -> Status {
                                        wish.help_only = true;
                                        return Done{};
                                      }};
  return option;
}

std::optional<int> take_words(const ContainerVerb& verb,
                              const std::vector<std::string>& words,
                              Session& session,
                              ContainerWish& wish) {
  const Status taken = take(verb, words, wish);
  if (!taken) {
    print(session, taken.error());
    return kWrongWords;
  }
  if (!wish.help_only) return std::nullopt;
  session.streams.out(help_of(verb));
  return 0;
}

Result<state::Directory> open_containers(const Session& session) {
  return state::Directory::open(state::places_for(session.environment));
}

int act_on_each(const ContainerVerb& verb,
                const std::vector<std::string>& words,
                Session& session,
                const Act& act) {
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code;
  const auto directory = open_containers(session);
  if (!directory) return not_done(session, directory.error());
  int code = 0;
  Json all = Json::array();
  for (const std::string& name : wish.words) {
    const auto container = state::find(*directory, name);
    if (!container && verb.removes_damaged && directory->remove_damaged(name)) {
      if (!wish.as_json) session.streams.out(name + "\n");
      all.push_back({{"name", name}, {"state", "removed"}});
      continue;
    }
    auto done = container ? act(*directory, *container, wish) : Result<Json>(container.error());
    if (!done) {
      code = not_done(session, done.error());
      continue;
    }
    Json said = {{"name", container->record.name}};
    said.update(*done);
    const std::string line = verb.prints_status ? said["status"].dump() : container->record.name;
    if (!wish.as_json) session.streams.out(line + "\n");
    all.push_back(std::move(said));
  }
  if (wish.as_json) print_json(session, all);
  return code;
}

int not_done(Session& session, const Error& error) {
  print(session, error);
  return kNotDone;
}

void print_json(Session& session, const Json& json) {
  session.streams.out(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json summary_of(const state::Container& container) {
  const state::Record& record = container.record;
  Json json = {{"name", record.name},
               {"state", state::name_of(container.state)},
               {"image", record.image},
               {"command", record.command},
               {"created", record.created},
               {"detached", record.is_detached}};
  if (container.has_program()) json["pid"] = record.program.pid;
  if (record.ended) json["status"] = record.ended->status;
  if (record.ended) json["ended"] = record.ended->at;
  return json;
}

std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1), 0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] + 2 - row[i].size(), ' ');
    }
    text += '\n';
  }
  return text;
}

Status check_program(const state::Container& container, std::string_view goal) {
  if (container.has_program()) return Done{};
  return Error{Blame::usage,
               std::string(goal) + " " + quote(container.record.name) + ": it is " +
                   std::string(state::name_of(container.state)),
               {},
               container.state == state::State::elsewhere
                   ? "ask on the node " + quote(container.record.node) + ", outside of containers"
                   : ""};
}

}  // namespace berth::cli
