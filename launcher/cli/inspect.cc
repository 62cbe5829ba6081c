// SPDX-License-Identifier: Apache-2.0
// `berth inspect`: all that is known of containers.
#include "base/signals.h"
#include "base/text.h"
#include "launcher/cli/containers.h"
#include "launcher/cli/verbs.h"

namespace berth::cli {

namespace {

Json all_of(const state::Directory& directory, const state::Container& container) {
  const state::Record& record = container.record;
  Json json = summary_of(container);
  json["node"] = record.node;
  if (container.monitor.lives()) json["monitor_pid"] = record.monitor.pid;
  if (container.launcher.lives()) json["launcher_pid"] = record.launcher.pid;
  if (record.is_detached) json["log"] = directory.path() + "/" + record.name + ".log";
  json["stop_signal"] = signal_name(record.stop_signal);
  json["stop_timeout"] = record.stop_timeout;
  json["workdir"] = record.entry.workdir;
  json["environment"] = record.entry.environment;
  json["seccomp"] = record.entry.profile.empty() ? "none" : record.entry.profile;
  Json spaces = Json::object();
  for (const auto& [name, inode] : record.inodes)
    spaces[name] = inode;
  json["namespaces"] = std::move(spaces);
  return json;
}

/// "key: value", a line each; of a list, an indented line for each item.
std::string lines_of(const Json& json) {
  const auto plain = [](const Json& value) {
    if (!value.is_string()) return value.dump();
    const std::string quoted = quote(value.get_ref<const std::string&>());
    return quoted.substr(1, quoted.size() - 2);
  };
  std::string text;
  for (const auto& [key, value] : json.items()) {
    text += key + ":";
    if (!value.is_structured()) text += " " + plain(value);
    text += "\n";
    if (!value.is_structured()) continue;
    for (const auto& [name, item] : value.items())
      text += "  " + (value.is_object() ? name + ": " : "") + plain(item) + "\n";
  }
  return text;
}

}  // namespace

int inspect_verb(const std::vector<std::string>& words, Session& session) {
  const ContainerVerb verb{"berth inspect [OPTIONS] NAME...",
                           "Prints all that is known of containers.",
                           {json_option(), help_option()},
                           1,
                           kAnyNumber};
  ContainerWish wish;
  if (const auto code = take_words(verb, words, session, wish)) return *code;
  const auto directory = open_containers(session);
  if (!directory) return not_done(session, directory.error());
  int code = 0;
  Json all = Json::array();
  for (const std::string& name : wish.words) {
    const auto container = state::find(*directory, name);
    if (!container) {
      code = not_done(session, container.error());
      continue;
    }
    Json json = all_of(*directory, *container);
    if (!wish.as_json) session.streams.out(lines_of(json));
    all.push_back(std::move(json));
  }
  if (wish.as_json) print_json(session, all);
  return code;
}

}  // namespace berth::cli
