// SPDX-License-Identifier: Apache-2.0
#include "image/signature/minisign.h"

#include "base/text.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

namespace berth::signature {
namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";

static_assert(sizeof(crypto_generichash_state) <= 384);

/// The secret part of a secret key's file, as it lies behind the password.
struct Sealed {
  KeyId id;
  std::array<unsigned char, 64> secret;
  std::array<unsigned char, 32> checksum;
};

struct SecretFile {
  std::array<char, 2> algorithm;
  std::array<char, 2> derivation;
  std::array<char, 2> checksum_algorithm;
  std::array<unsigned char, 32> salt;
  std::array<unsigned char, 8> operations;  ///< scrypt's limits, little-endian
  std::array<unsigned char, 8> memory;
  Sealed sealed;
};

static_assert(sizeof(Sealed) == 104 && sizeof(SecretFile) == 158);

constexpr std::uint64_t kMostOperations = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 31;

Error unusable(const std::string& name, const std::string& what, const std::string& why) {
  return Error{Blame::config, "use " + quote(name) + " as " + what + ": " + why};
}

std::optional<Bytes> decode(std::string_view text) {
  if (text.empty()) return std::nullopt;  // of nothing there is no place to write to
  Bytes out(text.size());
  std::size_t size = 0;
  if (::sodium_base642bin(out.data(),
                          out.size(),
                          text.data(),
                          text.size(),
                          nullptr,
                          &size,
                          nullptr,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  out.resize(size);
  return out;
}

std::string encode(std::span<const unsigned char> bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  ::sodium_bin2base64(
      text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the zero that C wants
  return text;
}

/// The lines without their ends, a last empty one left out.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (std::string& line : lines) {
    if (line.ends_with('\r')) line.pop_back();
  }
  return lines;
}

/// Copies fields out of bytes, one after the other.
class Fields {
 public:
  explicit Fields(std::span<const unsigned char> bytes) : rest_(bytes) {}

  template <class T>
  void take(T& out) {
    std::memcpy(out.data(), rest_.data(), out.size());
    rest_ = rest_.subspan(out.size());
  }

 private:
  std::span<const unsigned char> rest_;
};

bool starts_with(const Bytes& bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin());
}

/// Little-endian, as minisign writes it.
std::uint64_t number_of(const std::array<unsigned char, 8>& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | bytes.at(i);
  return value;
}

std::array<unsigned char, 32> checksum_of(const SecretFile& file) {
  crypto_generichash_state state;
  std::array<unsigned char, 32> out{};
  ::crypto_generichash_init(&state, nullptr, 0, out.size());
  const auto add = [&](const void* bytes, std::size_t count) {
    ::crypto_generichash_update(&state, static_cast<const unsigned char*>(bytes), count);
  };
  add(file.algorithm.data(), file.algorithm.size());
  add(file.sealed.id.data(), file.sealed.id.size());
  add(file.sealed.secret.data(), file.sealed.secret.size());
  ::crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

/// Takes the password's stream off the secret part.
Status unseal(SecretFile& file, const std::string& name, std::string& password) {
  const std::uint64_t operations = number_of(file.operations);
  const std::uint64_t memory = number_of(file.memory);
  if (operations > kMostOperations || memory > kMostMemory)
    return unusable(name, "a secret key", "its password takes more memory or time than is sane");
  std::array<unsigned char, sizeof(Sealed)> stream{};
  const int answer = ::crypto_pwhash_scryptsalsa208sha256(stream.data(),
                                                          stream.size(),
                                                          password.data(),
                                                          password.size(),
                                                          file.salt.data(),
                                                          operations,
                                                          static_cast<std::size_t>(memory));
  ::sodium_memzero(password.data(), password.size());
  if (answer != 0)
    return Error{
        Blame::host,
        "use the password of " + quote(name) + ": it takes " + size_text(memory) + " of memory"};
  auto* bytes = reinterpret_cast<unsigned char*>(&file.sealed);
  for (std::size_t i = 0; i < stream.size(); ++i)
    bytes[i] = static_cast<unsigned char>(bytes[i] ^ stream.at(i));
  ::sodium_memzero(stream.data(), stream.size());
  const auto expected = checksum_of(file);
  if (::sodium_memcmp(expected.data(), file.sealed.checksum.data(), expected.size()) == 0)
    return Done{};
  return unusable(name, "a secret key", "the password is wrong");
}

}  // namespace

SecretKey::SecretKey(SecretKey&& from) noexcept : id(from.id), secret(from.secret) {
  ::sodium_memzero(from.secret.data(), from.secret.size());
}

SecretKey::~SecretKey() {
  ::sodium_memzero(secret.data(), secret.size());
}

std::string to_text(const KeyId& id) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (std::size_t i = id.size(); i-- > 0;) {
    text += kDigits[id.at(i) >> 4];
    text += kDigits[id.at(i) & 15];
  }
  return text;
}

