#include "base/secret.h"

#include <sys/random.h>

#include <span>
#include <vector>

namespace hearth {
namespace {

Sha256Digest DigestOf(std::string_view text) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return hash.Digest();
}

}  // namespace

Secret::Secret(std::string_view value) : digest_(DigestOf(value)) {}

bool Secret::Matches(std::string_view shown) const {
  // Digests have one length whatever was shown, and every byte is looked at.
  const Sha256Digest other = DigestOf(shown);
  std::byte difference{0};
  for (size_t i = 0; i < digest_.size(); ++i) difference |= digest_[i] ^ other[i];
  return difference == std::byte{0};
}

std::string RandomHex(size_t bytes) {
  std::vector<std::byte> random(bytes);
  for (size_t have = 0; have < bytes;) {
    const ssize_t got = ::getrandom(random.data() + have, bytes - have, 0);
    // Fails only when a signal came before the kernel had gathered enough, just after boot.
    if (got > 0) have += static_cast<size_t>(got);
  }
  return Hex(random);
}

}  // namespace hearth
