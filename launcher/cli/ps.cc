// SPDX-License-Identifier: Apache-2.0
// `berth ps`: what there is.
#include "base/text.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"

#include <ctime>

namespace berth::cli {

namespace {

std::string time_text(std::int64_t seconds) {
  char text[32];
  const std::time_t time = seconds;
  std::tm parts{};
  if (::localtime_r(&time, &parts) == nullptr) return "?";
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

/// Names of images and words of commands may come from anywhere: quoted like messages.
std::string plain(const std::string& text) {
  const std::string quoted = quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string state_text(const state::Container& container) {
  std::string text(state::name_of(container.state));
  if (container.record.ended) text += " (" + std::to_string(container.record.ended->status) + ")";
  return text;
}

std::vector<std::string> row_of(const state::Container& container) {
  const state::Record& record = container.record;
  std::string words;
  for (const std::string& word : record.command)
    words += (words.empty() ? "" : " ") + plain(word);
  return {record.name,
          state_text(container),
          container.has_program() ? std::to_string(record.program.pid) : "-",
          time_text(record.created),
          plain(record.image),
          words};
}

}  // namespace

int ps_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{"berth ps [OPTIONS]",
                           "Lists the containers of yours that have a name on this node.",
                           {json_option(), help_option()},
                           0,
                           0};
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code;
  const auto directory = open_containers(session);
  if (!directory) return not_done(session, directory.error());
  const state::Listing listing = state::look_at_all(*directory);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "STATE", "PID", "CREATED", "IMAGE", "COMMAND"}};
  for (const state::Container& container : listing.containers) {
    all.push_back(summary_of(container));
    rows.push_back(row_of(container));
  }
  if (wish.as_json)
    print_json(session, all);
  else
    session.streams.out(table_of(rows));
  int code = 0;
  for (const Error& error : listing.damaged)
    code = not_done(session, error);
  return code;
}

}  // namespace berth::cli