Result<PublicKey> parse_public_key(std::string_view text, const std::string& name) {
  const std::string what = "a public key";
  const auto lines = lines_of(text);
  const bool has_comment = lines.size() == 2 && lines[0].starts_with("untrusted comment:");
  if (!has_comment && lines.size() != 1) return unusable(name, what, "it is not minisign's");
  const auto bytes = decode(lines.back());
  if (!bytes || bytes->size() != 42 || !starts_with(*bytes, "Ed"))
    return unusable(name, what, "it is not minisign's");
  PublicKey key;
  Fields fields(std::span<const unsigned char>(*bytes).subspan(2));
  fields.take(key.id);
  fields.take(key.point);
  return key;
}

Result<SecretKey> parse_secret_key(std::string_view text,
                                   const std::string& name,
                                   const AskPassword& ask) {
  const std::string what = "a secret key";
  const auto lines = lines_of(text);
  auto bytes = lines.size() == 2 ? decode(lines[1]) : std::nullopt;
  if (!bytes || bytes->size() != sizeof(SecretFile) || !starts_with(*bytes, "Ed"))
    return unusable(name, what, "it is not minisign's");
  SecretFile file;
  std::memcpy(&file, bytes->data(), sizeof file);
  ::sodium_memzero(bytes->data(), bytes->size());
  if (file.derivation == std::array{'S', 'c'}) {
    auto password = ask();
    if (!password) return password.error();
    BERTH_TRY(unseal(file, name, *password));
  } else if (file.derivation != std::array{'\0', '\0'}) {
    return unusable(name, what, "its password is used in a way that is not known");
  }
  SecretKey key;
  key.id = file.sealed.id;
  key.secret = file.sealed.secret;
  ::sodium_memzero(&file, sizeof file);
  return key;
}

Result<Signature> parse_signature(std::string_view text, const std::string& name) {
  const std::string what = "a signature";
  const auto lines = lines_of(text);
  const auto of_file = lines.size() == 4 ? decode(lines[1]) : std::nullopt;
  const auto of_comment = lines.size() == 4 ? decode(lines[3]) : std::nullopt;
  if (!of_file || !of_comment || of_file->size() != 74 || of_comment->size() != 64 ||
      !lines[2].starts_with(kTrusted))
    return unusable(name, what, "it is not minisign's");
  if (starts_with(*of_file, "Ed"))
    return unusable(name, what, "it is of the old kind that takes the whole file into memory");
  if (!starts_with(*of_file, "ED")) return unusable(name, what, "it is not minisign's");
  Signature signature;
  Fields fields(std::span<const unsigned char>(*of_file).subspan(2));
  fields.take(signature.id);
  fields.take(signature.of_file);
  Fields(*of_comment).take(signature.of_comment);
  signature.trusted_comment = lines[2].substr(kTrusted.size());
  return signature;
}

std::string to_text(const Signature& signature) {
  Bytes bytes{'E', 'D'};
  bytes.insert(bytes.end(), signature.id.begin(), signature.id.end());
  bytes.insert(bytes.end(), signature.of_file.begin(), signature.of_file.end());
  return std::string(kUntrusted) +
         "signature of a berth image, to be checked with minisign or berth\n" + encode(bytes) +
         "\n" + std::string(kTrusted) + signature.trusted_comment + "\n" +
         encode(signature.of_comment) + "\n";
}

namespace {

/// What the second part of a signature is over.
Bytes comment_message(const Signature& signature) {
  Bytes bytes(signature.of_file.begin(), signature.of_file.end());
  bytes.insert(bytes.end(), signature.trusted_comment.begin(), signature.trusted_comment.end());
  return bytes;
}

}  // namespace

Signature make_signature(const SecretKey& key,
                         const FileHash& hash,
                         const std::string& trusted_comment) {
  Signature signature;
  signature.id = key.id;
  signature.trusted_comment = trusted_comment;
  ::crypto_sign_detached(
      signature.of_file.data(), nullptr, hash.data(), hash.size(), key.secret.data());
  const Bytes message = comment_message(signature);
  ::crypto_sign_detached(
      signature.of_comment.data(), nullptr, message.data(), message.size(), key.secret.data());
  return signature;
}

Verdict check_signature(const Signature& signature, const PublicKey& key, const FileHash& hash) {
  if (signature.id != key.id) return Verdict::other_key;
  const Bytes message = comment_message(signature);
  if (::crypto_sign_verify_detached(
          signature.of_comment.data(), message.data(), message.size(), key.point.data()) != 0)
    return Verdict::forged;
  if (::crypto_sign_verify_detached(
          signature.of_file.data(), hash.data(), hash.size(), key.point.data()) != 0)
    return Verdict::other_content;
  return Verdict::good;
}

FileHasher::FileHasher() {
  // Chooses the quickest code for this processor. It cannot fail where there is /dev/urandom.
  if (::sodium_init() < 0) std::abort();
  ::crypto_generichash_init(
      reinterpret_cast<crypto_generichash_state*>(state_.data()), nullptr, 0, sizeof(FileHash));
}

void FileHasher::add(std::span<const std::byte> bytes) {
  ::crypto_generichash_update(reinterpret_cast<crypto_generichash_state*>(state_.data()),
                              reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
}

FileHash FileHasher::take() {
  FileHash hash{};
  ::crypto_generichash_final(
      reinterpret_cast<crypto_generichash_state*>(state_.data()), hash.data(), hash.size());
  return hash;
}

}  // namespace berth::signature
