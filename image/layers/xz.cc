// SPDX-License-Identifier: Apache-2.0
// The xz decoder, on liblzma: streams one after the other are one (xz-file-format, 2). A stream
// says how much memory takes it apart, up to 4 GiB; libarchive would grant a whole one.
#include "base/text.h"
#include "image/layers/decoder.h"

#include <lzma.h>

namespace berth::layers {

namespace {

/// Twice what `xz -9` asks for, and the little that liblzma itself takes.
constexpr std::uint64_t kMostMemory = (std::uint64_t{128} << 20) + (std::uint64_t{2} << 20);

class XzDecoder : public Decoder {
 public:
  explicit XzDecoder(HashedInput& input) : input_(input) {
    answer_ = lzma_stream_decoder(&stream_, kMostMemory, LZMA_CONCATENATED);
  }

  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;
  XzDecoder(XzDecoder&&) = delete;
  XzDecoder& operator=(XzDecoder&&) = delete;

  ~XzDecoder() override { lzma_end(&stream_); }

  Result<std::size_t> read(char* into, std::size_t count) override {
    stream_.next_out = reinterpret_cast<std::uint8_t*>(into);
    stream_.avail_out = count;
    while (stream_.avail_out > 0 && answer_ == LZMA_OK) {
      if (stream_.avail_in == 0 && !at_end_) BERTH_TRY(refill());
      answer_ = lzma_code(&stream_, at_end_ ? LZMA_FINISH : LZMA_RUN);
    }
    if (answer_ != LZMA_OK && answer_ != LZMA_STREAM_END) return broken();
    return count - stream_.avail_out;
  }

 private:
  Status refill() {
    const auto piece = input_.next();
    if (!piece) return piece.error();
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(piece->data());
    stream_.avail_in = piece->size();
    at_end_ = piece->empty();
    return Done{};
  }

  [[nodiscard]] Error broken() const {
    Error error{Blame::image, "decompress " + quote(input_.blob().name) + ": "};
    switch (answer_) {
      case LZMA_MEMLIMIT_ERROR:
        error.goal += "it takes " + size_text(lzma_memusage(&stream_)) +
                      " of memory, and 128 MiB " + "are the most";
        error.hint = "compress it again with 'xz -9' or less";
        break;
      case LZMA_BUF_ERROR:
        error.goal += "it ends in the middle";
        break;
      case LZMA_OPTIONS_ERROR:
        error.goal += "its xz data use a filter that is not known";
        break;
      default:
        error.goal += "its xz data are damaged";
    }
    return error;
  }

  HashedInput& input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_ret answer_ = LZMA_OK;
  bool at_end_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_xz_decoder(HashedInput& input) {
  return std::make_unique<XzDecoder>(input);
}

}  // namespace berth::layers
