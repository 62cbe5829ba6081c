// SPDX-License-Identifier: Apache-2.0
#include "image/cli/image.h"

#include "base/text.h"
#include "image/cli/export.h"
#include "image/cli/inspect.h"
#include "image/cli/list.h"
#include "image/cli/merge.h"
#include "image/cli/optimize.h"
#include "image/cli/remove.h"
#include "image/cli/save.h"
#include "image/cli/sign.h"
#include "image/cli/verify.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::cli {

namespace {

struct ImageVerb {
  std::string_view name;
  std::string_view words;  ///< what may follow it, for the help
  std::string_view help;
  RunVerb run;
};

/// In the order of the help.
constexpr std::array<ImageVerb, 10> kVerbs = {{
    {"list", "[--json]", "the images in your store", run_list},
    {"inspect", "[--json] IMAGE", "what an image says about itself", run_inspect},
    {"history", "[--json] IMAGE", "the steps it was built in", run_history},
    {"remove", "[--force] NAME...", "take images out of the store", run_remove},
    {"verify", "[OPTIONS] IMAGE", "whether it is what it should be", run_verify},
    {"export", "[OPTIONS] IMAGE OUT.tar", "an OCI archive, for other tools", run_export},
    {"save", "[OPTIONS] IMAGE OUT.sqsh", "a container's changes, as an image", run_save},
    {"merge", "IMAGE CHANGES.sqsh OUT.sqsh", "an image with saved changes in it", run_merge},
    {"optimize", "IMAGE PROFILE OUT.sqsh", "an image that starts sooner", run_optimize},
    {"sign", "--key FILE IMAGE", "a signature beside it", run_sign},
}};

Error unknown_verb(const std::string& name) {
  std::vector<std::string> names;
  names.reserve(kVerbs.size());
  for (const ImageVerb& verb : kVerbs)
    names.emplace_back(verb.name);
  const std::string close = nearest(name, names);
  return Error{
      Blame::usage,
      "understand " + quote("image " + name),
      {},
      close.empty() ? "see 'berth image --help'" : "did you mean 'berth image " + close + "'?"};
}

}  // namespace

std::string image_help() {
  constexpr std::size_t kColumn = 50;
  std::string text = "Usage: berth image VERB ...\n\nWorks on images that exist.\n\n";
  for (const ImageVerb& verb : kVerbs) {
    std::string left = "  berth image " + std::string(verb.name) + " " + std::string(verb.words);
    left.resize(std::max(left.size() + 2, kColumn), ' ');
    text += left + std::string(verb.help) + "\n";
  }
  return text + "\nEach verb has --help. All about them: man berth-image\n";
}

int run_image(const std::vector<std::string>& words,
              const Streams& streams,
              const Machine& machine) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    (words.empty() ? streams.err : streams.out) << image_help();
    return words.empty() ? 2 : 0;
  }
  for (const ImageVerb& verb : kVerbs) {
    if (words[0] == verb.name) return verb.run({words.begin() + 1, words.end()}, streams, machine);
  }
  return finish(unknown_verb(words[0]), streams, machine);
}

}  // namespace berth::cli
