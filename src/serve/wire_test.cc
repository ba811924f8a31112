#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "base/json_print.h"
#include "serve/wire_forms.h"
#include "serve/wire_openai.h"

namespace hearth::serve {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

std::string TextOf(const Result<EmbedRequest>& request, size_t i = 0) {
  return request && i < request->inputs.size() ? std::get<std::string>(request->inputs[i]) : "?";
}

std::vector<int32_t> IdsOf(const Result<EmbedRequest>& request, size_t i = 0) {
  return std::get<std::vector<int32_t>>(request.value().inputs[i]);
}

void ExpectError(const Result<EmbedRequest>& request, Code code, const std::string& part) {
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(TraitsOf(request.error().code).name, TraitsOf(code).name) << request.error().message;
  EXPECT_THAT(request.error().message, HasSubstr(part));
}

TEST(WireSeed, ReadsText) {
  const auto request = ParseNative(R"({"text": "warm pool", "unknown": [1, {"a": null}]})");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->form, Form::kSeed);
  EXPECT_FALSE(request->list);
  EXPECT_EQ(TextOf(request), "warm pool");
  EXPECT_EQ(request->normalize, std::nullopt);
}

TEST(WireSeed, AnEmptyTextIsAText) { EXPECT_EQ(TextOf(ParseNative(R"({"text": ""})")), ""); }

TEST(WireSeed, RefusesOtherTypesNamingTheField) {
  for (const char* value : {"5", "[\"a\"]", "{}", "true"}) {
    ExpectError(ParseNative(fmt::format(R"({{"text": {}}})", value)), Code::kUnprocessable,
                "`text` must be a string");
  }
  ExpectError(ParseNative("{}"), Code::kUnprocessable, "`text` is missing");
  ExpectError(ParseNative(R"({"text": null})"), Code::kUnprocessable, "`text` is missing");
  ExpectError(ParseNative(R"({"text": "a", "inputs": "b"})"), Code::kUnprocessable, "not both");
}

TEST(WireJson, RefusesWhatIsNotJson) {
  for (const char* body : {"", " ", "{", "text", "{\"text\":}", "{'text':'a'}", "{\"text\":\"a\"",
                           "{\"text\":\"a\"} x", "{\"text\":\"a\",}", "\xef\xbb\xbf{}"}) {
    ExpectError(ParseNative(body), Code::kInvalidArgument, "not valid JSON");
    ExpectError(ParseOpenAi(body), Code::kInvalidArgument, "not valid JSON");
  }
  for (const char* body : {"[]", "\"a\"", "1", "null", "true"}) {
    ExpectError(ParseNative(body), Code::kUnprocessable, "must be a JSON object");
  }
}

TEST(WireJson, RefusesInvalidUtf8AndLoneSurrogates) {
  for (const std::string& text :
       {"\xff"s, "\xc3"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "a\x80z"s}) {
    ExpectError(ParseNative("{\"text\":\"" + text + "\"}"), Code::kInvalidArgument, "not valid");
  }
  for (const char* escape : {"\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud800x"}) {
    ExpectError(ParseNative(fmt::format("{{\"text\":\"{}\"}}", escape)), Code::kInvalidArgument,
                "not valid");
  }
  ExpectError(ParseNative(R"({"text":"\udc00"})"), Code::kInvalidArgument, "surrogate");
  EXPECT_EQ(TextOf(ParseNative(R"({"text":"\ud83d\ude00"})")), "\xf0\x9f\x98\x80");
}

TEST(WireJson, TakesNulCharacters) {
  EXPECT_EQ(TextOf(ParseNative(R"({"text":"a\u0000b"})")), "a\0b"s);
}

TEST(WireJson, OfDuplicateKeysTheLastCounts) {
  EXPECT_EQ(TextOf(ParseNative(R"({"text":"first","text":"last"})")), "last");
  EXPECT_EQ(TextOf(ParseNative(R"({"text":1,"text":"last"})")), "last");
}

TEST(WireJson, RefusesDeepNestingWithoutDiving) {
  for (const char* bracket : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += bracket;
    ExpectError(ParseNative(deep), Code::kInvalidArgument, "nested deeper");
    ExpectError(ParseNative("{\"text\":\"a\",\"other\":" + deep), Code::kInvalidArgument,
                "nested deeper");
  }
}

