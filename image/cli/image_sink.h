// SPDX-License-Identifier: Apache-2.0
// What every image of ours is made with: the way of its files into the writer, and berth's own
// files in it.
#pragma once

#include "image/cli/packing.h"
#include "image/layers/made.h"
#include "image/layers/merge.h"
#include "image/squash/writer.h"

#include <string>
#include <vector>

namespace berth::cli {

/// The merger's files go into the image as they come.
class ImageSink : public layers::FileSink {
 public:
  explicit ImageSink(squash::Writer& writer) : writer_(writer) {}

  Result<unsigned> begin(const layers::Entry& entry) override {
    ++files_;
    return writer_.begin_file(packing_for(entry.path, entry.attributes.mode));
  }

  Status append(std::string_view bytes) override { return writer_.append(bytes); }

  Status end() override { return writer_.end_file(); }

  [[nodiscard]] std::uint64_t files() const { return files_; }

 private:
  squash::Writer& writer_;
  std::uint64_t files_ = 0;
};

constexpr const char* kOwnFolder = ".berth";

/// An entry of berth's own.
layers::MadeStream::Item own_entry(const std::string& path, layers::Kind kind, std::string content);

/// berth's own layer, above all others: what the image's config says travels inside the image.
/// Without a `manifest` there is no file for it.
layers::MadeStream make_own_layer(const std::string& config, const std::string& manifest);

}  // namespace berth::cli
