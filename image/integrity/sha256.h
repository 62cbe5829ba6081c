// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) for the hash tree: small, without start-up cost, with the processor's own
// instructions where it has them. Neither allocates nor throws, so the image server can use it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace berth::integrity {

using Digest = std::array<std::byte, 32>;

class Sha256 {
 public:
  /// `portable` leaves the processor's SHA instructions unused; both give the same digests.
  enum class Way { quickest, portable };

  explicit Sha256(Way way = Way::quickest) noexcept;

  /// Whether the processor has instructions for it.
  static bool is_quick() noexcept;

  void add(std::span<const std::byte> bytes) noexcept;

  /// Adds to two at once, which is quicker as far as both get whole blocks of 64 bytes.
  static void add_to_two(Sha256& first,
                         std::span<const std::byte> to_first,
                         Sha256& second,
                         std::span<const std::byte> to_second) noexcept;

  /// The digest of all that was added. Once.
  Digest take() noexcept;

 private:
  std::span<const std::byte> fill_block(std::span<const std::byte> bytes) noexcept;

  using Compress = void (*)(std::uint32_t* state, const std::byte* bytes, std::size_t blocks);

  Compress compress_;
  std::array<std::uint32_t, 8> state_;
  std::array<std::byte, 64> rest_;  ///< what does not fill a block yet
  std::uint64_t size_ = 0;          ///< bytes added
};

/// "9f86…": 64 lower-case hexadecimal digits.
std::string hex_of(const Digest& digest);

}  // namespace berth::integrity
