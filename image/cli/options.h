// SPDX-License-Identifier: Apache-2.0
// The options of import: one table, from which the parser and the help are made. Pure.
#pragma once

#include "base/result.h"
#include "image/source/manifest.h"
#include "image/squash/writer.h"

#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

/// For sources in a registry.
struct RegistryOptions {
  std::string username = {};
  bool password_stdin = false;
  std::string ca_file = {};
  std::vector<std::string> plain_http = {};  ///< HOST[:PORT]
  std::string cache = {};                    ///< a folder; empty: as settled
};

struct ImportOptions {
  std::string source = {};
  std::string output = {};              ///< empty: into the user's store
  std::string name = {};                ///< in the store; empty: made from the source
  std::vector<std::string> words = {};  ///< the options as written, but those that change no byte
  std::optional<source::Platform> platform = {};
  squash::Options squash = {};  ///< threads 0: one for each CPU
  bool hash_tree = true;        ///< behind the SquashFS
  RegistryOptions registry = {};
  bool force = false;
  bool json = false;
  bool xattrs = false;  ///< keep those that need privilege
  bool quiet = false;
  bool help = false;
};

/// `words` are what follows "import".
Result<ImportOptions> parse_import_options(const std::vector<std::string>& words);

/// The text of `berth import --help`.
std::string import_help();

}  // namespace berth::cli
