// SPDX-License-Identifier: Apache-2.0
#include "hooks/gpu/loader_cache.h"

#include <climits>
#include <cstdint>
#include <cstring>
#include <optional>

namespace berth::hooks {

namespace {

constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kHeader = 48;
constexpr std::size_t kEntry = 24;
// All entries of a hostile one may share a text of megabytes.
constexpr std::size_t kMostName = NAME_MAX;
constexpr std::size_t kMostPath = PATH_MAX;
constexpr std::size_t kMostText = 16UL << 20;
// FLAG_ELF_LIBC6 with the machine's own mark (dl-cache.h).
#if defined(__x86_64__)
constexpr std::uint32_t kOwnKind = 0x0303;
#elif defined(__aarch64__)
constexpr std::uint32_t kOwnKind = 0x0a03;
#else
constexpr std::uint32_t kOwnKind = 0;
#endif

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

/// A text of at most so many bytes that ends within `bytes`.
std::optional<std::string> text_at(std::string_view bytes, std::size_t at, std::size_t most) {
  if (at >= bytes.size()) return std::nullopt;
  const std::string_view text = bytes.substr(at, most + 1);
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(0, end));
}

}  // namespace

std::vector<Library> read_loader_cache(std::string_view bytes) {
  std::vector<Library> libraries;
  // An older format may stand in front of it.
  const std::size_t begin = bytes.find(kMagic);
  if (begin == std::string_view::npos) return libraries;
  bytes.remove_prefix(begin);
  if (bytes.size() < kHeader) return libraries;
  const std::size_t count = word_at(bytes, kMagic.size());
  if (count > (bytes.size() - kHeader) / kEntry) return libraries;
  std::size_t size = 0;
  for (std::size_t number = 0; number < count && size < kMostText; ++number) {
    const std::size_t at = kHeader + number * kEntry;
    if (word_at(bytes, at) != kOwnKind) continue;
    auto name = text_at(bytes, word_at(bytes, at + 4), kMostName);
    auto path = text_at(bytes, word_at(bytes, at + 8), kMostPath);
    if (!name || !path || !path->starts_with('/')) continue;
    size += name->size() + path->size();
    libraries.push_back({std::move(*name), std::move(*path)});
  }
  return libraries;
}

}  // namespace berth::hooks
