#include "aws/xml_read.h"

#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

TEST(ReadXml, ElementsTextAndEntities) {
  const auto root = ReadXml(
      "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- c --><a:r xmlns:a='u' x = "
      "\"1\"><k>a&lt;&#65;&#x20ac;"
      "&amp;</k><k/>t<n ><m>2</m></n></a:r>\n");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->name, "r");
  EXPECT_EQ(root->text, "t");
  EXPECT_EQ(root->children.size(), 3U);
  EXPECT_EQ(root->TextOf("k"), "a<A\xE2\x82\xAC&");
  EXPECT_EQ(root->Child("n")->TextOf("m"), "2");
  EXPECT_EQ(root->Child("none"), nullptr);
  EXPECT_EQ(root->TextOf("none"), "");
}

TEST(ReadXml, RefusesTheRest) {
  for (const char* text : {"",
                           " ",
                           "a",
                           "<",
                           "<a",
                           "<a>",
                           "</a>",
                           "<a></b>",
                           "<a><b></a></b>",
                           "<a/><b/>",
                           "x<a/>",
                           "<a/>x",
                           "<a>&b;</a>",
                           "<a>&</a>",
                           "<a>&#0;</a>",
                           "<a>&#xD800;</a>",
                           "<a>&#x110000;</a>",
                           "<a>&#1x;</a>",
                           "<a>&#99999999999;</a>",
                           "<!DOCTYPE a><a/>",
                           "<a><![CDATA[x]]></a>",
                           "<a><?p?></a>",
                           "<a b></a>",
                           "<a b=c></a>",
                           "<a b=\"c></a>",
                           "<a b=\"c\"d=\"e\"/>",
                           "<a / >",
                           "<?xml",
                           "<!-- <a/>",
                           "< a/>",
                           "<a b='<'/>",
                           "{\"a\": 1}"}) {
    const auto root = ReadXml(text);
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(root.error().code, Code::kCorrupt);
  }
  const auto nested = [](size_t depth) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += "<a>";
    for (size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(ReadXml(nested(32)));
  EXPECT_EQ(ReadXml(nested(33)).error().code, Code::kTooLarge);
  EXPECT_EQ(ReadXml(std::string(1'000'000, '<')).error().code, Code::kCorrupt);
  EXPECT_EQ(ReadXml("<a>123</a>", {.bytes_max = 9}).error().code, Code::kTooLarge);
  EXPECT_EQ(ReadXml("<a><b/><b/></a>", {.elements_max = 2}).error().code, Code::kTooLarge);
}

}  // namespace
}  // namespace hearth::aws
