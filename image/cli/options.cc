// SPDX-License-Identifier: Apache-2.0
#include "image/cli/options.h"

#include "base/text.h"
#include "image/cli/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace berth::cli {

namespace {

Error bad_value(std::string_view option, const std::string& value, const std::string& hint) {
  return Error{
      Blame::usage, "take " + quote(value) + " for " + quote(std::string(option)), {}, hint};
}

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Status apply_output(ImportOptions& options, const std::string& value) {
  if (value.empty()) return bad_value("--output", value, "give the path of the image to make");
  options.output = value;
  return Done{};
}

Status apply_name(ImportOptions& options, const std::string& value) {
  // Whether it can be one is the store's to say.
  options.name = value;
  return Done{};
}

Status apply_platform(ImportOptions& options, const std::string& value) {
  auto platform = source::parse_platform(value);
  if (!platform) return std::move(platform.error());
  options.platform = std::move(*platform);
  return Done{};
}

Status apply_threads(ImportOptions& options, const std::string& value) {
  const auto number = parse_number(value);
  if (!number || *number == 0 || *number > 1024)
    return bad_value("--threads", value, "give a number from 1 to 1024");
  options.squash.threads = *number;
  return Done{};
}

/// "131072", "128K" or "1M".
Status apply_block_size(ImportOptions& options, const std::string& value) {
  std::string_view digits = value;
  unsigned unit = 1;
  if (digits.ends_with('K')) unit = 1024;
  if (digits.ends_with('M')) unit = 1024 * 1024;
  if (unit > 1) digits.remove_suffix(1);
  const auto number = parse_number(digits);
  const unsigned long size = number ? static_cast<unsigned long>(*number) * unit : 0;
  if (size < 4096 || size > 1024UL * 1024 || (size & (size - 1)) != 0)
    return bad_value("--block-size", value, "give a power of two from 4K to 1M");
  options.squash.block_size = static_cast<unsigned>(size);
  return Done{};
}

Status apply_compressor(ImportOptions& options, const std::string& value) {
  const std::vector<std::string> known = squash::compressors();
  if (std::find(known.begin(), known.end(), value) == known.end())
    return bad_value("--compressor", value, "give one of zstd, gzip, xz and lz4");
  options.squash.compressor = value;
  return Done{};
}

Status keep_text(std::string& to, const std::string& value) {
  to = value;
  return Done{};
}

Status apply_plain_http(ImportOptions& options, const std::string& value) {
  // A scheme or a path would never be found in the name of an image.
  if (value.find('/') != std::string::npos)
    return bad_value("--plain-http", value, "give a registry as HOST or HOST:PORT");
  options.registry.plain_http.push_back(value);
  return Done{};
}

constexpr auto kOptions = std::to_array<Option<ImportOptions>>({
    {"--output",
     'o',
     "OUT.sqsh",
     "where to write the image; without it: your image store",
     apply_output},
    {"--name",
     0,
     "NAME[:TAG]",
     "what to call it in your image store; without it: from SOURCE",
     apply_name},
    {"--force",
     0,
     "",
     "replace an image that exists already",
     turn_on<ImportOptions, &ImportOptions::force>},
    {"--platform",
     0,
     "OS/ARCH",
     "which image of a multi-platform source; without it: this host's",
     apply_platform},
    {"--threads", 0, "N", "threads that compress; without it: one for each CPU", apply_threads},
    {"--block-size", 0, "SIZE", "4K to 1M, a power of two; without it: 128K", apply_block_size},
    {"--compressor", 0, "NAME", "zstd, gzip, xz or lz4; without it: zstd", apply_compressor},
    {"--username",
     0,
     "NAME",
     "log in to the registry; without it: as podman or docker would",
     [](ImportOptions& options, const std::string& value) {
       return keep_text(options.registry.username, value);
     }},
    {"--password-stdin",
     0,
     "",
     "the password for --username comes from standard input",
     [](ImportOptions& options, const std::string&) -> Status {
       options.registry.password_stdin = true;
       return Done{};
     }},
    {"--ca-file",
     0,
     "FILE",
     "certificates to trust besides the system's",
     [](ImportOptions& options, const std::string& value) {
       return keep_text(options.registry.ca_file, value);
     }},
    {"--plain-http", 0, "HOST", "a registry that may be talked to without TLS", apply_plain_http},
    {"--cache",
     0,
     "DIR",
     "keep downloaded layers there, and take them from there",
     [](ImportOptions& options, const std::string& value) {
       return keep_text(options.registry.cache, value);
     }},
    {"--json",
     0,
     "",
     "progress and result as JSON on standard output, for programs",
     turn_on<ImportOptions, &ImportOptions::json>},
    {"--no-hash-tree",
     0,
     "",
     "leave out what reads are verified against",
     [](ImportOptions& options, const std::string&) -> Status {
       options.hash_tree = false;
       return Done{};
     }},
    {"--xattrs",
     0,
     "",
     "keep security.* and trusted.* attributes too",
     turn_on<ImportOptions, &ImportOptions::xattrs>},
    {"--quiet",
     'q',
     "",
     "no progress and no summary",
     turn_on<ImportOptions, &ImportOptions::quiet>},
    {"--help", 'h', "", "this text", turn_on<ImportOptions, &ImportOptions::help>},
});

/// Two imports with equal ones make the same of the same source.
std::vector<std::string> words_that_matter(const std::vector<std::string>& words,
                                           const std::vector<std::string>& operands) {
  static constexpr std::array<std::string_view, 4> kHarmless = {"-q", "--quiet", "--force", "--"};
  std::vector<std::string> left;
  for (const std::string& word : words) {
    const auto is_word = [&](std::string_view other) { return word == other; };
    if (std::none_of(kHarmless.begin(), kHarmless.end(), is_word) &&
        std::none_of(operands.begin(), operands.end(), is_word))
      left.push_back(word);
  }
  std::sort(left.begin(), left.end());
  return left;
}

Status check_operands(ImportOptions& options, const std::vector<std::string>& operands) {
  const std::string usage = "berth import SOURCE [OUT.sqsh]";
  if (operands.empty())
    return Error{Blame::usage, "import: there is no source", {}, "write: " + usage};
  if (operands.size() > 2)
    return Error{Blame::usage, "understand " + quote(operands[2]), {}, "write: " + usage};
  options.source = operands[0];
  if (operands.size() == 1) return Done{};
  if (!options.output.empty())
    return Error{Blame::usage,
                 "write to both " + quote(options.output) + " and " + quote(operands[1])};
  return apply_output(options, operands[1]);
}

}  // namespace

