// Digest: a cryptographic hash of bytes given piece by piece, chosen at run time (OpenSSL behind
// it). For checking files against what others say of them: MD5 and SHA-1 prove nothing against an
// attacker. hearth's own hashes: sha256.h.
//
// Lifecycle: Update any number of times, then Finish once. Movable, not thread-safe. Never fails:
// should OpenSSL lack one of them, that is a broken installation and the process aborts.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace hearth {

enum class DigestKind { kMd5, kSha1, kSha256 };

class Digest {
 public:
  explicit Digest(DigestKind kind);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  void Update(std::span<const std::byte> bytes);
  std::vector<std::byte> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hearth
