#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "model/tiny_model.h"

namespace hearth::model {
namespace {

using testing::HasSubstr;

std::string File(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header +
         std::string(data_bytes, '\0');
}

auto Parse(const std::string& file) { return ParseSafeTensors(std::as_bytes(std::span(file))); }

std::string Refusal(const std::string& file) {
  const auto parsed = Parse(file);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, Code::kCorrupt);
  EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
  EXPECT_LT(parsed.error().message.size(), 400U);
  return parsed.error().message;
}

std::string OneTensor(const std::string& dtype, const std::string& shape, const std::string& at) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + at + "}}";
}

TEST(SafeTensors, ReadsEachTypeExactly) {
  const NamedTensors tensors = {{"x", {{2, 3}, {0, -1.5F, 2.25F, 1024, -0.125F, 7}}},
                                {"y", {{1}, {0.5F}}}};
  for (const auto type : {StoredType::kF32, StoredType::kF16, StoredType::kBf16}) {
    const std::string file = SafeTensorsBytes(tensors, type);
    const auto parsed = Parse(file);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const Tensor& x = parsed->at("x");
    EXPECT_EQ(x.type, type);
    EXPECT_EQ(ShapeText(x.shape), "[2, 3]");
    std::vector<float> values(6);
    x.Read(0, values);
    EXPECT_EQ(values, tensors.at("x").values);
    std::vector<float> tail(2);
    x.Read(4, tail);
    EXPECT_EQ(tail, (std::vector<float>{-0.125F, 7}));
  }
}

// Every half there is, against the compiler's own conversion.
TEST(SafeTensors, EveryF16) {
  std::string file = File(OneTensor("F16", "[65536]", "[0,131072]"), 131072);
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto half = static_cast<uint16_t>(i);
    std::memcpy(file.data() + file.size() - 131072 + size_t{i} * 2, &half, 2);
  }
  const auto parsed = Parse(file);
  ASSERT_TRUE(parsed);
  std::vector<float> values(65536);
  parsed->at("a").Read(0, values);
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto expected = static_cast<float>(std::bit_cast<_Float16>(static_cast<uint16_t>(i)));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(values[i])) << i;
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(expected)) << i;
    }
  }
}

TEST(SafeTensors, NothingIsATensorAtAll) {
  const auto parsed = Parse(File("{}", 0));
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->empty());
}

TEST(SafeTensors, HostileHeaders) {
  EXPECT_THAT(Refusal(""), HasSubstr("0 bytes"));
  EXPECT_THAT(Refusal("1234567"), HasSubstr("7 bytes"));
  EXPECT_THAT(Refusal(std::string(8, '\xff') + "{}"), HasSubstr("18446744073709551615"));
  EXPECT_THAT(Refusal(File("{}", 0).replace(0, 1, "\x03")), HasSubstr("3 bytes long"));
  EXPECT_THAT(Refusal(File("", 0)), HasSubstr("not valid JSON"));
  EXPECT_THAT(Refusal(File("nonsense", 0)), HasSubstr("not valid JSON"));
  EXPECT_THAT(Refusal(File("[1]", 0)), HasSubstr("no object"));
  EXPECT_THAT(Refusal(File(R"({"a":7})", 0)), HasSubstr("no dtype"));
  EXPECT_THAT(Refusal(File(std::string(100000, '['), 0)), HasSubstr("not valid JSON"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += R"({"a":)";
  EXPECT_THAT(Refusal(File(deep, 0)), HasSubstr("not valid JSON"));
  EXPECT_THAT(Refusal(File(R"({"a":{},"a":{}})", 0)), HasSubstr(R"("a" is there twice)"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1],\"shape\":[1]", "[0,4]"), 4)),
              HasSubstr(R"("shape" is there twice)"));
  EXPECT_THAT(Refusal(File("{\"\xff\":1}", 0)), HasSubstr("not valid JSON"));
}

TEST(SafeTensors, HostileTensors) {
  EXPECT_THAT(Refusal(File(OneTensor("F31", "[1]", "[0,4]"), 4)), HasSubstr("unknown dtype"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[-1]", "[0,4]"), 4)), HasSubstr("whole numbers"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1.5]", "[0,4]"), 4)), HasSubstr("whole numbers"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "7", "[0,4]"), 4)), HasSubstr("whole numbers"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1]", "[0]"), 4)), HasSubstr("whole numbers"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1]", "[4,0]"), 4)), HasSubstr("bytes 4 to 0 of 4"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1]", "[0,8]"), 4)), HasSubstr("bytes 0 to 8 of 4"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[2]", "[0,4]"), 4)), HasSubstr("has 4 bytes"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[4294967296,4294967296]", "[0,0]"), 0)),
              HasSubstr("has 0 bytes"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1]", "[4,8]"), 8)), HasSubstr("a hole before"));
  EXPECT_THAT(Refusal(File(OneTensor("F32", "[1]", "[0,4]"), 8)), HasSubstr("4 bytes too many"));
  EXPECT_THAT(Refusal(File(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                           R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                           8)),
              HasSubstr("overlaps"));
}

TEST(SafeTensors, TruncatedAnywhereIsRefused) {
  const std::string file = SafeTensorsBytes({{"x", {{2, 2}, {1, 2, 3, 4}}}, {"y", {{1}, {5}}}});
  ASSERT_TRUE(Parse(file));
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(Refusal(file.substr(0, size)), "accepted") << size;
  }
}

TEST(SafeTensors, FlippedBitsNeverCrash) {
  const std::string file = SafeTensorsBytes({{"x", {{2, 2}, {1, 2, 3, 4}}}, {"y", {{1}, {5}}}});
  for (size_t bit = 0; bit < (file.size() - 20) * 8; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    if (const auto parsed = Parse(flipped)) {  // a name may change and the file still be whole
      for (const auto& [name, tensor] : *parsed) {
        if (tensor.type == StoredType::kOther) continue;
        std::vector<float> values(tensor.bytes.size() / (tensor.type == StoredType::kF32 ? 4 : 2));
        tensor.Read(0, values);
      }
    }
  }
}

TEST(SafeTensors, NamesTheFile) {
  const TempFolder folder;
  folder.Write("bad", "short");
  const auto missing = SafeTensors::Open(folder / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  const auto bad = SafeTensors::Open(folder / "bad");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr(folder / "bad"));
}

}  // namespace
}  // namespace hearth::model
