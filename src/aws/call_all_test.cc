// Pages of a list, joined.
#include <boost/json.hpp>

#include "aws/service_client.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

constexpr Paging kPaging{.list = "arns", .token_in = "nextToken", .token_out = "nextToken"};
const ServiceRequest kList{"ecs", "ListServices", {{"cluster", "c"}}};

TEST(CallAll, JoinsPagesInTheirOrder) {
  std::vector<std::string> asked;
  const CallService call = [&](const ServiceRequest& request) -> ServiceAnswer {
    asked.push_back(boost::json::serialize(request.input));
    boost::json::object page{{"arns", boost::json::array{static_cast<int>(asked.size())}}};
    if (asked.size() < 3) page["nextToken"] = fmt::format("t{}", asked.size());
    return page;
  };
  const auto all = CallAll(call, kList, kPaging);
  ASSERT_TRUE(all);
  EXPECT_EQ(boost::json::serialize(*all), "[1,2,3]");
  EXPECT_EQ(asked,
            (std::vector<std::string>{R"({"cluster":"c"})", R"({"cluster":"c","nextToken":"t1"})",
                                      R"({"cluster":"c","nextToken":"t2"})"}));
}

TEST(CallAll, NamesOfQuerysTokens) {
  const Paging paging{.list = "Rules", .token_in = "Marker", .token_out = "NextMarker"};
  int pages = 0;
  const CallService call = [&](const ServiceRequest& request) -> ServiceAnswer {
    EXPECT_EQ(request.input.contains("Marker"), pages > 0);
    // An empty list and no marker, as XML has them.
    if (++pages == 2) return boost::json::object{{"Rules", ""}, {"NextMarker", ""}};
    return boost::json::object{{"Rules", boost::json::array{"r"}}, {"NextMarker", "m"}};
  };
  const auto all = CallAll(call, {"elbv2", "DescribeRules"}, paging);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 1u);
  EXPECT_EQ(pages, 2);
}

TEST(CallAll, AFailureIsPassedOn) {
  int pages = 0;
  const CallService call = [&](const ServiceRequest&) -> ServiceAnswer {
    if (++pages == 1)
      return boost::json::object{{"arns", boost::json::array{1}}, {"nextToken", "t"}};
    ServiceFailure failure{.error = {Code::kOverloaded, "slow down"}};
    failure.said.code = "Throttling";
    return tl::unexpected<ServiceFailure>(failure);
  };
  const auto all = CallAll(call, kList, kPaging);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().said.code, "Throttling");
}

TEST(CallAll, EndlessPagesEnd) {
  int pages = 0;
  const auto endless = [&](int items) {
    return [&pages, items](const ServiceRequest&) -> ServiceAnswer {
      boost::json::array list(static_cast<size_t>(items), "x");
      return boost::json::object{{"arns", list}, {"nextToken", fmt::format("t{}", ++pages)}};
    };
  };
  auto all = CallAll(endless(100), kList, kPaging);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().error.code, Code::kTooLarge);
  EXPECT_EQ(pages, 101);
  pages = 0;
  all = CallAll(endless(0), kList, kPaging);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().error.code, Code::kTooLarge);
  EXPECT_EQ(pages, kPagesMax);
}

TEST(CallAll, APageThatIsItsOwnNextIsNoPage) {
  int pages = 0;
  const CallService call = [&](const ServiceRequest&) -> ServiceAnswer {
    ++pages;
    return boost::json::object{{"arns", boost::json::array{1}}, {"nextToken", "same"}};
  };
  const auto all = CallAll(call, kList, kPaging);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().error.code, Code::kCorrupt);
  EXPECT_EQ(pages, 2);
}

}  // namespace
}  // namespace hearth::aws
