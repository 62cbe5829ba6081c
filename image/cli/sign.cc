// SPDX-License-Identifier: Apache-2.0
#include "image/cli/sign.h"

#include "base/file.h"
#include "base/text.h"
#include "image/cli/examine.h"
#include "image/cli/output_file.h"
#include "image/cli/password.h"
#include "image/cli/words.h"

#include <array>

namespace berth::cli {

namespace {

constexpr std::size_t kMostKeyBytes = 16384;

struct SignOptions {
  std::string key = {};
  std::string output = {};
  bool password_from_stdin = false;
  bool force = false;
  bool help = false;
};

constexpr std::array<Option<SignOptions>, 5> kOptions = {{
    {"--key",
     0,
     "FILE",
     "minisign's secret key",
     [](SignOptions& options, const std::string& value) -> Status {
       options.key = value;
       return Done{};
     }},
    {"--output",
     'o',
     "FILE",
     "where to write the signature; without it: IMAGE.minisig",
     [](SignOptions& options, const std::string& value) -> Status {
       options.output = value;
       return Done{};
     }},
    {"--password-stdin",
     0,
     "",
     "take the key's password from a line of standard input",
     turn_on<SignOptions, &SignOptions::password_from_stdin>},
    {"--force",
     0,
     "",
     "replace a signature that exists already",
     turn_on<SignOptions, &SignOptions::force>},
    {"--help", 'h', "", "this text", turn_on<SignOptions, &SignOptions::help>},
}};

std::string help_text() {
  std::string text =
      "Usage: berth image sign [OPTIONS] --key FILE IMAGE\n"
      "\n"
      "Writes a signature that 'berth image verify' and minisign check. Keys come from\n"
      "'minisign -G'.\n"
      "\n"
      "Options\n";
  for (const Option<SignOptions>& option : kOptions)
    text += line_for(option.text());
  return text;
}

Result<std::string> image_of(const std::vector<std::string>& operands, const SignOptions& options) {
  const std::string usage = "berth image sign --key FILE IMAGE";
  if (operands.empty())
    return Error{Blame::usage, "sign: there is no image", {}, "write: " + usage};
  if (operands.size() > 1)
    return Error{Blame::usage, "understand " + quote(operands[1]), {}, "write: " + usage};
  if (options.key.empty()) return Error{Blame::usage, "sign without a key", {}, "write: " + usage};
  return operands.front();
}

Result<signature::SecretKey> read_key(const SignOptions& options, const Machine& machine) {
  auto text = read_text_file(options.key, kMostKeyBytes);
  if (!text) return text.error();
  return signature::parse_secret_key(*text, options.key, [&]() -> Result<std::string> {
    if (options.password_from_stdin) return read_password_from_stdin();
    return ask_password("Password of " + quote(options.key) + ": ", machine.stop);
  });
}

Status sign(const std::vector<std::string>& words, const Streams& streams, const Machine& machine) {
  SignOptions options;
  const auto operands = parse_words<SignOptions>(options, kOptions, words, "berth image sign");
  if (!operands) return operands.error();
  if (options.help) {
    streams.out << help_text();
    return Done{};
  }
  const auto name = image_of(*operands, options);
  if (!name) return name.error();
  const auto key = read_key(options, machine);
  if (!key) return key.error();
  const auto image = examine(*name, ForSignature::yes, machine);
  if (!image) return image.error();
  if (!image->problem.empty()) return distrusted(*image, image->problem);
  // The comment can be believed without reading the image: a mount needs no more than the root.
  std::string comment = "berth image " + image->digest;
  if (image->has_tree) comment += " root-hash:" + image->root_hash;
  const auto signature = signature::make_signature(*key, image->hash_for_signature, comment);
  const std::string path = options.output.empty() ? image->path + ".minisig" : options.output;
  BERTH_TRY(check_apart(path, image->path));
  BERTH_TRY(check_apart(path, options.key));
  auto file = FileBeingWritten::create(path);
  if (!file) return std::move(file.error());
  const std::string text = signature::to_text(signature);
  if (const int number = write_fully(file->fd(), text.data(), text.size()); number != 0)
    return refused("write", "write " + quote(path), number);
  using Existing = FileBeingWritten::Existing;
  BERTH_TRY(file->commit(options.force ? Existing::replaced : Existing::kept));
  streams.err << "berth: signed " << quote(image->path) << " with key "
              << signature::to_text(key->id) << " in " << quote(path) << "\n";
  return Done{};
}

}  // namespace

int run_sign(const std::vector<std::string>& words,
             const Streams& streams,
             const Machine& machine) {
  return finish(sign(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
