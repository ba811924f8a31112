// Sha256: the SHA-256 of bytes given piece by piece (OpenSSL behind it).
//
// Lifecycle: Update any number of times, then one of Digest or Hex once. Movable, not thread-safe.
// Never fails: SHA-256 is always present in OpenSSL; should it be missing, that is a broken
// installation and the process aborts.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "base/digest.h"

namespace hearth {

using Sha256Digest = std::array<std::byte, 32>;

class Sha256 {
 public:
  void Update(std::span<const std::byte> bytes) { hash_.Update(bytes); }
  Sha256Digest Digest();

 private:
  hearth::Digest hash_{DigestKind::kSha256};
};

// HMAC-SHA-256 (RFC 2104) of `text`.
Sha256Digest HmacSha256(std::span<const std::byte> key, std::span<const std::byte> text);

// Lower-case hex, two digits a byte.
std::string Hex(std::span<const std::byte> bytes);

}  // namespace hearth
