// SPDX-License-Identifier: Apache-2.0
#include "image/integrity/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#define BERTH_HAS_SHA
#include <immintrin.h>
#if defined(__clang__)
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): C's, for the next one
#define _Bool bool
#endif
#include <sys/platform/x86.h>
#endif

namespace berth::integrity {
namespace {

constexpr std::size_t kBlock = 64;

/// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> kRounds{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// FIPS 180-4, 5.3.3.
constexpr std::array<std::uint32_t, 8> kInitial{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static_assert(std::endian::native == std::endian::little, "numbers are swapped without asking");

std::uint32_t big_endian_at(const std::byte* bytes) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap32(value);
}

/// The words of the message schedule that sixteen rounds need, from those of the sixteen before.
void advance(std::array<std::uint32_t, 16>& words) noexcept {
  for (std::size_t i = 0; i < 16; ++i) {
    const std::uint32_t near = words[(i + 14) % 16];
    const std::uint32_t far = words[(i + 1) % 16];
    words[i] += words[(i + 9) % 16] + (std::rotr(near, 17) ^ std::rotr(near, 19) ^ near >> 10) +
                (std::rotr(far, 7) ^ std::rotr(far, 18) ^ far >> 3);
  }
}

void compress_portably(std::uint32_t* state, const std::byte* bytes, std::size_t blocks) {
  for (; blocks > 0; --blocks, bytes += kBlock) {
    std::array<std::uint32_t, 16> words;
    for (std::size_t i = 0; i < 16; ++i)
      words[i] = big_endian_at(bytes + 4 * i);
    std::array<std::uint32_t, 8> s;
    std::copy_n(state, 8, s.begin());
    for (std::size_t round = 0; round < 64; round += 16) {
      if (round > 0) advance(words);
#pragma GCC unroll 16
      for (std::size_t i = 0; i < 16; ++i) {
        // Instead of moving each of the eight words on, their names move: unrolled, that is free.
        const auto at = [&](std::size_t name) -> std::uint32_t& { return s[(name - i) % 8]; };
        const std::uint32_t a = at(16);
        const std::uint32_t e = at(20);
        at(23) += (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                  ((e & at(21)) ^ (~e & at(22))) + kRounds[round + i] + words[i];
        at(19) += at(23);
        at(23) += (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) +
                  ((a & at(17)) ^ (a & at(18)) ^ (at(17) & at(18)));
      }
    }
    for (std::size_t i = 0; i < 8; ++i)
      state[i] += s[i];
  }
}

#if defined(BERTH_HAS_SHA)

/// As the instructions have it: the state's words in two registers, highest first.
struct State {
  __m128i abef;
  __m128i cdgh;
};

/// One message on its way.
struct Lane {
  State state;
  State before;
  __m128i words[4];  // std::array would drop the type's attributes
};

#define BERTH_WITH_SHA __attribute__((target("sha,sse4.1")))

BERTH_WITH_SHA inline void four_rounds(Lane& lane, std::size_t words, std::size_t round) {
  const auto* constants = reinterpret_cast<const __m128i*>(kRounds.data() + round);
  const __m128i sum = _mm_add_epi32(lane.words[words], _mm_load_si128(constants));
  State& s = lane.state;
  s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, sum);
  s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

/// Replaces four words of the message schedule by those that come sixteen later.
BERTH_WITH_SHA inline void advance(Lane& lane, std::size_t first) {
  const __m128i last = lane.words[(first + 3) % 4];
  const __m128i middle = _mm_alignr_epi8(last, lane.words[(first + 2) % 4], 4);
  const __m128i sum =
      _mm_add_epi32(_mm_sha256msg1_epu32(lane.words[first], lane.words[(first + 1) % 4]), middle);
  lane.words[first] = _mm_sha256msg2_epu32(sum, last);
}

BERTH_WITH_SHA inline void load_words(Lane& lane, const std::byte* bytes) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  lane.before = lane.state;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto* at = reinterpret_cast<const __m128i*>(bytes + 16 * i);
    lane.words[i] = _mm_shuffle_epi8(_mm_loadu_si128(at), swap);
  }
}

BERTH_WITH_SHA inline State load_state(const std::uint32_t* state) {
  const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
  const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
  const __m128i cdab = _mm_shuffle_epi32(lower, 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(upper, 0x1b);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

BERTH_WITH_SHA inline void store_state(std::uint32_t* out, const State& state) {
  const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/// `kLanes` messages side by side. The instructions of one wait for each other most of the time:
/// two take a third less than one after the other.
template <std::size_t kLanes>
BERTH_WITH_SHA inline void compress_lanes(const std::array<std::uint32_t*, kLanes>& states,
                                          std::array<const std::byte*, kLanes> bytes,
                                          std::size_t blocks) {
  std::array<Lane, kLanes> lanes;
  for (std::size_t n = 0; n < kLanes; ++n)
    lanes[n].state = load_state(states[n]);
  for (; blocks > 0; --blocks) {
    for (std::size_t n = 0; n < kLanes; ++n) {
      load_words(lanes[n], bytes[n]);
      bytes[n] += kBlock;
    }
#pragma GCC unroll 16
    for (std::size_t step = 0; step < 16; ++step) {
#pragma GCC unroll 2
      for (std::size_t n = 0; n < kLanes; ++n) {
        four_rounds(lanes[n], step % 4, 4 * step);
        if (step < 12) advance(lanes[n], step % 4);
      }
    }
    for (Lane& lane : lanes) {
      lane.state.abef = _mm_add_epi32(lane.state.abef, lane.before.abef);
      lane.state.cdgh = _mm_add_epi32(lane.state.cdgh, lane.before.cdgh);
    }
  }
  for (std::size_t n = 0; n < kLanes; ++n)
    store_state(states[n], lanes[n].state);
}

BERTH_WITH_SHA void compress_with_sha(std::uint32_t* state,
                                      const std::byte* bytes,
                                      std::size_t blocks) {
  compress_lanes<1>({state}, {bytes}, blocks);
}

BERTH_WITH_SHA void compress_two_with_sha(std::uint32_t* first_state,
                                          const std::byte* first,
                                          std::uint32_t* second_state,
                                          const std::byte* second,
                                          std::size_t blocks) {
  compress_lanes<2>({first_state, second_state}, {first, second}, blocks);
}

/// libc asked the processor when the program began; asking again is slow in virtual machines.
bool has_sha() noexcept {
  return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1) && CPU_FEATURE_ACTIVE(SSSE3);
}

#endif

}  // namespace

Sha256::Sha256([[maybe_unused]] Way way) noexcept : compress_(compress_portably), state_(kInitial) {
#if defined(BERTH_HAS_SHA)
  if (way == Way::quickest && has_sha()) compress_ = compress_with_sha;
#endif
}

bool Sha256::is_quick() noexcept {
#if defined(BERTH_HAS_SHA)
  return has_sha();
#else
  return false;
#endif
}

void Sha256::add(std::span<const std::byte> bytes) noexcept {
  const std::size_t held = size_ % kBlock;
  size_ += bytes.size();
  if (held > 0) {
    const std::size_t part = std::min(kBlock - held, bytes.size());
    std::copy_n(bytes.begin(), part, rest_.begin() + static_cast<std::ptrdiff_t>(held));
    bytes = bytes.subspan(part);
    if (held + part < kBlock) return;
    compress_(state_.data(), rest_.data(), 1);
  }
  const std::size_t blocks = bytes.size() / kBlock;
  if (blocks > 0) compress_(state_.data(), bytes.data(), blocks);
  const auto left = bytes.subspan(blocks * kBlock);
  std::copy(left.begin(), left.end(), rest_.begin());
}

/// Adds what the last block that was begun lacks; returns the rest.
std::span<const std::byte> Sha256::fill_block(std::span<const std::byte> bytes) noexcept {
  const std::size_t lacking = (kBlock - size_ % kBlock) % kBlock;
  const std::size_t part = std::min(lacking, bytes.size());
  add(bytes.first(part));
  return bytes.subspan(part);
}

void Sha256::add_to_two(Sha256& first,
                        std::span<const std::byte> to_first,
                        Sha256& second,
                        std::span<const std::byte> to_second) noexcept {
#if defined(BERTH_HAS_SHA)
  if (first.compress_ == compress_with_sha && second.compress_ == compress_with_sha) {
    to_first = first.fill_block(to_first);
    to_second = second.fill_block(to_second);
    const std::size_t blocks = std::min(to_first.size(), to_second.size()) / kBlock;
    compress_two_with_sha(
        first.state_.data(), to_first.data(), second.state_.data(), to_second.data(), blocks);
    first.size_ += blocks * kBlock;
    second.size_ += blocks * kBlock;
    to_first = to_first.subspan(blocks * kBlock);
    to_second = to_second.subspan(blocks * kBlock);
  }
#endif
  first.add(to_first);
  second.add(to_second);
}

Digest Sha256::take() noexcept {
  const std::uint64_t bits = __builtin_bswap64(size_ * 8);
  // A one bit, zeros, and the length in the last eight bytes of a block.
  std::array<std::byte, 2 * kBlock> ending{std::byte{0x80}};
  const std::size_t held = size_ % kBlock;
  const std::size_t count = (held < kBlock - 8 ? kBlock : 2 * kBlock) - held;
  std::memcpy(ending.data() + count - sizeof bits, &bits, sizeof bits);
  add(std::span(ending).first(count));
  Digest digest;
  for (std::size_t i = 0; i < state_.size(); ++i) {
    const std::uint32_t word = __builtin_bswap32(state_[i]);
    std::memcpy(digest.data() + 4 * i, &word, sizeof word);
  }
  return digest;
}

std::string hex_of(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : digest) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace berth::integrity
