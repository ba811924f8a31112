#include "ecs/hcl_print.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/utf8.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

// Reads a quoted text as Terraform's grammar says; nullopt where there would be a template.
std::optional<std::string> Read(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"') return {};
  quoted = quoted.substr(1, quoted.size() - 2);
  std::string out;
  for (size_t at = 0; at < quoted.size(); ++at) {
    const char c = quoted[at];
    const std::string_view rest = quoted.substr(at);
    if (c == '"' || static_cast<unsigned char>(c) < 0x20) return {};
    if (rest.starts_with("$${") || rest.starts_with("%%{")) {
      out += rest.substr(1, 2);
      at += 2;
    } else if (rest.starts_with("${") || rest.starts_with("%{")) {
      return {};
    } else if (c == '\\') {
      const char kind = quoted.at(++at);
      constexpr std::string_view kFrom = "nrt\"\\", kTo = "\n\r\t\"\\";
      if (const size_t i = kFrom.find(kind); i != kFrom.npos) {
        out += kTo[i];
      } else {
        const size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        if (digits == 0) return {};
        AppendUtf8(static_cast<char32_t>(
                       std::stoul(std::string(quoted.substr(at + 1, digits)), nullptr, 16)),
                   &out);
        at += digits;
      }
    } else {
      out += c;
    }
  }
  return out;
}

TEST(HclText, EscapesWhatTerraformWouldRead) {
  EXPECT_EQ(HclText("plain"), R"("plain")");
  EXPECT_EQ(HclText("a \"b\"\\\n\r\t"), R"("a \"b\"\\\n\r\t")");
  EXPECT_EQ(HclText("${var.x} %{if true}"), R"("$${var.x} %%{if true}")");
  EXPECT_EQ(HclText("$"), R"("$")");
  EXPECT_EQ(HclText("$$"), R"("$$")");
  EXPECT_EQ(HclText("$${x}"), R"("$\u0024{x}")");
  EXPECT_EQ(HclText("100%"), R"("100%")");
  EXPECT_EQ(HclText("é 🔥 日本"), R"("é 🔥 日本")");
  EXPECT_EQ(HclText(std::string_view("\x01\x7f\0", 3)), R"("\u0001\u007f\u0000")");
  EXPECT_EQ(HclText("\xff"), "\"\xEF\xBF\xBD\"") << "not UTF-8: the replacement character";
}

rc::Gen<std::string> HostileText() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::weightedOneOf<std::string>(
          {{6, rc::gen::elementOf(std::vector<std::string>{
                   "$",      "%",  "{",  "}",  "${", "%{",      "$${",   "%%{",
                   "\\",     "\"", "\n", "\r", "\t", "~}",      "u0041", "é",
                   "\u2028", "🔥", "//", "#",  "/*", "<<EOT\n", " ",     "a"})},
           {1, rc::gen::map(rc::gen::inRange<char32_t>(1, 0xD800),
                            [](char32_t c) {
                              std::string text;
                              AppendUtf8(c, &text);
                              return text;
                            })}})),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) text += part;
        return text;
      });
}

TEST(HclText, ReadsBackAsItWas) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = *HostileText();
    RC_ASSERT(Read(HclText(text)) == std::optional(text));
  }));
}

TEST(PrintHcl, LooksAsTerraformFmtLeavesIt) {
  const HclBlock inner = {.type = "volume",
                          .attributes = {{"name", {"model"}}, {"configure_at_launch", {true}}}};
  HclBlock block = {.type = "resource", .labels = {"aws_x", "pool"}};
  block.attributes = {{"family", {"f"}},
                      {"cpu_units", {1024}},
                      {"containers",
                       {json::array{json::object{{"name", "a"},
                                                 {"command", {"x", "y"}},
                                                 {"check", json::object{{"interval", 15}}},
                                                 {"none", json::array{}}}},
                        HclValue::As::kJsonEncode}},
                      {"arn", {"aws_y.pool.arn", HclValue::As::kExpression}},
                      {"tags", {json::object{{"a b", "1"}, {"für", "2"}, {"for", "3"}}}},
                      {"empty", {json::object{}}}};
  block.blocks = {inner};
  block.comment = "Why.";
  EXPECT_EQ(PrintHcl({block, {.type = "bare"}}), R"(# Why.
resource "aws_x" "pool" {
  family    = "f"
  cpu_units = 1024
  containers = jsonencode([
    {
      name    = "a"
      command = ["x", "y"]
      check = {
        interval = 15
      }
      none = []
    },
  ])
  arn = aws_y.pool.arn
  tags = {
    "a b"      = "1"
    "f\u00fcr" = "2"
    "for"      = "3"
  }
  empty = {}

  volume {
    name                = "model"
    configure_at_launch = true
  }
}

bare {}
)");
}

TEST(PrintHcl, NumbersAsShortAsTheyRead) {
  const HclBlock block = {.type = "b",
                          .attributes = {{"whole", {60.0}}, {"half", {0.5}}, {"small", {-3}}}};
  EXPECT_EQ(PrintHcl({block}), "b {\n  whole = 60\n  half  = 0.5\n  small = -3\n}\n");
}

}  // namespace
}  // namespace hearth::ecs
