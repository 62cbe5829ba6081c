// SPDX-License-Identifier: Apache-2.0
// Images that hold only what a container has changed. Their files are the changed ones; what they
// delete stands in /.berth/deleted, and on which image they are stacked in their config. Pure.
#pragma once

#include "base/result.h"
#include "image/layers/path.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

constexpr const char* kDeletedFile = ".berth/deleted";
constexpr std::uint64_t kDeletedLimit = 16U << 20;  ///< bytes of it

/// The image that changes belong to.
struct Base {
  std::string digest = {};  ///< of the whole file; empty: there is no base
  std::string image = {};   ///< as people named it
};

/// What the config of an image says about it, whatever else it says.
Base parse_base(std::string_view config);

/// The base's config, which now says what it is stacked on. An error when it is no config.
Result<std::string> make_changes_config(const std::string& config, const Base& base);

/// The base's config with one more step in its history.
Result<std::string> make_merged_config(const std::string& config, const std::string& name);

/// The text of /.berth/deleted: paths, each with a zero byte behind it. One that ends in '/' is a
/// directory of which only what is in the base is deleted; "/" is the root.
std::string make_deleted(const std::vector<layers::Mark>& marks);

/// `name` is the image's, for messages.
Result<std::vector<layers::Mark>> parse_deleted(std::string_view text, const std::string& name);

}  // namespace berth::cli
