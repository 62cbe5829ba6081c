// SPDX-License-Identifier: Apache-2.0
#include "image/cli/list.h"

#include "base/text.h"
#include "image/cli/table.h"
#include "image/cli/words.h"
#include "image/source/json.h"
#include "image/store/listing.h"

#include <array>

namespace berth::cli {

namespace {

struct ListOptions {
  bool is_json = false;
  bool help = false;
};

constexpr std::array<Option<ListOptions>, 2> kOptions = {{
    {"--json",
     0,
     "",
     "for programs: one JSON document",
     [](ListOptions& options, const std::string&) -> Status {
       options.is_json = true;
       return Done{};
     }},
    {"--help",
     'h',
     "",
     "this text",
     [](ListOptions& options, const std::string&) -> Status {
       options.help = true;
       return Done{};
     }},
}};

std::string help_text() {
  std::string text =
      "Usage: berth image list [OPTIONS]\n"
      "\n"
      "Shows the images in your store.\n"
      "\n"
      "Options\n";
  for (const Option<ListOptions>& option : kOptions)
    text += line_for(option.text());
  return text;
}

std::string json_of(const std::vector<store::Stored>& images) {
  source::Json list = source::Json::array();
  for (const store::Stored& image : images) {
    list.push_back({{"name", image.name},
                    {"path", image.path},
                    {"size", image.size},
                    {"created", utc_text(image.created)}});
  }
  return json_text(list);
}

std::string table_of(const std::vector<store::Stored>& images) {
  Table table({"NAME", "SIZE", "CREATED"});
  for (const store::Stored& image : images)
    table.add({plain_text(image.name), size_text(image.size), utc_text(image.created)});
  return table.text();
}

Status list(const std::vector<std::string>& words, const Streams& streams, const Machine& machine) {
  ListOptions options;
  const auto operands = parse_words<ListOptions>(options, kOptions, words, "berth image list");
  if (!operands) return operands.error();
  if (options.help) {
    streams.out << help_text();
    return Done{};
  }
  if (!operands->empty())
    return Error{Blame::usage,
                 "understand " + quote(operands->front()),
                 {},
                 "write: berth image list [OPTIONS]"};
  const auto folder = store::folder_for(machine.environment);
  if (!folder) return folder.error();
  const auto images = store::read_listing(*folder);
  if (!images) return images.error();
  streams.out << (options.is_json ? json_of(*images) : table_of(*images));
  return Done{};
}

}  // namespace

int run_list(const std::vector<std::string>& words,
             const Streams& streams,
             const Machine& machine) {
  return finish(list(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
