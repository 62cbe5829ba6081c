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
  [[nodiscard]] Result<Hook> read_hook(const Element& map) const;
  [[nodiscard]] Result<When> read_when(const Element& map) const;
  [[nodiscard]] static Result<std::optional<bool>> read_switch(const Fields& fields,
                                                               const std::string& name);
  static Status read_annotations(const Fields& fields, When& when);

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
  auto commands = fields->texts("commands");
  if (!commands) return std::move(commands.error());
  for (const std::string& text : *commands)
    if (!is_pattern(text))
      return fields->refuse("commands", "has " + quote(text) + ", which is no expression");
  BERTH_TRY(read_annotations(*fields, when));
  when.always = *always;
  when.has_bind_mounts = *binds;
  when.commands = std::move(*commands);
  return when;
}

Result<HookFile> Reader::read(const Element& root) {
  auto fields = Fields::open(root, file_, "the file", {"version", "hook", "when", "stages"});
  if (!fields) return std::move(fields.error());
  auto version = fields->text("version", true);
  if (!version) return std::move(version.error());
  if (*version != "1.0.0")
    return fields->refuse("version", quote(*version) + " is not one that berth knows: 1.0.0");
  for (const char* name : {"hook", "when"})
    if (fields->find(name) == nullptr) return fields->refuse(name, "is missing");
  auto hook = read_hook(*fields->find("hook"));
  if (!hook) return std::move(hook.error());
  auto when = read_when(*fields->find("when"));
  if (!when) return std::move(when.error());
  auto stages = fields->texts("stages");
  if (!stages) return std::move(stages.error());
  if (stages->empty()) return fields->refuse("stages", "is missing or empty");
  HookFile file{{}, std::move(*when)};
  for (const std::string& name : *stages) {
    const auto stage = stage_of(name);
    if (!stage) return fields->refuse("stages", "has " + quote(name) + ", which is none");
    hook->stage = *stage;
    file.hooks.push_back(*hook);
  }
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
  unsigned said = 0;
  const auto is_met = [&](bool is_said, bool is_so) {
    if (is_said) ++said;
    return !is_said || is_so;
  };
  if (!is_met(when.always.has_value(), when.always.value_or(false))) return false;
  if (!is_met(when.has_bind_mounts.has_value(),
              when.has_bind_mounts.value_or(false) && about.has_bind_mounts))
    return false;
  for (const auto& [key, value] : when.annotations)
    if (!is_met(true, has_annotation(about, key, value))) return false;
  const bool is_command =
      std::any_of(when.commands.begin(), when.commands.end(), [&](const std::string& text) {
        return Pattern(text).fits(about.command);
      });
  return is_met(!when.commands.empty(), is_command) && said > 0;
}

}  // namespace berth::hooks
