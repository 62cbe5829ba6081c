// SPDX-License-Identifier: Apache-2.0
#include "image/squash/fingerprint.h"

#include <cstdlib>
#include <cstring>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace berth::squash {

namespace {

constexpr std::size_t kTagBytes = sizeof(Fingerprint);

/// OpenSSL refuses these only when it has no memory, and that ends the program everywhere here.
void must(int answer) {
  if (answer != 1) std::abort();
}

const unsigned char* bytes_at(const void* place) {
  return static_cast<const unsigned char*>(place);
}

const std::array<unsigned char, 16>& key_of_this_process() {
  static const auto key = [] {
    std::array<unsigned char, 16> made{};
    must(RAND_bytes(made.data(), made.size()));
    return made;
  }();
  return key;
}

}  // namespace

/// The same nonce each time: nobody sees what comes out, and equal bytes have to look equal.
struct Fingerprinter::State {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  std::array<unsigned char, 12> nonce{};

  State() {
    must(EVP_EncryptInit_ex(
        context, EVP_aes_128_gcm(), nullptr, key_of_this_process().data(), nonce.data()));
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() { EVP_CIPHER_CTX_free(context); }
};

Fingerprinter::Fingerprinter() : state_(std::make_unique<State>()) {}

Fingerprinter::Fingerprinter(Fingerprinter&&) noexcept = default;
Fingerprinter::~Fingerprinter() = default;

Fingerprint Fingerprinter::of(std::string_view bytes) {
  EVP_CIPHER_CTX* context = state_->context;
  int count = 0;
  must(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, state_->nonce.data()));
  must(EVP_EncryptUpdate(
      context, nullptr, &count, bytes_at(bytes.data()), static_cast<int>(bytes.size())));
  std::array<unsigned char, kTagBytes> tag{};
  must(EVP_EncryptFinal_ex(context, tag.data(), &count));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()));
  Fingerprint made;
  std::memcpy(made.data(), tag.data(), sizeof made);
  return made;
}

std::uint32_t Duplicates::find_or_add(const Fingerprint& fingerprint, std::uint32_t number) {
  if (2 * (known_.size() + 1) > slots_.size()) grow();
  std::uint32_t& slot = slot_for(fingerprint);
  if (slot != 0) return known_[slot - 1].number;
  known_.push_back({fingerprint, number});
  slot = static_cast<std::uint32_t>(known_.size());
  return number;
}

void Duplicates::grow() {
  slots_.assign(slots_.empty() ? 1024 : 2 * slots_.size(), 0);
  for (std::size_t i = 0; i < known_.size(); ++i)
    slot_for(known_[i].fingerprint) = static_cast<std::uint32_t>(i + 1);
}

/// The slot with this fingerprint, or the free one where it belongs. There are more slots than
/// fingerprints, a power of two of them.
std::uint32_t& Duplicates::slot_for(const Fingerprint& fingerprint) {
  std::size_t at = fingerprint[0];
  while (true) {
    std::uint32_t& slot = slots_[at & (slots_.size() - 1)];
    if (slot == 0 || known_[slot - 1].fingerprint == fingerprint) return slot;
    ++at;
  }
}

}  // namespace berth::squash
