// SPDX-License-Identifier: Apache-2.0
// Opens an image to read all of it: what the verbs that make something of an image begin with.
#pragma once

#include "image/cli/verb.h"
#include "image/layers/image_stream.h"
#include "image/source/open.h"

#include <memory>
#include <string>

namespace berth::cli {

struct WholeImage {
  std::string path = {};
  source::Image image = {};  ///< its config is empty when it has none
};

/// Whether an image may be one that holds a container's changes only.
enum class Changes { refused, wanted };

/// `name_or_path` as people name images. An image whose hash tree cannot be used is refused, and so
/// is one that has changes only, or has not, as `changes` says.
Result<WholeImage> open_whole(const std::string& name_or_path,
                              Changes changes,
                              const Machine& machine);

/// An error when the image, which messages call `name`, has only the changes to another one.
Status refuse_changes(const source::Image& image, const std::string& name);

/// Its entries from the beginning, with all attributes that an image can have.
std::unique_ptr<layers::EntryStream> entries_of(const WholeImage& image);

}  // namespace berth::cli
