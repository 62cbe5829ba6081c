// SPDX-License-Identifier: Apache-2.0
#include "image/cli/changes.h"

#include "base/text.h"
#include "image/source/digest.h"
#include "image/source/json.h"

#include <algorithm>

namespace berth::cli {

namespace {

using layers::Mark;
using source::Json;

constexpr const char* kMember = "berth";
constexpr const char* kStackedOn = "stacked_on";

std::string text_of(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// An image of another tool's has none.
Result<Json> parse(const std::string& config, const std::string& name) {
  auto document = config.empty() ? Json::object() : source::parse_json(config).value_or(Json());
  if (document.is_object()) return document;
  return Error{Blame::image, "use the config in " + quote(name) + ": it is no JSON object"};
}

std::string line_of(const Mark& mark) {
  return mark.kind == Mark::Kind::opaque ? mark.path + "/" : mark.path;
}

}  // namespace

Base parse_base(std::string_view config) {
  const auto document = source::parse_json(config);
  if (!document) return {};
  const Json& base = source::member_of(source::member_of(*document, kMember), kStackedOn);
  Base found{source::text_of(base, "digest"), source::text_of(base, "image")};
  return source::is_digest(found.digest) ? found : Base{};
}

Result<std::string> make_changes_config(const std::string& config, const Base& base) {
  auto document = parse(config, base.image);
  if (!document) return std::move(document.error());
  Json& own = (*document)[kMember];
  if (!own.is_object()) own = Json::object();
  own[kStackedOn] = {{"digest", base.digest}, {"image", base.image}};
  return text_of(*document);
}

Result<std::string> make_merged_config(const std::string& config, const std::string& name) {
  auto document = parse(config, name);
  if (!document) return std::move(document.error());
  Json& steps = (*document)["history"];
  if (!steps.is_array()) steps = Json::array();
  steps.push_back({{"created_by", "berth image merge"}, {"empty_layer", true}});
  return text_of(*document);
}

std::string make_deleted(const std::vector<Mark>& marks) {
  std::vector<std::string> lines;
  lines.reserve(marks.size());
  for (const Mark& mark : marks)
    lines.push_back(line_of(mark));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines)
    text.append(line.c_str(), line.size() + 1);
  return text;
}

Result<std::vector<Mark>> parse_deleted(std::string_view text, const std::string& name) {
  std::vector<Mark> marks;
  marks.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\0')));
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos || line.empty())
      return Error{Blame::image,
                   "read " + quote("/" + std::string(kDeletedFile)) + " in " + quote(name) +
                       ": it is damaged"};
    auto path = layers::parse_path(line);
    if (!path) return std::move(path.error());
    const bool is_opaque = line.back() == '/';
    if (path->empty() && !is_opaque)
      return Error{Blame::image, "use " + quote(name) + ": it deletes the root"};
    marks.push_back({is_opaque ? Mark::Kind::opaque : Mark::Kind::whiteout, std::move(*path)});
    text.remove_prefix(end + 1);
  }
  return marks;
}

}  // namespace berth::cli
