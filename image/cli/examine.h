// SPDX-License-Identifier: Apache-2.0
// Reads a whole image and says whether it is what it claims to be. For the verbs verify and sign.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "image/cli/verb.h"
#include "image/signature/minisign.h"

#include <cstdint>
#include <string>
#include <vector>

namespace berth::cli {

constexpr std::uint64_t kHashedBlock = 4096;  ///< bytes; what the tree has a digest of

/// What was seen of an image.
struct Examined {
  std::string path = {};
  std::uint64_t size = 0;                         ///< of the file in bytes
  bool has_tree = false;                          ///< a usable one
  std::string root_hash = {};                     ///< hexadecimal; empty without a tree
  std::uint64_t damaged_blocks = 0;               ///< that differ from the tree
  std::vector<std::uint64_t> first_damaged = {};  ///< numbers of the first few, ascending
  std::string digest = {};                        ///< "sha256:..." of the whole file
  std::string stored_digest = {};  ///< what it was when it was imported; empty: not known
  signature::FileHash hash_for_signature = {};
  std::string problem = {};  ///< completes "cannot trust 'x': "; empty when the image is sound
};

enum class ForSignature { yes, no };

/// `name_or_path` as people name images. Errors are what keeps us from reading; what is wrong with
/// the image itself is Examined::problem, or an Error with Blame::image where there is no image.
Result<Examined> examine(const std::string& name_or_path,
                         ForSignature for_signature,
                         const Machine& machine);

/// "cannot trust 'x': why".
Error distrusted(const Examined& image, const std::string& why);

}  // namespace berth::cli
