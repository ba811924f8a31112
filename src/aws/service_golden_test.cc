// Requests, answers and places of services, as botocore makes and reads them.
#include <algorithm>

#include "aws/service_client.h"
#include "aws/service_place.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

constexpr time_t kTime = 1'764'072'000;  // of tools/golden/aws_calls.py

Env SignedIn() {
  return FakeEnv({{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                  {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
                  {"AWS_SESSION_TOKEN", "token"},
                  {"AWS_REGION", "eu-west-1"}});
}

std::string SuccessOf(const ServiceFacts& service, const std::string& action) {
  return service.protocol == Protocol::kJson ? "{}" : "<" + action + "Response/>";
}

TEST(ServiceGolden, RequestsAreBotocores) {
  FakeWorld world;
  std::string success;
  world.answer = [&](const Asked&) { return AnswerOf(200, success); };
  auto client = ServiceClient::Make({.env = SignedIn()}, {.ask = world.ask(), .now = [] {
                                                            return system_clock::from_time_t(kTime);
                                                          }});
  ASSERT_TRUE(client) << client.error().message;
  const auto rows = Golden("requests.json");
  ASSERT_GE(rows.size(), 100u);
  for (const auto& row : rows) {
    const ServiceRequest request{Text(row.at("service")), Text(row.at("action")),
                                 row.at("input").as_object()};
    SCOPED_TRACE(request.service + " " + request.action + " " + Text(row.at("body")));
    success = SuccessOf(*FindService(request.service), request.action);
    const auto answer = (*client)->Call(request);
    ASSERT_TRUE(answer) << answer.error().error.message;
    const Asked& asked = world.asked.back();
    EXPECT_EQ(asked.url.ToString(), "https://" + Text(row.at("host")) + "/");
    EXPECT_EQ(asked.request.method, "POST");
    EXPECT_EQ(asked.request.body, Text(row.at("body")));
    for (const auto& [name, value] : row.at("headers").as_object()) {
      EXPECT_EQ(asked.Header(name), Text(value));
    }
    EXPECT_EQ(asked.Header("Authorization"), Text(row.at("authorization")));
  }
  EXPECT_EQ(world.asked.size(), rows.size());
}

TEST(ServiceGolden, AnswersAreReadAsBotocoreReadsThem) {
  const auto rows = Golden("answers.json");
  ASSERT_GE(rows.size(), 60u);
  for (const auto& row : rows) {
    const std::string action = Text(row.at("action"));
    const auto read =
        QueryAnswer(*FindService(Text(row.at("service"))), action, Text(row.at("xml")));
    ASSERT_TRUE(read) << action << ": " << read.error().message;
    EXPECT_EQ(boost::json::value(*read), row.at("read")) << action;
  }
}

// IAM's FIPS and dual-stack hosts outside of the partitions that botocore has rules for: what
// botocore's rules make up there is not copied.
bool IsMadeUp(const boost::json::value& row) {
  const std::string region = Text(row.at("region"));
  const bool variant = row.at("fips").as_bool() || row.at("dualstack").as_bool();
  return Text(row.at("service")) == "iam" && variant &&
         (region.starts_with("cn-") || region.starts_with("us-iso") ||
          region.starts_with("eu-iso") || region.starts_with("eusc-"));
}

TEST(ServiceGolden, PlacesAreBotocores) {
  size_t made_up = 0;
  const auto rows = Golden("places.json");
  ASSERT_GE(rows.size(), 300u);
  for (const auto& row : rows) {
    const std::string name = Text(row.at("service"));
    const std::string region = Text(row.at("region"));
    const Env env =
        FakeEnv({{"AWS_USE_FIPS_ENDPOINT", row.at("fips").as_bool() ? "true" : "false"},
                 {"AWS_USE_DUALSTACK_ENDPOINT", row.at("dualstack").as_bool() ? "true" : "false"}});
    const auto place = PlaceOf(*FindService(name), env, {}, region);
    ASSERT_TRUE(place) << place.error().message;
    if (IsMadeUp(row)) {
      ++made_up;
      continue;
    }
    EXPECT_EQ(place->url.host, Text(row.at("host"))) << boost::json::serialize(row);
    EXPECT_EQ(place->region, Text(row.at("signed_for"))) << boost::json::serialize(row);
  }
  EXPECT_EQ(made_up, 18u);
}

TEST(ServicePlace, AGivenEndpointWins) {
  const auto at = [](std::string_view service, std::map<std::string, std::string> env,
                     const Profiles& of = {}) {
    const auto place = PlaceOf(*FindService(service), FakeEnv(std::move(env)), of, "eu-west-1");
    return place ? place->url.ToString() + " " + place->region : place.error().message;
  };
  EXPECT_EQ(at("ecs", {{"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"}}),
            "http://127.0.0.1:5000/ eu-west-1");
  EXPECT_EQ(at("elbv2", {{"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"},
                         {"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "http://127.0.0.1:6000"}}),
            "http://127.0.0.1:6000/ eu-west-1");
  EXPECT_EQ(at("application-autoscaling",
               {{"AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING", "http://127.0.0.1:7000"}}),
            "http://127.0.0.1:7000/ eu-west-1");
  EXPECT_EQ(at("logs", {{"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:7001"}}),
            "http://127.0.0.1:7001/ eu-west-1");
  Profiles profiles;
  profiles.services = {{"cloudwatch.endpoint_url", "http://127.0.0.1:1"}};
  EXPECT_EQ(at("cloudwatch", {}, profiles), "http://127.0.0.1:1/ eu-west-1");
  EXPECT_EQ(at("iam", {{"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"}}),
            "http://127.0.0.1:5000/ us-east-1");
  const std::string broken = at("ecr", {{"AWS_ENDPOINT_URL_ECR", "ftp://x"}});
  EXPECT_NE(broken.find("the endpoint of ecr"), std::string::npos) << broken;
}

TEST(FindService, KnowsItsNamesAndNoOthers) {
  EXPECT_EQ(AllServices().size(), 9u);
  for (const ServiceFacts& service : AllServices()) {
    EXPECT_EQ(FindService(service.name), &service);
    EXPECT_EQ(service.protocol == Protocol::kJson, !service.target_prefix.empty()) << service.name;
    EXPECT_EQ(service.protocol == Protocol::kJson, service.version.empty()) << service.name;
  }
  EXPECT_EQ(FindService("s3"), nullptr);
}

TEST(QueryAnswer, WhatIsNoAnswerIsCorrupt) {
  const ServiceFacts& elb = *FindService("elbv2");
  for (const char* xml : {"", "{}", "<html><body>502</body></html>", "<DescribeRulesResponse>",
                          "<CreateRuleResponse/>", "<DescribeRulesResult/>"}) {
    const auto read = QueryAnswer(elb, "DescribeRules", xml);
    ASSERT_FALSE(read) << xml;
    EXPECT_EQ(read.error().code, Code::kCorrupt) << xml;
    EXPECT_NE(read.error().message.find("DescribeRules"), std::string::npos);
  }
  EXPECT_TRUE(QueryAnswer(elb, "DescribeRules", "<DescribeRulesResponse/>")->empty());
}

}  // namespace
}  // namespace hearth::aws
