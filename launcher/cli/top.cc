// SPDX-License-Identifier: Apache-2.0
// `berth top`: the processes of a container; or all containers, as `berth stats` shows them.
#include "base/file.h"
#include "base/text.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"
#include "launcher/state/members.h"

#include <unistd.h>

namespace berth::cli {

namespace {

double seconds_of(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string time_text(std::uint64_t ticks) {
  const auto all = static_cast<std::uint64_t>(seconds_of(ticks));
  constexpr std::uint64_t kMinute = 60;
  const std::uint64_t seconds = all % kMinute;
  return std::to_string(all / kMinute) + ":" + (seconds < 10 ? "0" : "") + std::to_string(seconds);
}

/// Its words, or its name in brackets where it has none or they may not be read.
std::string command_of(const state::Member& member) {
  constexpr std::size_t kMost = 4096;
  std::string text(kMost, '\0');
  const UniqueFd file = member.process.open_file("cmdline");
  const ssize_t got = file.is_open() ? ::read(file.get(), text.data(), text.size()) : 0;
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\0')
    text.pop_back();
  for (char& c : text)
    if (c == '\0') c = ' ';
  return text.empty() ? "[" + member.stat.name + "]" : text;
}

}  // namespace

int top_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{
      "berth top [OPTIONS] [NAME]",
      "Lists the processes of a container, or without NAME shows what all that run use.",
      {json_option(), once_option(), help_option()},
      0};
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code;
  if (wish.words.empty()) return stats_verb(words, session);
  const auto directory = open_containers(session);
  if (!directory) return not_done(session, directory.error());
  const auto container = state::find(*directory, wish.words[0]);
  if (!container) return not_done(session, container.error());
  if (const Status runs = check_program(*container, "list the processes of"); !runs)
    return not_done(session, runs.error());
  const auto members = state::Members::of(*container);
  if (!members) return not_done(session, members.error());
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"PID", "PPID", "STATE", "TIME", "MEMORY", "COMMAND"}};
  for (const state::Member& one : members->list()) {
    const std::string state(1, one.stat.state);
    const std::string command = command_of(one);
    const std::string quoted = quote(command);
    all.push_back({{"pid", one.stat.id.pid},
                   {"ppid", one.stat.parent},
                   {"state", state},
                   {"seconds", seconds_of(one.stat.ticks)},
                   {"memory", one.stat.pages * page},
                   {"command", command}});
    rows.push_back({std::to_string(one.stat.id.pid),
                    std::to_string(one.stat.parent),
                    state,
                    time_text(one.stat.ticks),
                    size_text(one.stat.pages * page),
                    quoted.substr(1, quoted.size() - 2)});
  }
  if (wish.as_json)
    print_json(session, all);
  else
    session.streams.out(table_of(rows));
  return 0;
}

}  // namespace berth::cli
