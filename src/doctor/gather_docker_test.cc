// The image and the containers, read from an engine that says what a test scripts.
#include "doctor/gather_local.h"
#include "doctor/test_support.h"
#include "pool/docker_test_support.h"

namespace hearth::doctor {
namespace {

using pool::testing::FakeEngine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

LocalFacts Look(const FakeEngine& engine, const config::Config& config) {
  const std::string host = "unix://" + engine.socket().unix_path;
  const LocalOptions options{.config = config,
                             .env = [host](std::string_view name) -> std::optional<std::string> {
                               if (name == "DOCKER_HOST") return host;
                               return std::nullopt;
                             },
                             .root = ""};
  LocalFacts facts;
  LookAtDocker(options, &facts);
  return facts;
}

config::Config OfImage(const std::string& image) {
  config::Config config;
  config.replica.backend = config::Backend::kDocker;
  config.replica.image = image;
  return config;
}

TEST(LookAtDocker, ReadsSizeUserHistoryAndContainers) {
  const FakeEngine engine(
      [](const FakeEngine::Question& question) -> std::optional<http::Response> {
        if (question.Is("GET /version")) return http::Response{.body = "{}"};
        if (question.Is("GET /images/team/m:1/json")) {
          return http::Response{.body = R"({"Size": 3100000000, "Config": {"User": "app"}})"};
        }
        if (question.Is("GET /images/team/m:1/history")) {
          return http::Response{.body = R"([{"CreatedBy": "RUN apt-get install -y cmake"}])"};
        }
        if (question.Is("GET /containers/json"))
          return http::Response{.body = R"([{"Id": "c0ffee"}])"};
        return http::Response{.body = R"({"Name": "/hearth-r1", "State": {"OOMKilled": true}})"};
      });
  const LocalFacts facts = Look(engine, OfImage("team/m:1"));
  ASSERT_TRUE(facts.image);
  EXPECT_EQ(facts.docker_problem, "");
  EXPECT_EQ(facts.image->bytes, 3'100'000'000);
  EXPECT_EQ(facts.image->config.at("User").as_string(), "app");
  EXPECT_THAT(facts.image->build_tools, ElementsAre("cmake"));
  ASSERT_EQ(facts.containers.size(), 1u);
}

TEST(LookAtDocker, AnImageThatIsNotHereAndNoEngine) {
  const FakeEngine engine(
      [](const FakeEngine::Question& question) -> std::optional<http::Response> {
        if (question.Is("GET /version")) return http::Response{.body = "{}"};
        return http::Response{.status = 404, .body = R"({"message": "No such image: m:1"})"};
      });
  const LocalFacts facts = Look(engine, OfImage("m:1"));
  ASSERT_TRUE(facts.image);
  EXPECT_THAT(facts.image->problem, HasSubstr("No such image: m:1"));
  EXPECT_THAT(facts.image->problem, HasSubstr("`docker pull m:1`"));

  config::Config config = OfImage("m:1");
  const LocalOptions nowhere{.config = config,
                             .env = [](std::string_view name) -> std::optional<std::string> {
                               if (name == "DOCKER_HOST") return "unix:///nowhere/docker.sock";
                               return std::nullopt;
                             },
                             .root = ""};
  LocalFacts none;
  LookAtDocker(nowhere, &none);
  EXPECT_FALSE(none.image);
  EXPECT_THAT(none.docker_problem, HasSubstr("/nowhere/docker.sock"));
}

}  // namespace
}  // namespace hearth::doctor
