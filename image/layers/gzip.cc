// SPDX-License-Identifier: Apache-2.0
// The gzip decoder, on isa-l. Several members one after the other are one stream (RFC 1952, 2.2);
// what follows the last one is ignored, as gzip(1) does.
#include "base/text.h"
#include "image/layers/decoder.h"

#include <isa-l/igzip_lib.h>

namespace berth::layers {

namespace {

class GzipDecoder : public Decoder {
 public:
  explicit GzipDecoder(HashedInput& input) : input_(input) {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
  }

  Result<std::size_t> read(char* into, std::size_t count) override {
    std::size_t done = 0;
    while (done < count && !at_end_) {
      auto got = inflate(into + done, count - done);
      if (!got) return got;
      done += *got;
    }
    return done;
  }

  [[nodiscard]] std::size_t most_window() const override { return 0; }  // 32 KiB

 private:
  [[nodiscard]] Error broken(const std::string& why) const {
    return Error{Blame::image, "decompress " + quote(input_.blob().name) + ": " + why};
  }

  /// More input, when there is none left; false at the end of the blob.
  Result<bool> refill() {
    if (state_.avail_in > 0) return true;
    const auto piece = input_.next();
    if (!piece) return piece.error();
    // isa-l reads only; its interface has no const.
    state_.next_in =
        const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(piece->data()));
    state_.avail_in = static_cast<std::uint32_t>(piece->size());
    return !piece->empty();
  }

  Result<std::size_t> inflate(char* into, std::size_t count) {
    const auto more = refill();
    if (!more) return more.error();
    const auto room = static_cast<std::uint32_t>(count);
    state_.next_out = reinterpret_cast<std::uint8_t*>(into);
    state_.avail_out = room;
    const std::uint32_t before = state_.avail_in;
    const int answer = isal_inflate(&state_);
    if (answer < 0)
      return broken(answer == ISAL_INCORRECT_CHECKSUM ? "its checksum is wrong"
                                                      : "its gzip data are damaged");
    const std::size_t made = room - state_.avail_out;
    if (state_.block_state == ISAL_BLOCK_FINISH) {
      BERTH_TRY(begin_member());
    } else if (!*more && made == 0 && before == state_.avail_in) {
      return broken("it ends in the middle");
    }
    return made;
  }

  /// After a member: another one, or the end.
  Status begin_member() {
    const auto more = refill();
    if (!more) return more.error();
    if (!*more || *state_.next_in != 0x1f) {
      at_end_ = true;
      return Done{};
    }
    isal_inflate_reset(&state_);
    state_.crc_flag = ISAL_GZIP;
    return Done{};
  }

  HashedInput& input_;
  inflate_state state_ = {};
  bool at_end_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder(HashedInput& input) {
  return std::make_unique<GzipDecoder>(input);
}

}  // namespace berth::layers
