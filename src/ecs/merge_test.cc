#include "ecs/merge.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace hearth::ecs {
namespace {

struct Case {
  const char* into;
  const char* extra;
  const char* merged;  // JSON, or the message
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.into << " + " << one.extra; }

std::string Merged(const Case& one) {
  boost::json::object into = boost::json::parse(one.into).as_object();
  const Status done = Merge(boost::json::parse(one.extra).as_object(), "t", &into);
  if (!done) return done.error().message;
  const std::string once = boost::json::serialize(into);
  EXPECT_TRUE(Merge(boost::json::parse(one.extra).as_object(), "t", &into));
  EXPECT_EQ(boost::json::serialize(into), once) << "merged again it is the same";
  return once;
}

class MergeTable : public testing::TestWithParam<Case> {};

TEST_P(MergeTable, Is) { EXPECT_EQ(Merged(GetParam()), GetParam().merged); }

INSTANTIATE_TEST_SUITE_P(
    All, MergeTable,
    testing::Values(
        Case{R"({"a":1})", R"({})", R"({"a":1})"},
        Case{R"({"a":1})", R"({"a":2,"b":true})", R"({"a":2,"b":true})"},
        Case{R"({"a":{"b":1,"c":2}})", R"({"a":{"c":3}})", R"({"a":{"b":1,"c":3}})"},
        Case{R"({"l":[1,2]})", R"({"l":[3]})", R"({"l":[3]})"},
        Case{R"({"l":[{"name":"x","v":1}]})", R"({"l":[{"name":"x","w":2}]})",
             R"({"l":[{"name":"x","v":1,"w":2}]})"},
        Case{R"({"l":[{"name":"x"}]})", R"({"l":[{"name":"y"}]})",
             R"({"l":[{"name":"x"},{"name":"y"}]})"},
        Case{R"({"tags":[{"key":"x","value":"1"}]})", R"({"tags":[{"key":"x","value":"2"}]})",
             R"({"tags":[{"key":"x","value":"2"}]})"},
        Case{R"({"l":[{"name":"x"}]})", R"({"l":[]})", R"({"l":[]})"},
        // Of the user's own naming.
        Case{R"({})", R"({"dockerLabels":{"a_b.C":"1"}})", R"({"dockerLabels":{"a_b.C":"1"}})"},
        Case{R"({"options":{"x-y":"1"}})", R"({"options":{"a-b":"1"}})",
             R"({"options":{"x-y":"1","a-b":"1"}})"},
        Case{R"({})", R"({"container_definitions":[]})",
             "t.container_definitions: names are the API's here, such as "
             "\"containerDefinitions\": a small letter first, no \"_\""},
        Case{R"({})", R"({"l":[{"Name":"x"}]})",
             "t.l.Name: names are the API's here, such as \"containerDefinitions\": a small letter "
             "first, no \"_\""},
        Case{R"({"l":[{"name":"x"}]})", R"({"l":[{"v":1}]})",
             "t.l: each of the list needs a name: that of one that is there, or another"},
        Case{R"({"l":[{"name":"x","v":{"w":1}}]})", R"({"l":[{"name":"x","v":2}]})",
             "t.l[x].v = 2 cannot take the place of {\"w\":1}"},
        Case{R"({"a":1})", R"({"a":[1]})", "t.a = [1] cannot take the place of 1"}));

}  // namespace
}  // namespace hearth::ecs
