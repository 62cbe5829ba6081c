// SPDX-License-Identifier: Apache-2.0
#include "image/read/superblock.h"

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace berth::read {
namespace {

constexpr std::uint64_t kFileSize = 12288;

using Bytes = std::array<std::byte, kSuperblockBytes>;

template <class T>
void put(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// A superblock as mksquashfs writes it for a small tree.
Bytes make_sound() {
  Bytes bytes{};
  put<std::uint32_t>(bytes, 0, 0x73717368);
  put<std::uint32_t>(bytes, 4, 3);        // inodes
  put<std::uint32_t>(bytes, 12, 131072);  // block size
  put<std::uint32_t>(bytes, 16, 1);       // fragments
  put<std::uint16_t>(bytes, 20, 6);       // zstd
  put<std::uint16_t>(bytes, 22, 17);      // block log
  put<std::uint16_t>(bytes, 26, 1);       // ids
  put<std::uint16_t>(bytes, 28, 4);       // major
  put<std::uint64_t>(bytes, 32, 64);      // root
  put<std::uint64_t>(bytes, 40, 9000);    // bytes used
  put<std::uint64_t>(bytes, 48, 8992);    // ids
  put<std::uint64_t>(bytes, 56, kNoTable);
  put<std::uint64_t>(bytes, 64, 8000);  // inodes
  put<std::uint64_t>(bytes, 72, 8200);  // directories
  put<std::uint64_t>(bytes, 80, 8500);  // fragments
  put<std::uint64_t>(bytes, 88, kNoTable);
  return bytes;
}

std::string verdict(const Bytes& bytes, std::uint64_t file_size = kFileSize) {
  const Status status = check_superblock(bytes.data(), file_size, "x.sqsh");
  return status ? "sound" : sentence_of(status.error());
}

TEST(Superblock, OfASoundImageIsAccepted) {
  EXPECT_EQ(verdict(make_sound()), "sound");
}

TEST(Superblock, EachWrongFieldIsNamed) {
  const std::string damaged = "it is damaged: its tables are out of place";
  const auto set64 = [](std::size_t offset, std::uint64_t value) {
    return [=](Bytes& bytes) { put(bytes, offset, value); };
  };
  const auto set32 = [](std::size_t offset, std::uint32_t value) {
    return [=](Bytes& bytes) { put(bytes, offset, value); };
  };
  const auto set16 = [](std::size_t offset, std::uint16_t value) {
    return [=](Bytes& bytes) { put(bytes, offset, value); };
  };
  const std::vector<std::pair<std::function<void(Bytes&)>, std::string>> table{
      {set32(0, 0x68737173), "it is not a SquashFS file"},
      {set16(28, 3), "it is SquashFS 3.0, and only 4.0 can be read"},
      {set16(30, 1), "it is SquashFS 4.1, and only 4.0 can be read"},
      {set64(40, 20000), "it is truncated: 12288 bytes of 20000 are there"},
      {set16(20, 0), "its compression (number 0) cannot be read"},
      {set16(20, 7), "its compression (number 7) cannot be read"},
      {set16(20, 65535), "its compression (number 65535) cannot be read"},
      {set32(12, 131073), "it is damaged: its block size is 131073"},
      {set32(12, 2048), "it is damaged: its block size is 2048"},
      {set32(12, 0), "it is damaged: its block size is 0"},
      {set32(12, 2 << 20), "it is damaged: its block size is 2097152"},
      {set16(22, 16), "it is damaged: its block size is 131072"},
      {set32(4, 0), damaged},                   // no inodes
      {set16(26, 0), damaged},                  // no ids
      {set64(64, 95), damaged},                 // inodes in the superblock
      {set64(64, 8200), damaged},               // inodes behind directories
      {set64(72, 9000), damaged},               // directories behind the end
      {set64(72, ~std::uint64_t{0}), damaged},  // ... far behind it
      {set64(48, 8993), damaged},               // ids cut off
      {set64(48, 100), damaged},                // ids among the data
      {set64(80, 8995), damaged},               // fragments cut off
      {set64(80, kNoTable), damaged},           // fragments promised but not there
      {set32(16, 0xffffffff), damaged},         // more fragments than fit
      {set64(32, 200 << 16), damaged},          // root behind the inodes
      {set64(32, 8192), damaged},               // root behind its block
      {set64(32, ~std::uint64_t{0}), damaged}};
  for (const auto& [apply, message] : table) {
    Bytes bytes = make_sound();
    apply(bytes);
    EXPECT_EQ(verdict(bytes), "cannot use 'x.sqsh' as an image: " + message);
  }
}

TEST(Superblock, NoFragmentsNeedNoTable) {
  Bytes bytes = make_sound();
  put<std::uint32_t>(bytes, 16, 0);
  put<std::uint64_t>(bytes, 80, kNoTable);
  EXPECT_EQ(verdict(bytes), "sound");
}

TEST(Superblock, AShortFileIsTruncatedOrNoImage) {
  EXPECT_EQ(verdict(make_sound(), 95),
            "cannot use 'x.sqsh' as an image: it is truncated: 95 bytes are there");
  EXPECT_EQ(verdict(Bytes{}, 0), "cannot use 'x.sqsh' as an image: it is not a SquashFS file");
  EXPECT_EQ(check_superblock(Bytes{}.data(), 0, "x").error().blame, Blame::image);
}

}  // namespace
}  // namespace berth::read
