#include "gateway/identity.h"

#include <sys/random.h>

#include <algorithm>

namespace hearth::gateway {
namespace {

constexpr size_t kRequestIdMax = 128;
constexpr size_t kTraceparentSize = 55;
constexpr size_t kDigitsPerWord = 16;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool IsRequestId(std::string_view value) {
  return !value.empty() && value.size() <= kRequestIdMax &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool IsTraceparent(std::string_view value) {
  if (value.size() < kTraceparentSize) return false;
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  const std::string_view version = value.substr(0, 2);
  if (!IsHex(version) || version == "ff") return false;
  // A later version may have more behind it.
  if (value.size() > kTraceparentSize && (version == "00" || value[kTraceparentSize] != '-')) {
    return false;
  }
  return IsId(value.substr(3, 32)) && IsId(value.substr(36, 16)) && IsHex(value.substr(53, 2));
}

RandomHex::RandomHex() : state_{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9} {
  std::array<uint64_t, 2> seed{};
  if (::getrandom(seed.data(), sizeof seed, GRND_NONBLOCK) == sizeof seed && (seed[0] | seed[1])) {
    state_ = seed;
  }
}

// xorshift128+ (Vigna, "Further scramblings of Marsaglia's xorshift generators", 2017).
uint64_t RandomHex::Next() {
  uint64_t a = state_[0];
  const uint64_t b = state_[1];
  state_[0] = b;
  a ^= a << 23;
  state_[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
  return state_[1] + b;
}

void RandomHex::Append(size_t digits, std::string* out) {
  while (digits > 0) {
    uint64_t word = Next();
    if (word == 0) word = 1;
    for (size_t i = 0; i < kDigitsPerWord && digits > 0; ++i, --digits, word >>= 4) {
      out->push_back("0123456789abcdef"[word & 15]);
    }
  }
}

void AppendTraceparent(RandomHex* random, std::string* out) {
  out->append("00-");
  random->Append(32, out);
  out->push_back('-');
  random->Append(16, out);
  out->append("-01");
}

}  // namespace hearth::gateway
