#include "aws/region.h"

#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

TEST(ServiceHost, AsBotocoreDoes) {
  const auto rows = Golden("hosts.json");
  ASSERT_GT(rows.size(), 50U);
  for (const auto& row : rows) {
    const auto host =
        ServiceHost(Text(row.at("service")), Text(row.at("region")),
                    {.fips = row.at("fips").as_bool(), .dualstack = row.at("dualstack").as_bool()});
    ASSERT_TRUE(host);
    EXPECT_EQ(*host, Text(row.at("host"))) << row;
  }
  for (const char* region : {"", "EU", "a.b", "a/b", "a@b"}) {
    EXPECT_EQ(ServiceHost("s3", region).error().code, Code::kInvalidArgument) << region;
  }
}

TEST(Region, EnvironmentThenProfile) {
  Profiles profiles;
  EXPECT_EQ(FindRegion(FakeEnv({}), profiles), "");
  profiles.config = {{"region", "c"}};
  EXPECT_EQ(FindRegion(FakeEnv({}), profiles), "c");
  EXPECT_EQ(FindRegion(FakeEnv({{"AWS_DEFAULT_REGION", "d"}}), profiles), "d");
  EXPECT_EQ(FindRegion(FakeEnv({{"AWS_DEFAULT_REGION", "d"}, {"AWS_REGION", "r"}}), profiles), "r");
  EXPECT_EQ(FindRegion(FakeEnv({{"AWS_REGION", ""}}), profiles), "c");
}

TEST(GivenEndpoint, Precedence) {
  std::map<std::string, std::string> env = {{"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "1"},
                                            {"AWS_ENDPOINT_URL", "2"}};
  Profiles profiles;
  profiles.services = {{"elastic_load_balancing_v2.endpoint_url", "3"}};
  profiles.config = {{"endpoint_url", "4"}};
  const auto given = [&] {
    return GivenEndpoint(FakeEnv(env), profiles, "elastic-load-balancing-v2").value_or("none");
  };
  EXPECT_EQ(given(), "1");
  env.erase("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2");
  EXPECT_EQ(given(), "2");
  env["AWS_ENDPOINT_URL"] = "";
  EXPECT_EQ(given(), "3");
  profiles.services.clear();
  EXPECT_EQ(given(), "4");
  env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "TRUE";
  EXPECT_EQ(given(), "none");
  env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false";
  profiles.config["ignore_configured_endpoint_urls"] = "true";
  EXPECT_EQ(given(), "4");
  env.erase("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  EXPECT_EQ(given(), "none");
}

TEST(UsesPathStyle, Table) {
  Profiles profiles;
  EXPECT_FALSE(UsesPathStyle(profiles, false, "bucket"));
  EXPECT_TRUE(UsesPathStyle(profiles, false, "my.bucket"));
  EXPECT_TRUE(UsesPathStyle(profiles, true, "bucket"));
  profiles.config["s3.addressing_style"] = "virtual";
  EXPECT_FALSE(UsesPathStyle(profiles, true, "bucket"));
  EXPECT_TRUE(UsesPathStyle(profiles, true, "my.bucket"));
  profiles.config["s3.addressing_style"] = "path";
  EXPECT_TRUE(UsesPathStyle(profiles, false, "bucket"));
}

}  // namespace
}  // namespace hearth::aws
