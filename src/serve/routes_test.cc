#include "serve/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hearth::serve {
namespace {

using ::testing::HasSubstr;
using Headers = std::vector<std::pair<std::string, std::string>>;

std::optional<http::Response> Ask(std::string_view method, std::string_view path, Phase phase,
                                  const Headers& headers = {}, std::string_view key = "") {
  const http::RequestHead head{method, path, 10, &headers};
  return Refuse(head, phase, ApiKey(key));
}

int StatusOf(const std::optional<http::Response>& refusal) { return refusal ? refusal->status : 0; }

std::string HeaderOf(const std::optional<http::Response>& refusal, std::string_view name) {
  if (!refusal) return "";
  for (const auto& [key, value] : refusal->headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Routes, TheTableIsConsistent) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const Route& route : Routes()) {
    EXPECT_TRUE(seen.emplace(route.method, route.path).second) << route.path;
    EXPECT_NE(route.parse == nullptr, route.answer == nullptr) << route.path;
    EXPECT_EQ(FindRoute(route.method, route.path), &route);
    EXPECT_EQ(&Routes()[IndexOf(route)], &route);
    if (route.parse != nullptr) {
      EXPECT_TRUE(route.needs_model && !route.open) << route.path;
    }
  }
}

TEST(Routes, HealthAndReadyAnswerInEveryPhaseWithoutAKey) {
  for (const Phase phase : {Phase::kStarting, Phase::kLoading, Phase::kReady, Phase::kDraining}) {
    for (const char* path : {"/health", "/ready", "/livez", "/readyz"}) {
      EXPECT_EQ(StatusOf(Ask("GET", path, phase, {}, "secret")), 0) << path;
      EXPECT_EQ(StatusOf(Ask("HEAD", path, phase, {}, "secret")), 0) << path;
    }
  }
}

TEST(Routes, WorkIsRefusedUntilReadyInTheSeedsWords) {
  for (const char* path : {"/embed", "/v1/embeddings", "/embeddings"}) {
    const auto refusal = Ask("POST", path, Phase::kLoading);
    EXPECT_EQ(StatusOf(refusal), 503);
    EXPECT_EQ(refusal->body, R"({"error":"model not loaded"})");
    EXPECT_EQ(refusal->content_type, "application/json");
    EXPECT_EQ(HeaderOf(refusal, "Retry-After"), "1");
    EXPECT_EQ(StatusOf(Ask("POST", path, Phase::kReady)), 0);
    EXPECT_EQ(StatusOf(Ask("POST", path, Phase::kDraining)), 503);
    EXPECT_EQ(HeaderOf(Ask("POST", path, Phase::kDraining), "Retry-After"), "1");
  }
}

TEST(Routes, SaysWhatIsNotThere) {
  const auto missing = Ask("GET", "/nothing", Phase::kReady);
  EXPECT_EQ(StatusOf(missing), 404);
  EXPECT_THAT(missing->body, HasSubstr("/nothing"));
  EXPECT_THAT(Ask("GET", "/v1/nothing", Phase::kReady)->body, HasSubstr(R"({"error":{)"));
  const auto wrong = Ask("GET", "/embed", Phase::kReady);
  EXPECT_EQ(StatusOf(wrong), 405);
  EXPECT_EQ(HeaderOf(wrong, "Allow"), "POST");
}

TEST(Routes, AsksForTheKeyBeforeSayingAnything) {
  for (const Headers& headers :
       {Headers{}, Headers{{"Authorization", "Bearer wrong"}}, Headers{{"Authorization", "secret"}},
        Headers{{"Authorization", "Bearer secret2"}}, Headers{{"Authorization", "Bearer "}}}) {
    EXPECT_EQ(StatusOf(Ask("POST", "/embed", Phase::kReady, headers, "secret")), 401);
    EXPECT_EQ(StatusOf(Ask("GET", "/nothing", Phase::kReady, headers, "secret")), 401);
    EXPECT_EQ(StatusOf(Ask("GET", "/metrics", Phase::kReady, headers, "secret")), 401);
  }
  EXPECT_EQ(StatusOf(Ask("POST", "/embed", Phase::kReady, {{"authorization", "bearer secret"}},
                         "secret")),
            0);
  EXPECT_THAT(Ask("POST", "/v1/embeddings", Phase::kReady, {}, "secret")->body,
              HasSubstr("invalid_api_key"));
}

TEST(Routes, TakesJsonOnly) {
  for (const char* type : {"application/json", "APPLICATION/JSON; charset=utf-8", "text/json",
                           "application/vnd.api+json", ""}) {
    EXPECT_EQ(StatusOf(Ask("POST", "/embed", Phase::kReady, {{"Content-Type", type}})), 0) << type;
  }
  for (const char* type :
       {"application/x-www-form-urlencoded", "text/plain", "multipart/form-data"}) {
    const auto refusal = Ask("POST", "/embed", Phase::kReady, {{"Content-Type", type}});
    EXPECT_EQ(StatusOf(refusal), 415) << type;
    EXPECT_THAT(refusal->body, HasSubstr("application/json"));
  }
  EXPECT_EQ(StatusOf(Ask("POST", "/embed", Phase::kReady, {{"Content-Encoding", "gzip"}})), 415);
}

TEST(Routes, ErrorsThatPassSayWhenToTryAgain) {
  EXPECT_EQ(HeaderOf(ErrorResponse(false, {Code::kOverloaded, "full"}), "Retry-After"), "1");
  EXPECT_EQ(HeaderOf(ErrorResponse(false, {Code::kInvalidArgument, "no"}), "Retry-After"), "");
}

}  // namespace
}  // namespace hearth::serve
