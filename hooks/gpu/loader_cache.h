// SPDX-License-Identifier: Apache-2.0
// The loader's cache of libraries, as ldconfig(8) makes it: which file of this node a program gets
// by a library's name. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::hooks {

struct Library {
  std::string name;  ///< "libcuda.so.1"
  std::string path;  ///< "/usr/lib/x86_64-linux-gnu/libcuda.so.1"

  bool operator==(const Library&) const = default;
};

/// Those for 64-bit programs of this machine's kind, in the cache's order: of one name the first is
/// the one that programs get. `bytes`: /etc/ld.so.cache, in the format that glibc has had since 2.2
/// (sysdeps/generic/dl-cache.h, "cache_file_new"). Nothing of what is damaged.
std::vector<Library> read_loader_cache(std::string_view bytes);

}  // namespace berth::hooks
