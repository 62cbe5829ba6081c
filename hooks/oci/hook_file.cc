// SPDX-License-Identifier: Apache-2.0
#include "hooks/oci/hook_file.h"

#include "base/text.h"
#include "hooks/cdi/fields.h"
#include "hooks/cdi/json.h"
#include "hooks/stage.h"

#include <regex.h>

#include <algorithm>
#include <limits>

namespace berth::hooks {

namespace {

using Texts = std::vector<std::string>;

/// A compiled POSIX extended regular expression (regex(7)).
class Pattern {
 public:
  explicit Pattern(const std::string& text)
      : is_good_(::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB) == 0) {}

  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  Pattern(Pattern&&) = delete;
  Pattern& operator=(Pattern&&) = delete;

  ~Pattern() {
    if (is_good_) ::regfree(&compiled_);
  }

  [[nodiscard]] bool is_good() const { return is_good_; }

  [[nodiscard]] bool fits(const std::string& text) const {
    return is_good_ && ::regexec(&compiled_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_{};
  bool is_good_;
};

/// One that regcomp(3) does with little time and memory: repetitions of repetitions need much.
bool is_pattern(const std::string& text) {
  constexpr std::size_t kLongest = 1000;
  constexpr std::size_t kBounds = 6;  // "{2,16}"
  const std::size_t brace = text.find('{');
  const bool is_cheap =
      brace == text.npos || (text.find('{', brace + 1) == text.npos &&
                             std::min(text.find('}', brace), text.size()) - brace < kBounds);
  return text.size() <= kLongest && is_cheap && Pattern(text).is_good();
}

/// One file on its way to a HookFile.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<HookFile> read(const Element& root);

 private:
  Result<HookFile> read_old(const Element& root);
  [[nodiscard]] Result<Hook> read_hook(const Element& map) const;
  [[nodiscard]] Result<When> read_when(const Element& map) const;
  [[nodiscard]] static Result<std::optional<bool>> read_switch(const Fields& fields,
                                                               const std::string& name);
  static Status read_annotations(const Fields& fields, When& when);
  static Result<Texts> read_patterns(const Fields& fields, const std::string& name);
  static Result<Texts> read_either(const Fields& fields,
                                   const std::string& name,
                                   const std::string& synonym);
  static Status add_stages(const Fields& fields,
                           const std::string& name,
                           Hook hook,
                           std::vector<Hook>& hooks);

  const std::string& file_;
};

Result<Hook> Reader::read_hook(const Element& map) const {
  auto fields = Fields::open(map, file_, "'hook'", {"path", "args", "env", "timeout"});
  if (!fields) return std::move(fields.error());
  auto path = fields->path("path", true);
  if (!path) return std::move(path.error());
  auto words = fields->texts("args");
  if (!words) return std::move(words.error());
  auto variables = fields->texts("env");
  if (!variables) return std::move(variables.error());
  const bool are_variables =
      std::all_of(variables->begin(), variables->end(), [](const auto& text) {
        return text.find('=') != text.npos && text.front() != '=';
      });
  if (!are_variables) return fields->refuse("env", "has to be a list of NAME=VALUE");
  auto seconds = fields->number("timeout", std::numeric_limits<std::uint32_t>::max());
  if (!seconds) return std::move(seconds.error());
  if (*seconds == 0U) return fields->refuse("timeout", "has to be greater than 0");
  if (words->empty()) words->push_back(*path);
  return Hook{Stage::prestart,
              std::move(*path),
              std::move(*words),
              std::move(*variables),
              static_cast<std::uint32_t>(seconds->value_or(0)),
              file_};
}

Result<std::optional<bool>> Reader::read_switch(const Fields& fields, const std::string& name) {
  auto word = fields.text(name);
  if (!word) return std::move(word.error());
  if (fields.find(name) == nullptr) return std::optional<bool>();
  if (*word != "true" && *word != "false") return fields.refuse(name, "has to be true or false");
  return std::optional<bool>(*word == "true");
}

Status Reader::read_annotations(const Fields& fields, When& when) {
  const Element* map = fields.find("annotations");
  if (map == nullptr) return Done{};
  if (map->kind != Element::Kind::map)
    return fields.refuse("annotations", "has to be a map of texts");
  for (std::size_t i = 0; i < map->keys.size(); ++i) {
    const Element& value = map->items[i];
    if (value.kind != Element::Kind::word)
      return fields.refuse("annotations", "has to be a map of texts");
    for (const std::string& text : {map->keys[i].text, value.text})
      if (!is_pattern(text))
        return fields.refuse("annotations", "has " + quote(text) + ", which is no expression");
    when.annotations.emplace_back(map->keys[i].text, value.text);
  }
  return Done{};
}

Result<When> Reader::read_when(const Element& map) const {
  auto fields =
      Fields::open(map, file_, "'when'", {"always", "annotations", "commands", "hasBindMounts"});
  if (!fields) return std::move(fields.error());
  When when;
  auto always = read_switch(*fields, "always");
  if (!always) return std::move(always.error());
  auto binds = read_switch(*fields, "hasBindMounts");
  if (!binds) return std::move(binds.error());
  auto commands = read_patterns(*fields, "commands");
  if (!commands) return std::move(commands.error());
  BERTH_TRY(read_annotations(*fields, when));
  when.always = *always;
  when.has_bind_mounts = *binds;
  when.commands = std::move(*commands);
  return when;
}

Result<Texts> Reader::read_patterns(const Fields& fields, const std::string& name) {
  auto patterns = fields.texts(name);
  if (!patterns) return patterns;
  for (const std::string& text : *patterns)
    if (!is_pattern(text))
      return fields.refuse(name, "has " + quote(text) + ", which is no expression");
  return patterns;
}

/// The same hook, at each of the stages.
Status Reader::add_stages(const Fields& fields,
                          const std::string& name,
                          Hook hook,
                          std::vector<Hook>& hooks) {
  auto stages = fields.texts(name);
  if (!stages) return std::move(stages.error());
  if (stages->empty()) return fields.refuse(name, "is missing or empty");
  for (const std::string& one : *stages) {
    const auto stage = stage_of(one);
    if (!stage) return fields.refuse(name, "has " + quote(one) + ", which is none");
    hook.stage = *stage;
    hooks.push_back(hook);
  }
  return Done{};
}

/// Which of two names a list has: it may not have both.
Result<std::string> name_of_either(const Fields& fields,
                                   const std::string& name,
                                   const std::string& synonym) {
  if (fields.find(synonym) == nullptr) return name;
  if (fields.find(name) != nullptr)
    return fields.refuse(synonym, "is the same as " + quote(name) + ", which is there too");
  return synonym;
}

Result<Texts> Reader::read_either(const Fields& fields,
                                  const std::string& name,
                                  const std::string& synonym) {
  const auto known = name_of_either(fields, name, synonym);
  if (!known) return known.error();
  return read_patterns(fields, *known);
}

/// What says no version, or the first one.
bool is_old(const Element& root) {
  for (std::size_t i = 0; i < root.keys.size(); ++i)
    if (root.keys[i].text == "version") return root.items[i].text == "0.1.0";
  return root.kind == Element::Kind::map;
}

/// Before there was a version, and for as long as such files are about.
Result<HookFile> Reader::read_old(const Element& root) {
  auto fields = Fields::open(root,
                             file_,
                             "the file",
                             {"version",
                              "hook",
                              "arguments",
                              "stages",
                              "stage",
                              "cmds",
                              "cmd",
                              "annotations",
                              "annotation",
                              "hasbindmounts"});
  if (!fields) return std::move(fields.error());
  auto path = fields->path("hook", true);
  if (!path) return std::move(path.error());
  auto words = fields->texts("arguments");
  if (!words) return std::move(words.error());
  words->insert(words->begin(), *path);
  HookFile file;
  file.when.is_one_enough = true;
  auto commands = read_either(*fields, "cmds", "cmd");
  if (!commands) return std::move(commands.error());
  file.when.commands = std::move(*commands);
  auto annotations = read_either(*fields, "annotations", "annotation");
  if (!annotations) return std::move(annotations.error());
  for (std::string& value : *annotations)
    file.when.annotations.emplace_back("", std::move(value));
  auto binds = read_switch(*fields, "hasbindmounts");
  if (!binds) return std::move(binds.error());
  file.when.has_bind_mounts = *binds;
  const auto stages = name_of_either(*fields, "stages", "stage");
  if (!stages) return stages.error();
  Hook hook{Stage::prestart, std::move(*path), std::move(*words)};
  hook.who = file_;
  BERTH_TRY(add_stages(*fields, *stages, std::move(hook), file.hooks));
  return file;
}

Result<HookFile> Reader::read(const Element& root) {
  if (is_old(root)) return read_old(root);
  auto fields = Fields::open(root, file_, "the file", {"version", "hook", "when", "stages"});
  if (!fields) return std::move(fields.error());
  auto version = fields->text("version", true);
  if (!version) return std::move(version.error());
  if (*version != "1.0.0")
    return fields->refuse("version",
                          quote(*version) + " is not one that berth knows: 1.0.0 and 0.1.0");
  for (const char* name : {"hook", "when"})
    if (fields->find(name) == nullptr) return fields->refuse(name, "is missing");
  auto hook = read_hook(*fields->find("hook"));
  if (!hook) return std::move(hook.error());
  auto when = read_when(*fields->find("when"));
  if (!when) return std::move(when.error());
  HookFile file{{}, std::move(*when)};
  BERTH_TRY(add_stages(*fields, "stages", std::move(*hook), file.hooks));
  return file;
}

bool has_annotation(const About& about, const std::string& key, const std::string& value) {
  const Pattern keys(key);
  const Pattern values(value);
  return std::any_of(about.annotations.begin(), about.annotations.end(), [&](const auto& one) {
    return keys.fits(one.first) && values.fits(one.second);
  });
}

}  // namespace

Result<HookFile> parse_hook_file(const std::string& text, const std::string& file) {
  const auto root = parse_json(text, file);
  if (!root) return root.error();
  if (!*root) return settings::bad_line(file, 1, "it is not a JSON object");
  return Reader(file).read(**root);
}

bool is_for(const When& when, const About& about) {
  std::vector<bool> met;
  if (when.always) met.push_back(*when.always);
  if (when.has_bind_mounts) met.push_back(*when.has_bind_mounts && about.has_bind_mounts);
  for (const auto& [key, value] : when.annotations)
    met.push_back(has_annotation(about, key, value));
  if (!when.commands.empty())
    met.push_back(
        std::any_of(when.commands.begin(), when.commands.end(), [&](const std::string& text) {
          return Pattern(text).fits(about.command);
        }));
  const auto is_so = [](bool one) { return one; };
  if (when.is_one_enough) return std::any_of(met.begin(), met.end(), is_so);
  return !met.empty() && std::all_of(met.begin(), met.end(), is_so);
}

}  // namespace berth::hooks
