// SPDX-License-Identifier: Apache-2.0
// Any bytes as a library of an image: what is read of it lies in it, and ends.
#include "hooks/elf/elf.h"

#include "tests/fuzz/require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::fuzz::require;
  const std::string bytes(data, data + size);
  std::size_t reads = 0;
  const auto read = [&](std::uint64_t offset, std::size_t count) {
    ++reads;
    return offset < bytes.size() ? bytes.substr(offset, count) : std::string();
  };
  const auto is_in_it = [&](const std::string& text) {
    return text.find('\0') == text.npos && bytes.find(text) != bytes.npos;
  };
  if (const auto symbols = berth::hooks::read_symbols(read, "library")) {
    require(std::all_of(symbols->defined.begin(), symbols->defined.end(), is_in_it));
    require(std::all_of(symbols->wanted.begin(), symbols->wanted.end(), is_in_it));
  }
  reads = 0;
  const auto elf = berth::hooks::read_elf(read, "library");
  require(reads < 100000);
  if (!elf) {
    require(!elf.error().goal.empty());
    return 0;
  }
  require(is_in_it(elf->soname) && is_in_it(elf->rpath) && is_in_it(elf->runpath));
  require(std::all_of(elf->needed.begin(), elf->needed.end(), is_in_it));
  require(std::all_of(elf->versions.begin(), elf->versions.end(), is_in_it));
  for (const auto& wanted : elf->wants)
    require(std::all_of(wanted.versions.begin(), wanted.versions.end(), is_in_it));
  return 0;
}
