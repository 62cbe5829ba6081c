// SPDX-License-Identifier: Apache-2.0
// Makes an image file of what a merger is given: for the verbs that make images of images.
#pragma once

#include "image/cli/convert.h"
#include "image/cli/output_file.h"
#include "image/cli/verb.h"
#include "image/layers/merge.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace berth::cli {

struct Built {
  std::uint64_t names = 0;      ///< entries below the root, berth's own too
  std::uint64_t bytes_in = 0;   ///< of file content
  std::uint64_t bytes_out = 0;  ///< of the image
  Losses losses = {};
  std::string digest = {};  ///< of the whole file
};

/// Gives the merger all layers, the uppermost first. `tell` is to be called now and then; its
/// errors end the work.
using AddLayers = std::function<Status(layers::Merger&, const std::function<Status()>& tell)>;

/// Changes bytes of the image's file in their place, when all of it but the hash tree is there.
using Touch = std::function<Status(int fd)>;

/// Writes the image `out` with a hash tree, complete or not at all. Compressor and block size are
/// those of an import; setuid bits go where the site says so.
Result<Built> build_image(const std::string& out,
                          Replacing replacing,
                          const AddLayers& add_layers,
                          const Machine& machine,
                          const Touch& touch = {});

/// A stream of entries that calls `tell` before each and before each piece of data.
class ToldStream : public layers::EntryStream {
 public:
  ToldStream(layers::EntryStream& stream, const std::function<Status()>& tell)
      : stream_(stream),
        tell_(tell) {}

  Result<bool> next(layers::Entry& entry) override {
    BERTH_TRY(tell_());
    return stream_.next(entry);
  }

  Result<std::string_view> data() override {
    BERTH_TRY(tell_());
    return stream_.data();
  }

 private:
  layers::EntryStream& stream_;
  const std::function<Status()>& tell_;
};

/// The digest of an image's file: the one that the store has, or else calculated.
Result<std::string> find_digest(int fd,
                                const std::string& path,
                                std::uint64_t size,
                                const Machine& machine);

}  // namespace berth::cli
