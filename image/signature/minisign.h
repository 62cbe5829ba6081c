// SPDX-License-Identifier: Apache-2.0
// Signatures and keys in minisign's formats: Ed25519 over a file's BLAKE2b-512. A signature has two
// parts: one over the file, and one over the first part and a line of text, the trusted comment,
// which can be believed without reading the file.
#pragma once

#include "base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace berth::signature {

using KeyId = std::array<unsigned char, 8>;
using FileHash = std::array<unsigned char, 64>;  ///< BLAKE2b-512 of a whole file

/// "506615B920D8FE2D", as minisign shows a key's number.
std::string to_text(const KeyId& id);

struct PublicKey {
  KeyId id = {};
  std::array<unsigned char, 32> point = {};
};

/// A key that signs; its memory is wiped in the end.
struct SecretKey {
  SecretKey() = default;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  SecretKey(SecretKey&& from) noexcept;
  SecretKey& operator=(SecretKey&&) = delete;
  ~SecretKey();

  KeyId id = {};
  std::array<unsigned char, 64> secret = {};
};

struct Signature {
  KeyId id = {};
  std::array<unsigned char, 64> of_file = {};
  std::string trusted_comment = {};
  std::array<unsigned char, 64> of_comment = {};  ///< over of_file and the trusted comment
};

/// `text` is a file's content and `name` what messages call it. A public key may lack its comment.
Result<PublicKey> parse_public_key(std::string_view text, const std::string& name);

/// Asks for the password, once, only if the key is protected by one.
using AskPassword = std::function<Result<std::string>()>;
Result<SecretKey> parse_secret_key(std::string_view text,
                                   const std::string& name,
                                   const AskPassword& ask);

Result<Signature> parse_signature(std::string_view text, const std::string& name);

/// The content of a signature's file.
std::string to_text(const Signature& signature);

/// `trusted_comment` has no line breaks.
Signature make_signature(const SecretKey& key,
                         const FileHash& hash,
                         const std::string& trusted_comment);

/// What a signature says about a file.
enum class Verdict {
  good,
  other_key,     ///< made with a key of another number
  forged,        ///< its trusted comment is not signed by this key
  other_content  ///< made for other bytes
};

Verdict check_signature(const Signature& signature, const PublicKey& key, const FileHash& hash);

/// BLAKE2b-512 over bytes that come in pieces.
class FileHasher {
 public:
  FileHasher();
  void add(std::span<const std::byte> bytes);
  FileHash take();  ///< once

 private:
  alignas(64) std::array<unsigned char, 384> state_;  ///< libsodium's
};

}  // namespace berth::signature
