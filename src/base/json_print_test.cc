#include "base/json_print.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace hearth {
namespace {

std::string Floats(std::vector<float> values) {
  std::string out;
  AppendJsonFloats(values, &out);
  return out;
}

std::string Base64(std::vector<float> values) {
  std::string out;
  AppendBase64Floats(values, &out);
  return out;
}

TEST(JsonPrint, EscapesWhatJsonRequires) {
  std::string out;
  AppendJsonString(std::string_view("a\"b\\c\n\r\t\0\x1f é\x7f", 14), &out);
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f é\x7f\"");
}

TEST(JsonPrint, PrintsTheShortestFloats) {
  EXPECT_EQ(Floats({}), "[]");
  EXPECT_EQ(Floats({0.1F, -0.25F, 0, 1, 1e-30F}), "[0.1,-0.25,0,1,1e-30]");
}

TEST(JsonPrint, PrintsNullForWhatJsonCannotSay) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Floats({std::nanf(""), infinity, -infinity}), "[null,null,null]");
}

TEST(JsonPrint, EveryFloatReadsBackTheSame) {
  EXPECT_TRUE(rc::check("floats round-trip", [](uint32_t bits) {
    const float value = std::bit_cast<float>(bits);
    RC_PRE(std::isfinite(value));
    const std::string text = Floats({value});
    float back = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), back);
    RC_ASSERT(error == std::errc());
    RC_ASSERT(*end == ']');
    RC_ASSERT(std::bit_cast<uint32_t>(back) == bits);
  }));
}

// Expected values: Python's base64.b64encode(struct.pack('<…f', …)).
TEST(JsonPrint, EncodesFloatsInBase64) {
  EXPECT_EQ(Base64({}), "");
  EXPECT_EQ(Base64({1}), "AACAPw==");
  EXPECT_EQ(Base64({1, -2}), "AACAPwAAAMA=");
  EXPECT_EQ(Base64({0.1F, 0.2F, 0.3F}), "zczMPc3MTD6amZk+");
}

}  // namespace
}  // namespace hearth
