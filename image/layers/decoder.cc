// SPDX-License-Identifier: Apache-2.0
#include "image/layers/decoder.h"

#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace berth::layers {

namespace {

constexpr std::size_t kPiece = 128UL * 1024;

constexpr std::string_view kXz("\xfd\x37zXZ\0", 6);

class PlainDecoder : public Decoder {
 public:
  explicit PlainDecoder(HashedInput& input) : input_(input) {}

  Result<std::size_t> read(char* into, std::size_t count) override {
    std::size_t done = 0;
    while (done < count) {
      if (rest_.empty()) {
        const auto piece = input_.next();
        if (!piece) return piece.error();
        if (piece->empty()) break;
        rest_ = *piece;
      }
      const std::size_t step = std::min(rest_.size(), count - done);
      std::memcpy(into + done, rest_.data(), step);
      rest_.remove_prefix(step);
      done += step;
    }
    return done;
  }

  [[nodiscard]] std::size_t most_window() const override { return 0; }

 private:
  HashedInput& input_;
  std::string_view rest_;
};

/// zstd and bzip2 through libarchive's filters over its "raw" format.
class FilterDecoder : public Decoder {
 public:
  explicit FilterDecoder(HashedInput& input) : input_(input), archive_(archive_read_new()) {}

  FilterDecoder(const FilterDecoder&) = delete;
  FilterDecoder& operator=(const FilterDecoder&) = delete;
  FilterDecoder(FilterDecoder&&) = delete;
  FilterDecoder& operator=(FilterDecoder&&) = delete;

  ~FilterDecoder() override { (void)archive_read_free(archive_); }  // only ever read

  Status open() {
    archive_entry* entry = nullptr;
    if (archive_read_support_format_raw(archive_) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(archive_) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(archive_) != ARCHIVE_OK ||
        archive_read_open(archive_, this, nullptr, give, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(archive_, &entry) != ARCHIVE_OK)
      return broken();
    // It takes off whatever it recognises, one below the other. No layer is like that, and other
    // programs would see another one in it.
    constexpr int kOne = 2;  // the input itself counts
    if (archive_filter_count(archive_) <= kOne) return Done{};
    return Error{Blame::image,
                 "decompress " + quote(input_.blob().name) + ": it is compressed more than once"};
  }

  Result<std::size_t> read(char* into, std::size_t count) override {
    const la_ssize_t got = archive_read_data(archive_, into, count);
    if (got < 0) return broken();
    return static_cast<std::size_t>(got);
  }

 private:
  static la_ssize_t give(archive* a, void* self, const void** bytes) {
    auto& decoder = *static_cast<FilterDecoder*>(self);
    const auto piece = decoder.input_.next();
    if (!piece) {
      decoder.failure_ = piece.error();
      archive_set_error(a, EIO, "the input cannot be read");
      return ARCHIVE_FATAL;
    }
    *bytes = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  Error broken() {
    if (failure_) return *failure_;
    const char* why = archive_error_string(archive_);
    return Error{Blame::image,
                 "decompress " + quote(input_.blob().name) + ": " +
                     (why == nullptr ? "its data are damaged" : why)};
  }

  HashedInput& input_;
  archive* archive_;
  std::optional<Error> failure_;
};

/// A frame that is no data (RFC 8878, 3.1.2), with which some writers of zstd begin.
bool is_skippable(std::string_view start) {
  return start.size() >= 4 && (static_cast<unsigned char>(start[0]) & 0xf0U) == 0x50 &&
         start.substr(1).starts_with("\x2a\x4d\x18");
}

}  // namespace

HashedInput::HashedInput(const source::Blob& blob, const std::shared_ptr<HashThreads>& threads)
    : blob_(blob),
      hasher_(threads) {
  for (auto& piece : pieces_)
    piece = std::make_shared<Piece>(Piece{std::vector<char>(kPiece), 0});
}

Result<std::string_view> HashedInput::read() {
  const std::uint64_t at = position();
  hasher_.wait(pieces_.size() - 1);  // so that the one that is oldest has been hashed
  const auto& piece = pieces_.at(next_);
  const auto got = source::read_some(blob_, at, piece->bytes.data(), piece->bytes.size());
  if (!got) return got.error();
  if (*got == 0) return std::string_view();
  piece->used = *got;
  next_ = (next_ + 1) % pieces_.size();
  if (!blob_.digest.empty()) hasher_.add(piece);
  position_.store(at + *got, std::memory_order_relaxed);
  return std::string_view(piece->bytes.data(), *got);
}

Result<std::string_view> HashedInput::peek() {
  if (waiting_.empty()) {
    auto piece = read();
    if (!piece) return piece;
    waiting_ = *piece;
  }
  return waiting_;
}

Result<std::string_view> HashedInput::next() {
  if (!waiting_.empty()) return std::exchange(waiting_, {});
  return read();
}

Status HashedInput::finish() {
  while (true) {
    const auto piece = next();
    if (!piece) return piece.error();
    if (piece->empty()) break;
  }
  if (blob_.digest.empty()) return Done{};
  const std::string found = hasher_.take();
  if (found != blob_.digest) return source::wrong_digest(blob_, found);
  return Done{};
}

Result<std::unique_ptr<Decoder>> choose_decoder(HashedInput& input) {
  const auto start = input.peek();
  if (!start) return start.error();
  if (start->starts_with("\x1f\x8b")) return make_gzip_decoder(input);
  if (start->starts_with(kXz)) return make_xz_decoder(input);
  if (start->starts_with("\x28\xb5\x2f\xfd") || is_skippable(*start) || start->starts_with("BZh")) {
    auto decoder = std::make_unique<FilterDecoder>(input);
    BERTH_TRY(decoder->open());
    return std::unique_ptr<Decoder>(std::move(decoder));
  }
  return std::unique_ptr<Decoder>(std::make_unique<PlainDecoder>(input));
}

}  // namespace berth::layers
