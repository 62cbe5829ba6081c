// SPDX-License-Identifier: Apache-2.0
#include "hooks/ldcache/cache_file.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <iterator>
#include <utility>

namespace berth::hooks {

namespace {

constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kHeader = 48;
constexpr std::size_t kEntry = 24;
constexpr std::size_t kByteOrder = 28;  ///< where it is said, since 2.32; 2 is little
constexpr std::size_t kExtension = 32;  ///< where it is said where they begin
constexpr std::uint32_t kExtensions = 0xeaa42174;
constexpr std::uint32_t kCapabilities = 1;  ///< the section with names of subdirectories
constexpr std::size_t kSection = 16;
// All entries of a hostile one may share a text of megabytes.
constexpr std::size_t kMostText = 16UL << 20;

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number = 0;
  if (at <= bytes.size() && bytes.size() - at >= sizeof number)
    std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  return number_at<std::uint32_t>(bytes, at);
}

/// A text that ends within `bytes`; empty where it does not, or is none for a file's name.
std::string text_at(std::string_view bytes, std::size_t at) {
  if (at >= bytes.size()) return {};
  const std::string_view text = bytes.substr(at, PATH_MAX + 1);
  const std::size_t end = text.find('\0');
  return end == std::string_view::npos ? "" : std::string(text.substr(0, end));
}

std::vector<std::string> capabilities_in(std::string_view bytes) {
  std::vector<std::string> names;
  const std::size_t begin = word_at(bytes, kExtension);
  if (begin == 0 || word_at(bytes, begin) != kExtensions) return names;
  // There are two kinds of sections, and a dozen capabilities. What is written has one section for
  // the names of all, so the bound is theirs together.
  constexpr std::size_t kMost = 64;
  const std::size_t count = std::min<std::size_t>(word_at(bytes, begin + 4), kMost);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t section = begin + 8 + i * kSection;
    if (word_at(bytes, section) != kCapabilities) continue;
    const std::size_t size = std::min<std::size_t>(word_at(bytes, section + 12) / 4, kMost);
    for (std::size_t name = 0; name < size && names.size() < kMost; ++name)
      names.push_back(text_at(bytes, word_at(bytes, word_at(bytes, section + 8) + 4 * name)));
  }
  return names;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The value of the digits that begin at `at`, and goes behind them. The loader's is a 32-bit
/// number that begins again where it is full: dates and hashes are larger.
std::uint32_t take_number(std::string_view text, std::size_t& at) {
  std::uint32_t number = 0;
  for (; at < text.size() && is_digit(text[at]); ++at)
    number = number * 10 + static_cast<std::uint32_t>(text[at] - '0');
  return number;
}

/// By their difference, which begins again, too. So three numbers may each be above the next.
int compare_numbers(std::uint32_t one, std::uint32_t other) {
  return static_cast<int>(one - other);
}

/// A digit is greater than anything else.
int compare_letters(char one, char other) {
  if (is_digit(one) != is_digit(other)) return is_digit(one) ? 1 : -1;
  return one - other;
}

/// As the loader compares: digits that stand together are a number.
int compare(std::string_view one, std::string_view other) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < one.size() && j < other.size()) {
    const bool are_numbers = is_digit(one[i]) && is_digit(other[j]);
    const int order = are_numbers ? compare_numbers(take_number(one, i), take_number(other, j))
                                  : compare_letters(one[i++], other[j++]);
    if (order != 0) return order;
  }
  return static_cast<int>(i < one.size()) - static_cast<int>(j < other.size());
}

/// Bytes with texts behind them, whose places are numbers in those bytes.
class Writer {
 public:
  explicit Writer(std::size_t behind) : texts_at_(behind) {}

  void add(std::uint32_t word) { bytes_.append(reinterpret_cast<const char*>(&word), sizeof word); }

  void add_wide(std::uint64_t number) {
    add(static_cast<std::uint32_t>(number));
    add(static_cast<std::uint32_t>(number >> 32U));
  }

  std::uint32_t place_of(const std::string& text) {
    const std::size_t place = texts_at_ + texts_.size();
    texts_ += text;
    texts_ += '\0';
    return static_cast<std::uint32_t>(place);
  }

  std::string& bytes() { return bytes_; }

