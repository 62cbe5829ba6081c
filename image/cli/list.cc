// SPDX-License-Identifier: Apache-2.0
#include "image/cli/list.h"

#include "base/text.h"
#include "image/cli/flags.h"
#include "image/cli/table.h"
#include "image/source/json.h"
#include "image/store/shelf.h"

#include <array>

namespace berth::cli {

namespace {

constexpr VerbText kText = {
    "berth image list [OPTIONS]", "Shows the images in your store.\n", 0, 0};
constexpr std::array<Option<Flags>, 2> kOptions = {kJson, kHelp};

/// "host:1/app:v1" is "host:1/app" and "v1"; a name without a tag has "latest".
struct Parts {
  std::string name;
  std::string tag;
};

Parts parts_of(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos || name.find('/', colon) != std::string::npos)
    return {name, "latest"};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

source::Json text_or_null(const std::string& text) {
  return text.empty() ? source::Json() : source::Json(text);
}

std::string json_of(const std::vector<store::Stored>& images) {
  source::Json list = source::Json::array();
  for (const store::Stored& image : images) {
    const Parts parts = parts_of(image.name);
    list.push_back({{"name", parts.name},
                    {"tag", parts.tag},
                    {"digest", text_or_null(image.origin.digest)},
                    {"size", image.size},
                    {"created", utc_text(image.created)},
                    {"source", text_or_null(image.origin.source)},
                    {"path", image.path}});
  }
  return json_text(list);
}

std::string table_of(const std::vector<store::Stored>& images) {
  Table table({"NAME", "TAG", "DIGEST", "SIZE", "CREATED", "SOURCE"});
  for (const store::Stored& image : images) {
    const Parts parts = parts_of(image.name);
    const std::string digest = short_digest(image.origin.digest);
    table.add({plain_text(parts.name),
               plain_text(parts.tag),
               digest.empty() ? "-" : digest,
               size_text(image.size),
               utc_text(image.created),
               image.origin.source.empty() ? "-" : plain_text(image.origin.source)});
  }
  return table.text();
}

Status list(const std::vector<std::string>& words, const Streams& streams, const Machine& machine) {
  Flags flags;
  const auto operands = parse_verb<Flags>(kText, flags, kOptions, words);
  if (!operands) return operands.error();
  if (flags.help) {
    streams.out << help_of<Flags>(kText, kOptions);
    return Done{};
  }
  const auto folder = store::folder_for(machine.environment);
  if (!folder) return folder.error();
  const auto images = store::read_listing(*folder);
  if (!images) return images.error();
  streams.out << (flags.is_json ? json_of(*images) : table_of(*images));
  return Done{};
}

}  // namespace

int run_list(const std::vector<std::string>& words,
             const Streams& streams,
             const Machine& machine) {
  return finish(list(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
