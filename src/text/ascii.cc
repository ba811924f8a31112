#include "text/ascii.h"

namespace hearth::text {
namespace {

constexpr Fold MakeFold(bool clean, bool lower) {
  Fold fold{};
  fold.fill(kNotPlain);
  for (uint8_t c = 0x21; c < 0x7F; ++c) fold[c] = kAsciiPunctuation;
  for (uint8_t c = '0'; c <= '9'; ++c) fold[c] = c;
  for (uint8_t c = 'a'; c <= 'z'; ++c) fold[c] = c;
  for (uint8_t c = 'A'; c <= 'Z'; ++c) fold[c] = lower ? static_cast<uint8_t>(c + 'a' - 'A') : c;
  for (uint8_t c = '\t'; c <= '\r'; ++c) fold[c] = kAsciiSpace;
  if (clean) fold['\v'] = fold['\f'] = kNotPlain;
  fold[' '] = kAsciiSpace;
  return fold;
}

constexpr Fold kFolds[2][2] = {{MakeFold(false, false), MakeFold(false, true)},
                               {MakeFold(true, false), MakeFold(true, true)}};

}  // namespace

const Fold& AsciiFold(uint32_t switches) {
  return kFolds[(switches & kCleanText) != 0][(switches & kLowercase) != 0];
}

}  // namespace hearth::text
