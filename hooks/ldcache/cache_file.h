// SPDX-License-Identifier: Apache-2.0
// The file that ldconfig(8) makes for the loader, with all that is in it, to be made anew with more
// libraries (glibc's sysdeps/generic/dl-cache.h). Pure. What is read may be an image's, and have
// any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::hooks {

struct CacheEntry {
  std::uint32_t kind = 0;  ///< of program: of which machine, and with which C library
  std::string name;
  std::string path;
  std::uint32_t system = 0;      ///< the oldest kernel that it runs on
  std::uint64_t capability = 0;  ///< of the processor; of the newer form a number in `capabilities`

  bool operator==(const CacheEntry&) const = default;
};

struct CacheFile {
  std::vector<CacheEntry> entries = {};        ///< of one name the first is taken
  std::vector<std::string> capabilities = {};  ///< subdirectories of glibc-hwcaps

  bool operator==(const CacheFile&) const = default;
};

/// Of 64-bit programs of this machine with glibc.
std::uint32_t own_kind();

/// Nothing where the bytes are no such file.
std::optional<CacheFile> parse_cache(std::string_view bytes);

/// Puts `entries` where the loader searches for them, before what the file has of the same name; of
/// those with one name the first stays first. What the file has stays in its order, which
/// ldconfig(8) of the image has made for the image's loader.
void put_in_front(CacheFile& file, std::vector<CacheEntry> entries);

/// The file, with its entries as they stand.
std::string make_cache(const CacheFile& file);

}  // namespace berth::hooks