Result<ImportOptions> parse_import_options(const std::vector<std::string>& words) {
  ImportOptions options;
  options.squash.threads = 0;
  const auto operands = parse_words<ImportOptions>(options, kOptions, words, "berth import");
  if (!operands) return operands.error();
  if (options.help) return options;
  BERTH_TRY(check_operands(options, *operands));
  if (!options.name.empty() && !options.output.empty())
    return Error{Blame::usage,
                 "write to both " + quote(options.name) + " and " + quote(options.output)};
  options.words = words_that_matter(words, *operands);
  return options;
}

std::string import_help() {
  std::string text =
      "Usage: berth import [OPTIONS] SOURCE [OUT.sqsh]\n"
      "\n"
      "Makes one SquashFS image file of a container image or a directory.\n"
      "\n"
      "SOURCE is one of\n"
      "  docker://NAME[:TAG]        an image in a registry, as docker and podman name it\n"
      "  oci:DIR[:TAG]              an OCI layout\n"
      "  oci-archive:FILE[:TAG]     the same in a tar archive\n"
      "  docker-archive:FILE[:REF]  what 'docker save' or 'podman save' writes\n"
      "  tar:FILE                   a root file system; gzip, zstd, xz and bzip2 are fine\n"
      "  dir:DIR                    a directory\n"
      "  sqsh:FILE                  an image file, compressed anew\n"
      "  sif:FILE                   the SquashFS of a Singularity or Apptainer image\n"
      "  PATH                       any of these, recognised by its content\n"
      "\n"
      "Options\n";
  for (const Option<ImportOptions>& option : kOptions)
    text += line_for(option.text());
  return text +
         "\n"
         "Examples\n"
         "  berth import docker://debian:12\n"
         "  berth import oci:layout:v1 app.sqsh\n"
         "  podman save app -o app.tar && berth import app.tar\n";
}

}  // namespace berth::cli
