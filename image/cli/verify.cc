// SPDX-License-Identifier: Apache-2.0
#include "image/cli/verify.h"

#include "base/file.h"
#include "base/text.h"
#include "image/cli/examine.h"
#include "image/cli/table.h"
#include "image/cli/words.h"
#include "image/source/digest.h"
#include "image/source/json.h"

#include <array>

namespace berth::cli {

namespace {

constexpr std::size_t kMostKeyBytes = 16384;

struct VerifyOptions {
  std::string digest = {};
  std::string key = {};
  std::string signature = {};
  bool is_json = false;
  bool help = false;
};

Status apply_digest(VerifyOptions& options, const std::string& value) {
  if (!source::is_digest(value))
    return Error{Blame::usage,
                 "take " + quote(value) + " for '--digest'",
                 {},
                 "write sha256: and 64 hexadecimal digits, as import prints it"};
  options.digest = value;
  return Done{};
}

constexpr std::array<Option<VerifyOptions>, 5> kOptions = {{
    {"--digest", 0, "sha256:HEX", "what the file's digest has to be", apply_digest},
    {"--key",
     0,
     "FILE",
     "minisign's public key of who has to have signed it",
     [](VerifyOptions& options, const std::string& value) -> Status {
       options.key = value;
       return Done{};
     }},
    {"--signature",
     0,
     "FILE",
     "where the signature is; without it: IMAGE.minisig",
     [](VerifyOptions& options, const std::string& value) -> Status {
       options.signature = value;
       return Done{};
     }},
    {"--json",
     0,
     "",
     "for programs: one JSON document",
     turn_on<VerifyOptions, &VerifyOptions::is_json>},
    {"--help", 'h', "", "this text", turn_on<VerifyOptions, &VerifyOptions::help>},
}};

std::string help_text() {
  std::string text =
      "Usage: berth image verify [OPTIONS] IMAGE\n"
      "\n"
      "Reads all of an image and compares it with its hash tree, with the digest that the store\n"
      "has of it since it was imported, and with a digest or a signature that is asked for.\n"
      "Ends with 1 when it is not what it should be, or when nothing says what.\n"
      "\n"
      "Options\n";
  for (const Option<VerifyOptions>& option : kOptions)
    text += line_for(option.text());
  return text;
}

/// Who signed, as far as it was checked.
struct Signed {
  std::string key = {};
  std::string comment = {};
};

/// Compares an image with its signature. What does not fit is Examined::problem.
Status check_signed(const VerifyOptions& options, Examined& image, Signed& out) {
  const std::string path = options.signature.empty() ? image.path + ".minisig" : options.signature;
  const auto key_text = read_text_file(options.key, kMostKeyBytes);
  if (!key_text) return key_text.error();
  const auto key = signature::parse_public_key(*key_text, options.key);
  if (!key) return key.error();
  const auto text = read_text_file(path, kMostKeyBytes);
  if (!text) return text.error();
  const auto signature = signature::parse_signature(*text, path);
  if (!signature) return signature.error();
  out = {signature::to_text(signature->id), signature->trusted_comment};
  if (!image.problem.empty()) return Done{};
  switch (signature::check_signature(*signature, *key, image.hash_for_signature)) {
    case signature::Verdict::good:
      break;
    case signature::Verdict::other_key:
      image.problem = "it is signed by key " + out.key + ", not by " + signature::to_text(key->id);
      break;
    case signature::Verdict::forged:
      image.problem = "its signature " + quote(path) + " is not by key " + out.key;
      break;
    case signature::Verdict::other_content:
      image.problem = "it is not the image that key " + out.key + " has signed";
      break;
  }
  return Done{};
}

/// What an image was compared with: the word for programs, and those for people.
struct Judge {
  std::string_view name;
  std::string_view words;
};

std::vector<Judge> judges_of(const Examined& image, const VerifyOptions& options) {
  std::vector<Judge> judges;
  if (image.has_tree) judges.push_back({"hash-tree", "its hash tree"});
  if (!image.stored_digest.empty())
    judges.push_back({"stored-digest", "the digest stored at import"});
  if (!options.digest.empty()) judges.push_back({"digest", "the digest asked for"});
  if (!options.key.empty()) judges.push_back({"signature", "its signature"});
  return judges;
}

std::string json_of(const Examined& image, const Signed& by, const std::vector<Judge>& judges) {
  source::Json document;
  document["image"] = image.path;
  document["sound"] = image.problem.empty();
  document["problem"] = image.problem.empty() ? source::Json() : source::Json(image.problem);
  document["size"] = image.size;
  document["digest"] = image.digest;
  document["stored_digest"] =
      image.stored_digest.empty() ? source::Json() : source::Json(image.stored_digest);
  document["compared_with"] = source::Json::array();
  for (const Judge& judge : judges)
    document["compared_with"].push_back(judge.name);
  document["root_hash"] = image.has_tree ? source::Json(image.root_hash) : source::Json();
  document["damaged_blocks"] = image.damaged_blocks;
  document["first_damaged"] = source::Json::array();
  for (const std::uint64_t block : image.first_damaged)
    document["first_damaged"].push_back({{"block", block}, {"offset", block * kHashedBlock}});
  document["signature"] =
      by.key.empty() ? source::Json() : source::Json{{"key", by.key}, {"comment", by.comment}};
  return json_text(document);
}

std::string report_of(const Examined& image, const Signed& by, const std::vector<Judge>& judges) {
  std::string text = quote(image.path) + " is sound\n";
  std::string_view lead = "compared   with ";
  for (const Judge& judge : judges) {
    text += std::string(lead) + std::string(judge.words);
    lead = ", ";
  }
  text += "\n";
  text += "digest     " + image.digest + "\n";
  text += "root hash  " + (image.has_tree ? image.root_hash : "none: it has no hash tree") + "\n";
  if (!by.key.empty()) text += "signed by  " + by.key + ": " + quote(by.comment) + "\n";
  return text;
}

Result<std::string> image_of(const std::vector<std::string>& operands,
                             const VerifyOptions& options) {
  const std::string usage = "berth image verify [OPTIONS] IMAGE";
  if (operands.empty())
    return Error{Blame::usage, "verify: there is no image", {}, "write: " + usage};
  if (operands.size() > 1)
    return Error{Blame::usage, "understand " + quote(operands[1]), {}, "write: " + usage};
  if (options.key.empty() && !options.signature.empty())
    return Error{Blame::usage, "check a signature without a key", {}, "add --key FILE"};
  return operands.front();
}

Status verify(const std::vector<std::string>& words,
              const Streams& streams,
              const Machine& machine) {
  VerifyOptions options;
  const auto operands = parse_words<VerifyOptions>(options, kOptions, words, "berth image verify");
  if (!operands) return operands.error();
  if (options.help) {
    streams.out << help_text();
    return Done{};
  }
  const auto name = image_of(*operands, options);
  if (!name) return name.error();
  const auto wanted = options.key.empty() ? ForSignature::no : ForSignature::yes;
  auto image = examine(*name, wanted, machine);
  if (!image) return image.error();
  if (image->problem.empty() && !options.digest.empty() && options.digest != image->digest)
    image->problem = "its digest is " + image->digest;
  Signed by;
  if (!options.key.empty()) BERTH_TRY(check_signed(options, *image, by));
  Error error = distrusted(*image, image->problem);
  const std::vector<Judge> judges = judges_of(*image, options);
  if (image->problem.empty() && judges.empty()) {
    image->problem =
        "it has no hash tree and is not in the store, so nothing says what it should be";
    error = distrusted(*image, image->problem);
    error.hint = "give --digest or --key";
  }
  if (options.is_json) streams.out << json_of(*image, by, judges);
  if (!image->problem.empty()) return error;
  if (!options.is_json) streams.out << report_of(*image, by, judges);
  return Done{};
}

}  // namespace

int run_verify(const std::vector<std::string>& words,
               const Streams& streams,
               const Machine& machine) {
  return finish(verify(words, streams, machine), streams, machine);
}

}  // namespace berth::cli
