// SPDX-License-Identifier: Apache-2.0
#include "image/source/digest.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <openssl/evp.h>

namespace berth::source {

namespace {

constexpr std::string_view kAlgorithm = "sha256:";

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/// OpenSSL refuses SHA-256 only when it has no memory, and that ends the program everywhere here.
void must(int answer) {
  if (answer != 1) std::abort();
}

}  // namespace

bool is_digest(std::string_view text) {
  if (!text.starts_with(kAlgorithm)) return false;
  text.remove_prefix(kAlgorithm.size());
  return text.size() == 64 && std::all_of(text.begin(), text.end(), is_hex);
}

std::string_view hex_of(std::string_view digest) {
  return digest.substr(kAlgorithm.size());
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;

  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  must(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(const void* bytes, std::size_t count) {
  must(EVP_DigestUpdate(state_->context, bytes, count));
}

std::string Sha256::take() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned count = 0;
  must(EVP_DigestFinal_ex(state_->context, raw.data(), &count));
  std::string text{kAlgorithm};
  for (unsigned i = 0; i < count; ++i) {
    text += kDigits[raw[i] >> 4];
    text += kDigits[raw[i] & 15];
  }
  return text;
}

std::string digest_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.take();
}

}  // namespace berth::source