TEST(WireTei, ReadsEveryShapeOfInputs) {
  const auto one = ParseNative(R"({"inputs": "a"})");
  EXPECT_EQ(one.value().form, Form::kTei);
  EXPECT_FALSE(one->list);
  EXPECT_EQ(TextOf(one), "a");
  const auto many = ParseNative(R"({"inputs": ["a", [7, 8], "c"]})");
  EXPECT_TRUE(many.value().list);
  ASSERT_EQ(many->inputs.size(), 3U);
  EXPECT_EQ(TextOf(many, 2), "c");
  EXPECT_EQ(IdsOf(many, 1), (std::vector<int32_t>{7, 8}));
  const auto ids = ParseNative(R"({"inputs": [101, 102]})");
  EXPECT_FALSE(ids.value().list);
  EXPECT_EQ(IdsOf(ids), (std::vector<int32_t>{101, 102}));
}

TEST(WireTei, ReadsEveryField) {
  const auto request = ParseNative(
      R"({"inputs":["a"],"truncate":false,"truncation_direction":"Left","prompt_name":"query",
          "normalize":false,"dimensions":64})");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->truncate, false);
  EXPECT_EQ(request->side, text::TruncationSide::kLeft);
  EXPECT_EQ(request->prompt_name, "query");
  EXPECT_EQ(request->normalize, false);
  EXPECT_EQ(request->dimensions, 64);
}

TEST(WireTei, HasTeisDefaults) {
  const auto request = ParseNative(R"({"inputs":"a","truncate":null,"prompt_name":null})");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->truncate, std::nullopt);
  EXPECT_EQ(request->side, text::TruncationSide::kRight);
  EXPECT_EQ(request->normalize, true);
  EXPECT_EQ(request->prompt_name, std::nullopt);
}

TEST(WireTei, RefusesEmptyInputsNamingWhich) {
  ExpectError(ParseNative(R"({"inputs":""})"), Code::kInvalidArgument, "`inputs`");
  ExpectError(ParseNative(R"({"inputs":[]})"), Code::kInvalidArgument, "`inputs`");
  ExpectError(ParseNative(R"({"inputs":["a",""]})"), Code::kInvalidArgument, "`inputs[1]`");
  ExpectError(ParseNative(R"({"inputs":["a",[]]})"), Code::kInvalidArgument, "`inputs[1]`");
}

TEST(WireTei, RefusesWrongTypesNamingWhich) {
  ExpectError(ParseNative(R"({"inputs":5})"), Code::kUnprocessable, "`inputs` must be");
  ExpectError(ParseNative(R"({"inputs":null})"), Code::kUnprocessable, "`inputs` is missing");
  ExpectError(ParseNative(R"({"inputs":["a",5]})"), Code::kUnprocessable, "`inputs[1]` must be");
  ExpectError(ParseNative(R"({"inputs":[1,"a"]})"), Code::kUnprocessable, "`inputs[1]` must be");
  ExpectError(ParseNative(R"({"inputs":[[1,-2]]})"), Code::kUnprocessable, "`inputs[0][1]`");
  ExpectError(ParseNative(R"({"inputs":[1.5]})"), Code::kUnprocessable, "`inputs[0]`");
  ExpectError(ParseNative(R"({"inputs":[99999999999]})"), Code::kUnprocessable, "out of range");
  ExpectError(ParseNative(R"({"inputs":[18446744073709551615]})"), Code::kUnprocessable, "range");
  ExpectError(ParseNative(R"({"inputs":"a","truncate":"yes"})"), Code::kUnprocessable,
              "`truncate` must be a boolean, not a string");
  ExpectError(ParseNative(R"({"inputs":"a","truncation_direction":"up"})"), Code::kUnprocessable,
              "`truncation_direction`");
  ExpectError(ParseNative(R"({"inputs":"a","dimensions":0})"), Code::kUnprocessable, "at least 1");
  ExpectError(ParseNative(R"({"inputs":"a","dimensions":1.5})"), Code::kUnprocessable, "whole");
}

TEST(WireOpenAi, ReadsEveryShapeOfInput) {
  EXPECT_EQ(TextOf(ParseOpenAi(R"({"input":"a","model":"m","user":"u"})")), "a");
  EXPECT_EQ(ParseOpenAi(R"({"input":["a","b"]})").value().inputs.size(), 2U);
  EXPECT_EQ(IdsOf(ParseOpenAi(R"({"input":[5,6]})")), (std::vector<int32_t>{5, 6}));
  EXPECT_EQ(IdsOf(ParseOpenAi(R"({"input":[[5],[6]]})"), 1), (std::vector<int32_t>{6}));
  const auto request = ParseOpenAi(R"({"input":"a","encoding_format":"base64","dimensions":8})");
  EXPECT_TRUE(request.value().base64);
  EXPECT_EQ(request->dimensions, 8);
  EXPECT_EQ(request->normalize, true);
}

