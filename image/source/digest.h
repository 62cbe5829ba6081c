// SPDX-License-Identifier: Apache-2.0
// Content digests as OCI writes them, "sha256:" and 64 hexadecimal digits, and their calculation.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace berth::source {

/// True for "sha256:" and 64 lower-case hexadecimal digits (image-spec, descriptor.md), nothing
/// else: such a text is safe as a part of a path.
bool is_digest(std::string_view text);

/// The 64 digits of a valid digest.
std::string_view hex_of(std::string_view digest);

/// SHA-256 over bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void add(const void* bytes, std::size_t count);

  /// The digest of all that was added. Once.
  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The digest of one text.
std::string digest_of(std::string_view bytes);

}  // namespace berth::source
