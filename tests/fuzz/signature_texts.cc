// SPDX-License-Identifier: Apache-2.0
// Any text as minisign's keys and signatures. What is read says the same again, no message has a
// byte that moves a cursor, and nothing but the signature that we made is good.
#include "image/signature/minisign.h"
#include "tests/fuzz/require.h"

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using berth::fuzz::require;
using namespace berth::signature;  // NOLINT(google-build-using-namespace): all of it is tried

void require_plain(const berth::Error& error) {
  const std::string text = berth::to_text(error);
  require(std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }));
}

/// A key that nobody may use: all of it is known.
struct Known {
  PublicKey key;
  FileHash hash = {};
  Signature made;

  Known() {
    SecretKey secret;
    secret.id = key.id = {1, 2, 3, 4, 5, 6, 7, 8};
    const std::array<unsigned char, crypto_sign_SEEDBYTES> seed = {9};
    require(crypto_sign_seed_keypair(key.point.data(), secret.secret.data(), seed.data()) == 0);
    hash.fill(7);
    made = make_signature(secret, hash, "known");
  }
};

bool is_same(const Signature& a, const Signature& b) {
  return a.id == b.id && a.of_file == b.of_file && a.trusted_comment == b.trusted_comment &&
         a.of_comment == b.of_comment;
}

void try_signature(const std::string& text, const Known& known) {
  const auto signature = parse_signature(text, "x.minisig");
  if (!signature) {
    require_plain(signature.error());
    return;
  }
  require(signature->trusted_comment.find('\n') == std::string::npos);
  if (!signature->trusted_comment.ends_with('\r')) {
    const auto again = parse_signature(to_text(*signature), "again");
    require(again && is_same(*again, *signature));
  }
  const Verdict verdict = check_signature(*signature, known.key, known.hash);
  require((verdict == Verdict::good) == is_same(*signature, known.made));
}

void try_keys(const std::string& text) {
  const auto key = parse_public_key(text, "x.pub");
  if (!key) require_plain(key.error());
  // The password would take a second each time; that it is asked for is enough.
  const auto secret = parse_secret_key(text, "x.key", []() -> berth::Result<std::string> {
    return berth::Error{berth::Blame::usage, "ask"};
  });
  if (!secret) require_plain(secret.error());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Known known;
  const std::string text(data, data + size);
  try_signature(text, known);
  try_keys(text);
  return 0;
}
