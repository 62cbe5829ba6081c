// SPDX-License-Identifier: Apache-2.0
#include "image/cli/inspect.h"

#include "base/text.h"
#include "image/cli/changes.h"
#include "image/cli/flags.h"
#include "image/cli/table.h"
#include "image/read/decompress.h"
#include "image/source/json.h"
#include "image/source/squash.h"
#include "image/store/shelf.h"

#include <array>
#include <utility>

namespace berth::cli {

namespace {

using source::Json;

constexpr VerbText kInspect = {
    "berth image inspect [OPTIONS] IMAGE", "Shows what an image says about itself.\n", 1, 1};
constexpr VerbText kHistory = {"berth image history [OPTIONS] IMAGE",
                               "Shows the steps that an image was built in, the last one first.\n",
                               1,
                               1};
constexpr std::array<Option<Flags>, 2> kOptions = {kJson, kHelp};

/// An image with its documents, which may be anything: members are looked at one by one.
struct Opened {
  store::Stored stored;
  read::Superblock super;
  Json config;
  Json manifest;
};

Result<Opened> open(const std::string& name, const Machine& machine) {
  const auto path = store::find(name, machine.environment);
  if (!path) return path.error();
  const auto blob = source::open_blob(*path, *path);
  if (!blob) return blob.error();
  const auto image = source::open_squash(*blob, "");
  if (!image) return image.error();
  auto stored = store::read_stored(path->find('/') == std::string::npos ? "./" + *path : *path);
  if (!stored) return std::move(stored.error());
  return Opened{std::move(*stored),
                image->super,
                source::parse_json(image->config).value_or(Json()),
                source::parse_json(image->manifest).value_or(Json())};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json document_of(const Opened& image) {
  return {{"path", image.stored.path},
          {"digest", text_or_null(image.stored.origin.digest)},
          {"source", text_or_null(image.stored.origin.source)},
          {"created", utc_text(image.stored.created)},
          {"size", image.stored.size},
          {"compressor", read::compressor_name(image.super.compressor)},
          {"block_size", image.super.block_size},
          {"inodes", image.super.inodes},
          {"config", image.config},
          {"manifest", image.manifest}};
}

std::string line(const std::string& name, const std::string& value) {
  constexpr std::size_t kColumn = 14;
  return value.empty() ? "" : name + std::string(kColumn - name.size(), ' ') + value + "\n";
}

/// A text as it is, a list of texts as words in quotes.
std::string words_of(const Json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) return plain_text(*text);
  std::string words;
  if (!value.is_array()) return words;
  for (const Json& word : value) {
    const auto* text = word.get_ptr<const std::string*>();
    if (text != nullptr) words += (words.empty() ? "" : " ") + quote(*text);
  }
  return words;
}

std::string config_text(const Json& config) {
  std::string text;
  for (const auto& [name, key] : {std::pair{"user", "User"},
                                  std::pair{"workdir", "WorkingDir"},
                                  std::pair{"entrypoint", "Entrypoint"},
                                  std::pair{"command", "Cmd"}})
    text += line(name, words_of(source::member_of(config, key)));
  const Json& variables = source::member_of(config, "Env");
  if (variables.is_array()) {
    for (const Json& variable : variables)
      text += line("env", words_of(variable));
  }
  const Json& labels = source::member_of(config, "Labels");
  if (labels.is_object()) {
    for (const auto& [key, value] : labels.items())
      text += line("label", plain_text(key) + "=" + words_of(value));
  }
  return text;
}

std::string text_of(const Opened& image) {
  std::string text =
      line("path", plain_text(image.stored.path)) + line("digest", image.stored.origin.digest) +
      line("source", plain_text(image.stored.origin.source)) +
      line("created", utc_text(image.stored.created)) + line("size", size_text(image.stored.size)) +
      line("compressor", read::compressor_name(image.super.compressor)) +
      line("block size", size_text(image.super.block_size)) +
      line("inodes", std::to_string(image.super.inodes)) +
      line("stacked on", parse_base(image.config.dump()).digest) +
      line("platform",
           plain_text(source::text_of(image.config, "os") + "/" +
                      source::text_of(image.config, "architecture"))) +
      config_text(source::member_of(image.config, "config"));
  const Json& layers = source::member_of(image.manifest, "layers");
  if (!layers.is_array()) return text;
  for (const Json& layer : layers)
    text += line("layer",
                 plain_text(source::text_of(layer, "digest")) + ", " +
                     size_text(source::number_of(layer, "size").value_or(0)));
  return text;
}

/// The steps, each with the size of its layer as it was compressed in the source.
Json history_of(const Opened& image) {
  const Json& steps = source::member_of(image.config, "history");
  const Json& layers = source::member_of(image.manifest, "layers");
  Json list = Json::array();
  std::size_t layer = 0;
  if (!steps.is_array()) return list;
  for (const Json& step : steps) {
    const Json& empty = source::member_of(step, "empty_layer");
    Json row = {{"created", text_or_null(source::text_of(step, "created"))},
                {"created_by", text_or_null(source::text_of(step, "created_by"))},
                {"comment", text_or_null(source::text_of(step, "comment"))},
                {"size", 0}};
    if (!(empty.is_boolean() && empty.get<bool>()) && layers.is_array()) {
      const auto size =
          layer < layers.size() ? source::number_of(layers[layer], "size") : std::nullopt;
      row["size"] = size ? Json(*size) : Json();
      ++layer;
    }
    list.insert(list.begin(), std::move(row));
  }
  return list;
}

std::string history_text(const Json& history) {
  Table table({"CREATED", "SIZE", "STEP"});
  for (const Json& step : history) {
    const auto size = source::number_of(step, "size");
    const std::string by = source::text_of(step, "created_by");
    table.add({plain_text(source::text_of(step, "created")),
               size ? size_text(*size) : "-",
               plain_text(by.empty() ? source::text_of(step, "comment") : by)});
  }
  return table.text();
}

using Show = std::string (*)(const Opened& image, bool is_json);

Status show(const VerbText& text,
            Show shown,
            const std::vector<std::string>& words,
            const Streams& streams,
            const Machine& machine) {
  Flags flags;
  const auto operands = parse_verb<Flags>(text, flags, kOptions, words);
  if (!operands) return operands.error();
  if (flags.help) {
    streams.out << help_of<Flags>(text, kOptions);
    return Done{};
  }
  const auto image = open(operands->front(), machine);
  if (!image) return image.error();
  streams.out << shown(*image, flags.is_json);
  return Done{};
}

}  // namespace

int run_inspect(const std::vector<std::string>& words,
                const Streams& streams,
                const Machine& machine) {
  const Show shown = [](const Opened& image, bool is_json) {
    return is_json ? json_text(document_of(image)) : text_of(image);
  };
  return finish(show(kInspect, shown, words, streams, machine), streams, machine);
}

int run_history(const std::vector<std::string>& words,
                const Streams& streams,
                const Machine& machine) {
  const Show shown = [](const Opened& image, bool is_json) {
    const Json history = history_of(image);
    return is_json ? json_text(history) : history_text(history);
  };
  return finish(show(kHistory, shown, words, streams, machine), streams, machine);
}

}  // namespace berth::cli
