// SPDX-License-Identifier: Apache-2.0
// What a shared library says of itself and of others: its name, what it needs, and the versions of
// symbols (elf(5); LSB Core, "Symbol Versioning"). The file may be an image's, and have any bytes.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace berth::hooks {

struct NeededVersions {
  std::string library;  ///< by its soname
  std::vector<std::string> versions = {};

  bool operator==(const NeededVersions&) const = default;
};

struct Elf {
  std::string soname = {};
  std::vector<std::string> needed = {};    ///< sonames, in the order of the file
  std::vector<NeededVersions> wants = {};  ///< without those that it can do without
  std::vector<std::string> versions = {};  ///< that it defines
  std::string rpath = {};
  std::string runpath = {};

  bool operator==(const Elf&) const = default;
};

/// The names of what a library has for others, and of what it cannot do without (elf(5), "Symbol
/// table"); each list sorted.
struct Symbols {
  std::vector<std::string> defined = {};
  std::vector<std::string> wanted = {};

  bool operator==(const Symbols&) const = default;
};

/// Bytes of a file from an offset on; fewer only where it ends or cannot be read.
using ReadBytes = std::function<std::string(std::uint64_t offset, std::size_t size)>;

/// Of a 64-bit library or program of this machine's kind. An error where it is none, or says what
/// cannot be. `name`: the file, for messages. Reads a few pieces of 64 KiB of whatever size the
/// file is.
Result<Elf> read_elf(const ReadBytes& read, const std::string& name);

/// The same of the symbols that the loader sees. Reads as much of the file as they take.
Result<Symbols> read_symbols(const ReadBytes& read, const std::string& name);

}  // namespace berth::hooks
