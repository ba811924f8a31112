#include "base/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace hearth {
namespace {

std::string HashOf(std::string_view text) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return Hex(hash.Digest());
}

// FIPS 180-4, examples of NIST.
TEST(Sha256, MatchesTheStandardsExamples) {
  EXPECT_EQ(HashOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HashOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PiecesAreTheWhole) {
  const std::string text(100000, 'x');
  Sha256 hash;
  for (size_t at = 0; at < text.size(); at += 777) {
    hash.Update(
        std::as_bytes(std::span(text).subspan(at, std::min<size_t>(777, text.size() - at))));
  }
  EXPECT_EQ(Hex(hash.Digest()), HashOf(text));
}

}  // namespace
}  // namespace hearth
