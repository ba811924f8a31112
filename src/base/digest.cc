#include "base/digest.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace hearth {

namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

const EVP_MD* Algorithm(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return EVP_md5();
    case DigestKind::kSha1:
      return EVP_sha1();
    case DigestKind::kSha256:
      return EVP_sha256();
  }
  return nullptr;
}

}  // namespace

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  explicit State(DigestKind kind) {
    Require(context != nullptr && EVP_DigestInit_ex(context, Algorithm(kind), nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Digest::Digest(DigestKind kind) : state_(std::make_unique<State>(kind)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::Update(std::span<const std::byte> bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::vector<std::byte> Digest::Finish() {
  std::vector<std::byte> out(EVP_MAX_MD_SIZE);
  unsigned int length = 0;
  Require(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()),
                             &length) == 1);
  out.resize(length);
  return out;
}

}  // namespace hearth
