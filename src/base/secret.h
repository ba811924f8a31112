// Secret: what a caller must show (an API key, a token), kept as a digest only. Immutable; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/sha256.h"

namespace hearth {

class Secret {
 public:
  explicit Secret(std::string_view value);

  // In a time that does not depend on what was shown.
  bool Matches(std::string_view shown) const;

 private:
  Sha256Digest digest_;
};

// `bytes` random bytes of the kernel, in hex: a token that nobody guesses.
std::string RandomHex(size_t bytes);

}  // namespace hearth