  [[nodiscard]] const std::string& texts() const { return texts_; }

 private:
  std::size_t texts_at_;
  std::string bytes_;
  std::string texts_;
};

/// One section, of names whose places are told.
std::string extension_with(const std::vector<std::uint32_t>& places, std::size_t begin) {
  Writer extension(0);
  const auto size = static_cast<std::uint32_t>(4 * places.size());
  for (const std::uint32_t word : {kExtensions,
                                   std::uint32_t{1},
                                   kCapabilities,
                                   std::uint32_t{0},
                                   static_cast<std::uint32_t>(begin + 8 + kSection),
                                   size})
    extension.add(word);
  for (const std::uint32_t place : places)
    extension.add(place);
  return extension.bytes();
}

}  // namespace

std::uint32_t own_kind() {
#if defined(__x86_64__)
  return 0x0303;
#elif defined(__aarch64__)
  return 0x0a03;
#else
  return 3;
#endif
}

std::optional<CacheFile> parse_cache(std::string_view bytes) {
  // An older form may stand in front of it.
  const std::size_t begin = bytes.find(kMagic);
  if (begin == std::string_view::npos || bytes.size() - begin < kHeader) return std::nullopt;
  bytes.remove_prefix(begin);
  const std::size_t count = word_at(bytes, kMagic.size());
  if (count > (bytes.size() - kHeader) / kEntry) return std::nullopt;
  CacheFile file;
  file.capabilities = capabilities_in(bytes);
  std::size_t size = 0;
  for (std::size_t number = 0; number < count && size < kMostText; ++number) {
    const std::size_t at = kHeader + number * kEntry;
    CacheEntry entry{word_at(bytes, at),
                     text_at(bytes, word_at(bytes, at + 4)),
                     text_at(bytes, word_at(bytes, at + 8)),
                     word_at(bytes, at + 12),
                     number_at<std::uint64_t>(bytes, at + 16)};
    if (entry.name.empty() || !entry.path.starts_with('/')) continue;
    size += entry.name.size() + entry.path.size();
    file.entries.push_back(std::move(entry));
  }
  return file;
}

void put_in_front(CacheFile& file, std::vector<CacheEntry> entries) {
  const auto is_before = [](const CacheEntry& one, const CacheEntry& other) {
    return compare(one.name, other.name) > 0;
  };
  std::stable_sort(entries.begin(), entries.end(), is_before);
  std::vector<CacheEntry> all;
  all.reserve(file.entries.size() + entries.size());
  auto next = entries.begin();
  for (CacheEntry& known : file.entries) {
    while (next != entries.end() && !is_before(known, *next))
      all.push_back(std::move(*next++));
    all.push_back(std::move(known));
  }
  std::move(next, entries.end(), std::back_inserter(all));
  file.entries = std::move(all);
}

std::string make_cache(const CacheFile& file) {
  const std::size_t texts_at = kHeader + kEntry * file.entries.size();
  Writer writer(texts_at);
  for (const CacheEntry& entry : file.entries) {
    writer.add(entry.kind);
    writer.add(writer.place_of(entry.name));
    writer.add(writer.place_of(entry.path));
    writer.add(entry.system);
    writer.add_wide(entry.capability);
  }
  std::vector<std::uint32_t> places;
  for (const std::string& name : file.capabilities)
    places.push_back(writer.place_of(name));
  std::string texts = writer.texts();
  const std::size_t length = texts.size();
  texts.append((4 - (texts_at + length) % 4) % 4, '\0');
  const std::size_t extension_at = texts_at + texts.size();
  Writer header(0);
  header.bytes() = kMagic;
  header.add(static_cast<std::uint32_t>(file.entries.size()));
  header.add(static_cast<std::uint32_t>(length));
  static_assert(kByteOrder == kMagic.size() + 8 && kExtension == kByteOrder + 4);
  header.add(2);
  header.add(places.empty() ? 0 : static_cast<std::uint32_t>(extension_at));
  header.bytes().resize(kHeader, '\0');
  std::string bytes = header.bytes() + writer.bytes() + texts;
  if (!places.empty()) bytes += extension_with(places, extension_at);
  return bytes;
}

}  // namespace berth::hooks
