#include "aws/document.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace hearth::aws {
namespace {

boost::json::object Read(std::string_view text) { return boost::json::parse(text).as_object(); }

TEST(Document, WhatIsThere) {
  const auto in = Read(R"({"t": "x", "i": 12, "d": 0.5, "b": true, "l": ["a", {"k": "v"}],
                           "o": {"k": "v"}})");
  EXPECT_EQ(TextOf(in, "t"), "x");
  EXPECT_EQ(NumberOf(in, "i"), 12);
  EXPECT_EQ(NumberOf(in, "d"), 0.5);
  EXPECT_EQ(BoolOf(in, "b"), true);
  ASSERT_EQ(ListOf(in, "l").size(), 2u);
  EXPECT_EQ(AsText(ListOf(in, "l")[0]), "a");
  EXPECT_EQ(TextOf(AsObject(ListOf(in, "l")[1]), "k"), "v");
  EXPECT_EQ(TextOf(ObjectOf(in, "o"), "k"), "v");
}

TEST(Document, TextsOfXmlAreNumbersAndBooleans) {
  const auto in = Read(R"({"i": "12", "d": "-0.5", "e": "1e3", "yes": "true", "no": "false"})");
  EXPECT_EQ(NumberOf(in, "i"), 12);
  EXPECT_EQ(NumberOf(in, "d"), -0.5);
  EXPECT_EQ(NumberOf(in, "e"), 1000);
  EXPECT_EQ(BoolOf(in, "yes"), true);
  EXPECT_EQ(BoolOf(in, "no"), false);
}

TEST(Document, WhatIsAbsentNullOrOfAnotherKindIsEmpty) {
  const auto in = Read(R"({"null": null, "text": "", "word": "12 s", "nan": "nan", "inf": "inf",
                           "list": [1], "object": {"a": 1}, "number": 1, "bool": true})");
  for (const char* name : {"absent", "null", "list", "object", "number", "bool", "text"}) {
    EXPECT_EQ(TextOf(in, name), "") << name;
  }
  for (const char* name :
       {"absent", "null", "text", "word", "nan", "inf", "list", "object", "bool"}) {
    EXPECT_EQ(NumberOf(in, name), std::nullopt) << name;
  }
  for (const char* name : {"absent", "null", "text", "word", "list", "object", "number"}) {
    EXPECT_EQ(BoolOf(in, name), std::nullopt) << name;
  }
  for (const char* name : {"absent", "null", "text", "word", "object", "number", "bool"}) {
    EXPECT_TRUE(ListOf(in, name).empty()) << name;
  }
  for (const char* name : {"absent", "null", "text", "word", "list", "number", "bool"}) {
    EXPECT_TRUE(ObjectOf(in, name).empty()) << name;
  }
  EXPECT_EQ(AsText(in.at("number")), "");
  EXPECT_TRUE(AsObject(in.at("list")).empty());
}

}  // namespace
}  // namespace hearth::aws