TEST(WireOpenAi, RefusesBadInput) {
  ExpectError(ParseOpenAi(R"({"input":""})"), Code::kInvalidArgument, "`input`");
  ExpectError(ParseOpenAi(R"({"input":[]})"), Code::kInvalidArgument, "`input`");
  ExpectError(ParseOpenAi(R"({"inputs":"a"})"), Code::kUnprocessable, "`input` is missing");
  ExpectError(ParseOpenAi(R"({"input":"a","encoding_format":"hex"})"), Code::kUnprocessable,
              "`encoding_format`");
  ExpectError(ParseOpenAi(R"({"input":"a","model":7})"), Code::kUnprocessable, "`model`");
}

TEST(WirePrint, PrintsEachForm) {
  const std::vector<float> values = {0.5F, -1, 9, 0.25F, 2, 9};  // two rows of three, two sent
  EmbedVectors vectors{values, 3, 2, 11};
  EmbedRequest request;
  request.form = Form::kTei;
  EXPECT_EQ(PrintVectors(request, vectors, "m"), "[[0.5,-1],[0.25,2]]");
  request.form = Form::kOpenAi;
  EXPECT_EQ(PrintVectors(request, vectors, "m\"x"),
            R"({"object":"list","data":[{"object":"embedding","embedding":[0.5,-1],"index":0},)"
            R"({"object":"embedding","embedding":[0.25,2],"index":1}],"model":"m\"x",)"
            R"("usage":{"prompt_tokens":11,"total_tokens":11}})");
  request.base64 = true;
  EXPECT_THAT(PrintVectors(request, vectors, "m"), HasSubstr(R"("embedding":"AAAAPwAAgL8=")"));
  vectors = {std::span(values).first(3), 3, 3, 4};
  request.form = Form::kSeed;
  EXPECT_EQ(PrintVectors(request, vectors, "m"), R"({"embedding":[0.5,-1,9]})");
}

TEST(WirePrint, PrintsErrorsInTheRoutesForm) {
  EXPECT_EQ(PrintError(false, Code::kUnprocessable, "a \"b\""),
            R"({"error":"a \"b\"","error_type":"validation"})");
  EXPECT_EQ(PrintError(true, Code::kInvalidArgument, "no"),
            R"({"error":{"message":"no","type":"invalid_request_error","param":null,)"
            R"("code":"invalid_argument"}})");
  EXPECT_THAT(PrintError(true, Code::kUnauthorized, "no"), HasSubstr("invalid_api_key"));
  EXPECT_THAT(PrintError(true, Code::kInternal, "no"), HasSubstr("server_error"));
}

// Any text survives JSON and comes out as it went in, in every form.
TEST(WireProperty, TextsComeThroughUnchanged) {
  EXPECT_TRUE(rc::check("texts round-trip", [](const std::vector<uint32_t>& code_points) {
    std::string text = "x";  // never empty: TEI refuses that
    for (const uint32_t seed : code_points) {
      uint32_t c = seed % 0x110000;
      if (c >= 0xd800 && c < 0xe000) c = 0xfffd;
      if (c < 0x80) {
        text += static_cast<char>(c);
      } else if (c < 0x800) {
        text += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
      } else if (c < 0x10000) {
        text += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
                 static_cast<char>(0x80 | (c & 63))};
      } else {
        text += {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
                 static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
      }
    }
    std::string quoted;
    AppendJsonString(text, &quoted);
    RC_ASSERT(TextOf(ParseNative("{\"text\":" + quoted + "}")) == text);
    RC_ASSERT(TextOf(ParseNative("{\"inputs\":[" + quoted + "]}")) == text);
    RC_ASSERT(TextOf(ParseOpenAi("{\"input\":" + quoted + "}")) == text);
  }));
}

// Whatever the bytes, parsing ends in a request or an error.
TEST(WireProperty, AnyBytesEndInARequestOrAnError) {
  EXPECT_TRUE(rc::check("no crash", [](const std::string& body) {
    RC_ASSERT(ParseNative(body).has_value() || !ParseNative(body).error().message.empty());
    RC_ASSERT(ParseOpenAi(body).has_value() || !ParseOpenAi(body).error().message.empty());
  }));
}

}  // namespace
}  // namespace hearth::serve
