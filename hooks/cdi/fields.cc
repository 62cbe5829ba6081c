// SPDX-License-Identifier: Apache-2.0
#include "hooks/cdi/fields.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace berth::hooks {

Result<Fields> Fields::open(const Element& map,
                            const std::string& file,
                            std::string what,
                            const std::vector<std::string>& known) {
  if (map.kind != Element::Kind::map)
    return settings::bad_line(file, map.line, what + " has to be a map");
  for (const Element& key : map.keys) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    Error error = settings::bad_line(file, key.line, what + " has no field " + quote(key.text));
    const std::string close = nearest(key.text, known);
    if (!close.empty()) error.hint = "did you mean " + quote(close) + "?";
    return error;
  }
  return Fields(map, file, std::move(what));
}

const Element* Fields::find(const std::string& name) const {
  for (std::size_t i = 0; i < map_->keys.size(); ++i)
    if (map_->keys[i].text == name)
      return map_->items[i].kind == Element::Kind::nothing ? nullptr : &map_->items[i];
  return nullptr;
}

Error Fields::refuse(const std::string& name, const std::string& why) const {
  const Element* value = find(name);
  return settings::bad_line(*file_,
                            value != nullptr ? value->line : map_->line,
                            quote(name) + " of " + what_ + " " + why);
}

Result<std::string> Fields::text(const std::string& name, bool is_needed) const {
  const Element* value = find(name);
  if (value == nullptr && !is_needed) return std::string();
  if (value == nullptr) return refuse(name, "is missing");
  if (value->kind != Element::Kind::word) return refuse(name, "has to be a text");
  if (value->text.find('\0') != std::string::npos) return refuse(name, "has a NUL in it");
  if (value->text.empty() && is_needed) return refuse(name, "is empty");
  return value->text;
}

Result<std::string> Fields::path(const std::string& name, bool is_needed) const {
  auto value = text(name, is_needed);
  if (value && !value->empty() && value->front() != '/')
    return refuse(name, "has to begin with '/'");
  return value;
}

Result<std::vector<std::string>> Fields::texts(const std::string& name) const {
  std::vector<std::string> all;
  const Element* list = find(name);
  if (list == nullptr) return all;
  if (list->kind != Element::Kind::list) return refuse(name, "has to be a list of texts");
  for (const Element& item : list->items) {
    if (item.kind != Element::Kind::word || item.text.find('\0') != std::string::npos)
      return refuse(name, "has to be a list of texts");
    all.push_back(item.text);
  }
  return all;
}

Result<std::optional<std::uint64_t>> Fields::number(const std::string& name,
                                                    std::uint64_t most) const {
  auto word = text(name);
  if (!word) return std::move(word.error());
  if (find(name) == nullptr) return std::optional<std::uint64_t>();
  // YAML's octal numbers begin with a zero, which none of JSON's does.
  std::string_view digits = *word;
  const bool is_octal = digits.size() > 1 && digits.front() == '0';
  if (digits.starts_with("0o")) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, is_octal ? 8 : 10);
  if (failed != std::errc() || end != digits.data() + digits.size() || value > most)
    return refuse(name, "has to be a number, at most " + std::to_string(most));
  return std::optional<std::uint64_t>(value);
}

Result<std::vector<const Element*>> Fields::maps(const std::string& name) const {
  std::vector<const Element*> all;
  const Element* list = find(name);
  if (list == nullptr) return all;
  if (list->kind != Element::Kind::list) return refuse(name, "has to be a list");
  for (const Element& item : list->items)
    all.push_back(&item);
  return all;
}

}  // namespace berth::hooks
