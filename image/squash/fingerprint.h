// SPDX-License-Identifier: Apache-2.0
// Recognises bytes that were there before: 128 bits of them under a key that is new in every
// process (GMAC), so that nobody can make two files that look the same here, and nothing has to be
// read again to be sure (decision 031). For this room only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace berth::squash {

using Fingerprint = std::array<std::uint64_t, 2>;

/// One thread's way to fingerprints. Those of different threads agree.
class Fingerprinter {
 public:
  Fingerprinter();
  Fingerprinter(Fingerprinter&&) noexcept;
  Fingerprinter& operator=(Fingerprinter&&) = delete;
  Fingerprinter(const Fingerprinter&) = delete;
  Fingerprinter& operator=(const Fingerprinter&) = delete;
  ~Fingerprinter();

  /// Of at most 1 GiB.
  Fingerprint of(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Finds an earlier number of the same fingerprint. 24 bytes for each and 8 to 16 for its slots: an
/// image may have millions of files.
class Duplicates {
 public:
  /// The number that came with this fingerprint first; `number` if it is new, and is kept then.
  std::uint32_t find_or_add(const Fingerprint& fingerprint, std::uint32_t number);

 private:
  struct Known {
    Fingerprint fingerprint;
    std::uint32_t number;
  };

  void grow();
  std::uint32_t& slot_for(const Fingerprint& fingerprint);

  std::vector<Known> known_;
  std::vector<std::uint32_t> slots_;  ///< one more than an index into known_; 0: free
};

}  // namespace berth::squash
