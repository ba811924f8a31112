// The names that a request carries through the pool: X-Request-Id and traceparent. Pure, but for
// the bits of RandomHex.
//
// Source: W3C Trace Context, section 3.2 (version, trace id, parent id, flags; lower-case hex).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::gateway {

// At most 128 visible ASCII characters.
bool IsRequestId(std::string_view value);

// Well-formed, of any version but ff, with ids that are not all zeros.
bool IsTraceparent(std::string_view value);

// Hex digits that do not repeat: for names, not for secrets. Seeded by the kernel. One thread.
class RandomHex {
 public:
  RandomHex();
  explicit RandomHex(uint64_t seed) : state_{seed, ~seed} {}

  void Append(size_t digits, std::string* out);  // never all zeros, when 16 or more

 private:
  uint64_t Next();
  std::array<uint64_t, 2> state_;
};

// A trace that begins here: "00-TRACE-SPAN-01". Flag 01: whether it is recorded is left to the
// replica, for which this is the root.
void AppendTraceparent(RandomHex* random, std::string* out);

}  // namespace hearth::gateway
