// SPDX-License-Identifier: Apache-2.0
#include "image/archive/archive.h"

#include "base/file.h"
#include "base/text.h"
#include "image/archive/member.h"
#include "image/source/digest.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <tuple>

namespace berth::archive {

namespace {

constexpr std::size_t kBlock = std::tuple_size_v<MemberHeader>;
constexpr std::string_view kLayout = R"({"imageLayoutVersion":"1.0.0"})";

std::string blob_name(const std::string& digest) {
  return "blobs/sha256/" + std::string(source::hex_of(digest));
}

/// The archive as it grows.
class Output {
 public:
  Output(int fd, const std::string& goal) : fd_(fd), goal_(goal) {}

  Status write(std::string_view bytes) {
    if (const int error = write_fully(fd_, bytes.data(), bytes.size()); error != 0)
      return refused("write", goal_, error);
    size_ += bytes.size();
    return Done{};
  }

  Status write_header(const std::string& name, std::uint64_t size) {
    const MemberHeader header = make_member_header(name, size);
    return write({header.data(), header.size()});
  }

  /// Up to the next block.
  Status pad() {
    static constexpr std::array<char, kBlock> kZeros = {};
    return write({kZeros.data(), (kBlock - size_ % kBlock) % kBlock});
  }

  Status write_member(const std::string& name, std::string_view content) {
    BERTH_TRY(write_header(name, content.size()));
    BERTH_TRY(write(content));
    return pad();
  }

  /// Puts a header where there are zeros so far.
  Status write_header_at(std::uint64_t at, const std::string& name, std::uint64_t size) {
    const MemberHeader header = make_member_header(name, size);
    for (std::size_t done = 0; done < header.size();) {
      const ssize_t put =
          ::pwrite(fd_, header.data() + done, header.size() - done, static_cast<off_t>(at + done));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return refused("pwrite", goal_, errno);
      done += static_cast<std::size_t>(put);
    }
    return Done{};
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  int fd_;
  const std::string& goal_;
  std::uint64_t size_ = 0;
};

Result<Layer> write_layer_of(const Contents& contents, const Sink& sink) {
  const auto stream = contents.open();
  if (!stream) return stream.error();
  return write_layer(**stream, contents.compression, contents.threads, sink);
}

/// What comes behind the layer.
Result<Written> write_rest(Output& out, const Contents& contents, Layer layer) {
  const auto documents =
      make_documents(contents.before, layer, contents.compression, contents.tag, contents.name);
  if (!documents) return documents.error();
  Written written;
  written.layer = std::move(layer);
  written.config = source::digest_of(documents->config);
  written.manifest = source::digest_of(documents->manifest);
  BERTH_TRY(out.write_member(blob_name(written.config), documents->config));
  BERTH_TRY(out.write_member(blob_name(written.manifest), documents->manifest));
  BERTH_TRY(out.write_member("index.json", documents->index));
  static constexpr std::array<char, 2 * kBlock> kEnd = {};
  BERTH_TRY(out.write({kEnd.data(), kEnd.size()}));
  written.size = out.size();
  return written;
}

}  // namespace

Result<Written> write_file(int fd, const Contents& contents, const std::string& goal) {
  // What cannot become a config shall not be found out at the end.
  if (const auto config = make_config(contents.before.config, {}, contents.name); !config)
    return config.error();
  Output out(fd, goal);
  BERTH_TRY(out.write_member("oci-layout", kLayout));
  const std::uint64_t at = out.size();
  static constexpr std::array<char, kBlock> kLater = {};
  BERTH_TRY(out.write({kLater.data(), kLater.size()}));
  auto layer = write_layer_of(contents, [&](std::string_view bytes) { return out.write(bytes); });
  if (!layer) return std::move(layer.error());
  BERTH_TRY(out.pad());
  BERTH_TRY(out.write_header_at(at, blob_name(layer->digest), layer->size));
  return write_rest(out, contents, std::move(*layer));
}

Result<Written> write_stream(int fd, const Contents& contents, const std::string& goal) {
  if (const auto config = make_config(contents.before.config, {}, contents.name); !config)
    return config.error();
  const auto first = write_layer_of(contents, [](std::string_view) { return Status(Done{}); });
  if (!first) return first.error();
  Output out(fd, goal);
  BERTH_TRY(out.write_member("oci-layout", kLayout));
  BERTH_TRY(out.write_header(blob_name(first->digest), first->size));
  auto layer = write_layer_of(contents, [&](std::string_view bytes) { return out.write(bytes); });
  if (!layer) return std::move(layer.error());
  if (layer->digest != first->digest)
    return Error{Blame::host, "read " + quote(contents.name) + ": it changes while it is read"};
  BERTH_TRY(out.pad());
  return write_rest(out, contents, std::move(*layer));
}

}  // namespace berth::archive
