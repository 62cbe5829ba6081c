// SPDX-License-Identifier: Apache-2.0
#include "image/serve/start_files.h"

#include "base/text.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

namespace berth::serve {
namespace {

/// The fixed part of an entry; its path and its target follow. Both ends are one program.
struct Head {
  std::uint64_t offset;
  std::uint64_t size;
  std::uint32_t mtime;
  std::uint32_t kind;
  std::uint16_t mode;
  std::uint16_t path_size;
  std::uint16_t target_size;
  std::uint16_t unused;
};

constexpr unsigned kModes = 01777;

bool is_name(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.find('\0') == std::string_view::npos;
}

/// Takes entries off the front of a message.
class Parser {
 public:
  Parser(std::string_view bytes, std::uint64_t image_size) : rest_(bytes), image_(image_size) {}

  [[nodiscard]] bool is_done() const { return rest_.empty(); }

  /// The next entry; nothing when it is not one that may be believed.
  std::optional<StartFile> next() {
    Head head{};
    if (rest_.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, rest_.data(), sizeof head);
    rest_.remove_prefix(sizeof head);
    if (rest_.size() < std::size_t{head.path_size} + head.target_size) return std::nullopt;
    StartFile file{std::string(rest_.substr(0, head.path_size)),
                   static_cast<StartFile::Kind>(head.kind),
                   head.mode,
                   head.mtime,
                   std::string(rest_.substr(head.path_size, head.target_size)),
                   head.offset,
                   head.size};
    rest_.remove_prefix(std::size_t{head.path_size} + head.target_size);
    if (head.kind > static_cast<unsigned>(StartFile::Kind::file) || !is_harmless(file))
      return std::nullopt;
    return file;
  }

 private:
  bool is_harmless(const StartFile& file) {
    const std::size_t slash = file.path.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : file.path.substr(0, slash);
    if (slash == 0 || !is_name(std::string_view(file.path).substr(slash + 1))) return false;
    if (!parent.empty() && !has(directories_, parent)) return false;
    if (has(paths_, file.path) || (file.mode & ~kModes) != 0) return false;
    paths_.push_back(file.path);
    if (paths_.size() > kMostStartFiles) return false;
    if (file.kind == StartFile::Kind::directory) directories_.push_back(file.path);
    if (file.kind == StartFile::Kind::link)
      return !file.target.empty() && file.target.find('\0') == std::string::npos;
    bytes_ += std::min(file.size, kMostStartBytes + 1);
    return bytes_ <= kMostStartBytes && file.offset <= image_ && file.size <= image_ - file.offset;
  }

  static bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }

  std::string_view rest_;
  std::uint64_t image_;
  std::uint64_t bytes_ = 0;
  std::vector<std::string> paths_;
  std::vector<std::string> directories_;
};

}  // namespace

std::string to_bytes(const std::vector<StartFile>& files) {
  static_assert(std::has_unique_object_representations_v<Head>, "no byte of it may be stale");
  std::string bytes;
  for (const StartFile& file : files) {
    const Head head{file.offset,
                    file.size,
                    file.mtime,
                    static_cast<std::uint32_t>(file.kind),
                    file.mode,
                    static_cast<std::uint16_t>(file.path.size()),
                    static_cast<std::uint16_t>(file.target.size()),
                    0};
    bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
    bytes += file.path + file.target;
  }
  return bytes;
}

Result<std::vector<StartFile>> parse_start_files(std::string_view bytes, std::uint64_t image_size) {
  std::vector<StartFile> files;
  Parser parser(bytes, image_size);
  while (!parser.is_done()) {
    auto file = parser.next();
    if (!file) return Error{Blame::image, "believe what its server says of its first files"};
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace berth::serve
