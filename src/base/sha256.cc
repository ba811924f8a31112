#include "base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace hearth {

namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

Sha256Digest Sha256::Digest() {
  const std::vector<std::byte> bytes = hash_.Finish();
  Sha256Digest digest;
  Require(bytes.size() == digest.size());
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

Sha256Digest HmacSha256(std::span<const std::byte> key, std::span<const std::byte> text) {
  Sha256Digest digest;
  unsigned int length = 0;
  Require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(text.data()), text.size(),
               reinterpret_cast<unsigned char*>(digest.data()), &length) != nullptr);
  return digest;
}

std::string Hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    out += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    out += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return out;
}

}  // namespace hearth
