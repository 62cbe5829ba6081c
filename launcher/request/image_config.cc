// SPDX-License-Identifier: Apache-2.0
#include "launcher/request/image_config.h"

#include "base/text.h"

#include <nlohmann/json.hpp>

namespace berth::request {

namespace {

using Json = nlohmann::json;

/// What RFC 7464 puts before each text of a sequence: JSON itself cannot have it.
constexpr char kBetween = '\x1e';

/// A text that can be an argument or variable: present, a string, without NUL. Absent and null
/// leave `out` alone, as Docker writes null for empty lists.
bool take_text(const Json& object, const char* name, std::string& out) {
  const auto field = object.find(name);
  if (field == object.end() || field->is_null()) return true;
  if (!field->is_string()) return false;
  out = field->get_ref<const std::string&>();
  return out.find('\0') == std::string::npos;
}

bool take_texts(const Json& object, const char* name, std::vector<std::string>& out) {
  const auto field = object.find(name);
  if (field == object.end() || field->is_null()) return true;
  if (!field->is_array()) return false;
  for (const Json& item : *field) {
    if (!item.is_string()) return false;
    out.push_back(item.get_ref<const std::string&>());
    if (out.back().find('\0') != std::string::npos) return false;
  }
  return true;
}

/// Whether 'berth image save' has written the image.
bool has_only_changes(const Json& document) {
  const auto own = document.find("berth");
  return own != document.end() && own->is_object() && own->contains("stacked_on");
}

}  // namespace

Result<ImageConfig> parse_image_config(const std::string& json, const std::string& image_name) {
  ImageConfig config;
  if (json.empty()) return config;
  const Error damaged{Blame::image,
                      "use " + quote(image_name) + " as an image: its configuration is damaged",
                      {},
                      "import the image again"};
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return damaged;
  if (has_only_changes(document))
    return Error{Blame::image,
                 "use " + quote(image_name) + " alone: it has only the changes to another image",
                 {},
                 "merge them first: berth image merge IMAGE " + quote(image_name) + " OUT.sqsh"};
  const auto inner = document.find("config");
  if (inner == document.end() || inner->is_null()) return config;
  if (!inner->is_object() || !take_texts(*inner, "Entrypoint", config.entrypoint) ||
      !take_texts(*inner, "Cmd", config.command) || !take_texts(*inner, "Env", config.env) ||
      !take_text(*inner, "WorkingDir", config.workdir) ||
      !take_text(*inner, "StopSignal", config.stop_signal))
    return damaged;
  return config;
}

std::string join_configs(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts)
    all += (&text == &texts.front() ? "" : std::string(1, kBetween)) + text;
  return all;
}

std::vector<std::string> split_configs(const std::string& text) {
  return split(text, kBetween);
}

Result<ImageConfig> parse_configs(const std::string& text, const std::vector<std::string>& names) {
  if (names.size() == 1) return parse_image_config(text, names[0]);
  const std::vector<std::string> texts = split(text, kBetween);
  // JSON has no such character: whose text has one is damaged, and more than that goes wrong.
  if (texts.size() != names.size()) return parse_image_config("damaged", names.back());
  auto all = parse_image_config(texts[0], names[0]);
  for (std::size_t i = 1; all && i < texts.size(); ++i) {
    auto upper = parse_image_config(texts[i], names[i]);
    if (!upper) return upper;
    all->env.insert(all->env.end(), upper->env.begin(), upper->env.end());
  }
  return all;
}

}  // namespace berth::request
