// What of the admin API needs no socket: who may ask, what bodies say, what is printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/admin_requests.h"
#include "gateway/admin_routes.h"
#include "gateway/listen_address.h"

namespace hearth::gateway {
namespace {

namespace json = boost::json;
using pool::Controller;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kAddress = "http://127.0.0.1:8001";
constexpr const char* kToken = "0123456789abcdef";

int Ask(std::string_view method, std::string_view path, const Headers& headers,
        std::string_view address = kAddress) {
  const auto refusal = AdminGate(address, kToken).Refuse({method, path, 0, &headers});
  return refusal ? refusal->status : 0;
}

TEST(AdminGate, LetsPassWhoNamesThisListener) {
  for (const char* host : {"127.0.0.1:8001", "localhost:8001", "LocalHost:8001"}) {
    EXPECT_EQ(Ask("GET", "/v1/status", {{"Host", host}}), 0) << host;
  }
  EXPECT_EQ(Ask("GET", "/", {{"Host", "[::1]:9"}}, "http://[::1]:9"), 0);
  EXPECT_EQ(Ask("GET", "/", {{"Host", "localhost"}}, "http://10.0.0.5:80"), 0);
  EXPECT_EQ(Ask("GET", "/", {{"Host", "10.0.0.5"}}, "http://10.0.0.5:80"), 0);
  EXPECT_EQ(Ask("GET", "/", {{"Host", "localhost"}}, "unix:/run/admin.sock"), 0);
}

TEST(AdminGate, RefusesEveryOtherHostOnEveryRoute) {
  for (const char* host :
       {"", "evil.example", "evil.example:8001", "127.0.0.1", "localhost", "127.0.0.1:8000",
        "127.0.0.1:80010", "localhost.evil.example:8001", "127.0.0.1.evil.example:8001"}) {
    for (const AdminRoute& route : AdminRoutes()) {
      EXPECT_EQ(Ask(route.method, route.path, {{"Host", host}, {"X-Hearth-Token", kToken}}), 403)
          << host << " " << route.path;
    }
    EXPECT_EQ(Ask("GET", "/nothing", {{"Host", host}}), 403);
  }
  EXPECT_EQ(Ask("GET", "/", {}), 403);
  EXPECT_EQ(Ask("GET", "/", {{"Host", "evil.example"}}, "unix:/run/admin.sock"), 403);
}

TEST(AdminGate, AsksForTheTokenWhereSomethingIsChanged) {
  int posts = 0;
  for (const AdminRoute& route : AdminRoutes()) {
    const auto with = [&](const char* token) {
      return Ask(route.method, route.path, {{"Host", "localhost:8001"}, {"x-hearth-token", token}});
    };
    const bool post = route.method == "POST";
    posts += post ? 1 : 0;
    EXPECT_EQ(with(kToken), 0) << route.path;
    EXPECT_EQ(with(""), post ? 401 : 0) << route.path;
    EXPECT_EQ(with("0123456789abcdeF"), post ? 401 : 0) << route.path;
    EXPECT_EQ(with("0123456789abcdef0"), post ? 401 : 0) << route.path;
  }
  EXPECT_EQ(posts, 4);
}

TEST(AdminGate, SaysWhatIsNotThere) {
  const Headers headers = {{"Host", "localhost:8001"}, {"X-Hearth-Token", kToken}};
  EXPECT_EQ(Ask("GET", "/nothing", headers), 404);
  EXPECT_EQ(Ask("GET", "/v1/status/", headers), 404);
  EXPECT_EQ(Ask("GET", "/v1/down", headers), 405);
  EXPECT_EQ(Ask("POST", "/v1/status", headers), 405);
  EXPECT_EQ(Ask("OPTIONS", "/v1/drain", headers), 405) << "a preflight of a page elsewhere";
  EXPECT_EQ(Ask("HEAD", "/health", headers), 0);
  const auto refusal = AdminGate(kAddress, kToken).Refuse({"PUT", "/v1/scale", 0, &headers});
  EXPECT_THAT(refusal->headers,
              ::testing::Contains(std::pair<std::string, std::string>("Allow", "POST")));
}

TEST(AdminRequests, ScaleTakesNumbersAndNull) {
  rc::check([](bool has_floor, bool has_spare) {
    const int floor = *rc::gen::inRange(0, 10'001);
    const int spare = *rc::gen::inRange(0, 10'001);
    std::string body = R"({"max":null)";
    if (has_floor) body += fmt::format(R"(,"floor":{})", floor);
    if (has_spare) body += fmt::format(R"(,"spare":{})", spare);
    const auto change = ParseScale(body + "}");
    RC_ASSERT(change.has_value());
    RC_ASSERT(change->max == Controller::kAsInFile);
    RC_ASSERT(change->floor == (has_floor ? std::optional(floor) : std::nullopt));
    RC_ASSERT(change->spare == (has_spare ? std::optional(spare) : std::nullopt));
  });
}

TEST(AdminRequests, WhatIsWrongIsNamed) {
  const auto scale = [](std::string_view body) { return ParseScale(body).error(); };
  EXPECT_EQ(scale("").code, Code::kInvalidArgument);
  EXPECT_EQ(scale("{").code, Code::kInvalidArgument);
  EXPECT_EQ(scale("[1]").code, Code::kInvalidArgument);
  EXPECT_EQ(scale(std::string(10'000, '[')).code, Code::kInvalidArgument);
  EXPECT_EQ(scale("{\"floor\":\"\xff\"}").code, Code::kInvalidArgument);
  EXPECT_THAT(scale("{}").message, HasSubstr("floor, spare and max"));
  EXPECT_THAT(scale(R"({"flor":1})").message, HasSubstr("\"flor\""));
  for (const char* value : {"-1", "1.5", "\"2\"", "10001", "true", "[]", "99999999999999999999"}) {
    const Error error = scale(fmt::format(R"({{"floor":{}}})", value));
    EXPECT_EQ(error.code, Code::kUnprocessable) << value;
    EXPECT_THAT(error.message, HasSubstr("`floor`")) << value;
  }
  EXPECT_THAT(scale(R"({"max":0})").message, HasSubstr("`max` must be a whole number from 1"));
}

TEST(AdminRequests, RollTakesAModelAnImageOrACommand) {
  EXPECT_EQ(ParseRoll(R"({"model":"m.hearth"})")->model, "m.hearth");
  EXPECT_EQ(ParseRoll(R"({"image":"x:2"})")->image, "x:2");
  EXPECT_THAT(*ParseRoll(R"({"command":["python","a b","{port}"]})")->command,
              ElementsAre("python", "a b", "{port}"));
  for (const char* body : {"{}", R"({"model":""})", R"({"model":3})", R"({"command":"uvicorn"})",
                           R"({"command":[]})", R"({"command":[""]})", R"({"command":["a",1]})",
                           R"({"command":["a\u0000b"]})", R"({"modell":"x"})"}) {
    const auto change = ParseRoll(body);
    ASSERT_FALSE(change.has_value()) << body;
    EXPECT_EQ(change.error().code, Code::kUnprocessable) << body;
  }
}

TEST(AdminRequests, DrainTakesAReplicasName) {
  EXPECT_EQ(ParseDrain(R"({"replica":"r7"})")->value, 7U);
  for (const char* name : {"", "7", "r", "r-1", "r7 ", "r7x", "R7", "r99999999999999999999"}) {
    EXPECT_FALSE(ParseDrain(fmt::format(R"({{"replica":"{}"}})", name)).has_value()) << name;
  }
  EXPECT_FALSE(ParseDrain("{}").has_value());
}

TEST(ListenAddress, TakesHostAndPortOrAUnixSocket) {
  EXPECT_EQ(ParseListen("127.0.0.1:8001")->host, "127.0.0.1");
  EXPECT_EQ(ParseListen("127.0.0.1:0")->port, 0);
  EXPECT_EQ(ParseListen("[::1]:65535")->host, "::1");
  EXPECT_EQ(ParseListen(":80")->host, "");
  EXPECT_EQ(ParseListen("unix:/run/x.sock")->unix_path, "/run/x.sock");
  EXPECT_EQ(ParseListen("unix:///run/x.sock")->unix_path, "/run/x.sock");
  for (const char* text : {"", "8001", "localhost", "localhost:", "localhost:http", "h:65536",
                           "h:-1", "::1:80", "http://h:80", "h:80/", "unix:", "a@h:80"}) {
    EXPECT_FALSE(ParseListen(text).has_value()) << text;
  }
}

TEST(Traffic, ASecondSaysWhatHappenedInIt) {
  TrafficSeries series;
  for (int i = 1; i <= 100; ++i) series.OnRequestEnd(i, i <= 98 ? 200 : 502);
  series.OnRequestEnd(7, 0);   // cut
  series.OnRequestEnd(7, -1);  // the client had gone
  series.OnWaiting(5);
  series.OnWaiting(3);
  series.Turn(1'000, {.arrivals = 110, .occupied = 2, .occupied_peak = 9, .waiting = 1}, 3);
  series.Turn(1'001, {.arrivals = 115, .occupied = 1}, 2);
  ASSERT_EQ(series.seconds().size(), 2U);
  const TrafficSeries::Second& first = series.seconds()[0];
  EXPECT_EQ(first.arrivals, 110);
  EXPECT_EQ(first.answered, 100);
  EXPECT_EQ(first.errors, 3);
  EXPECT_EQ(first.waiting_peak, 5);
  EXPECT_EQ(first.occupied_peak, 9);
  EXPECT_EQ(first.ready, 3);
  EXPECT_EQ(first.p50_ms, 50);
  EXPECT_EQ(first.p99_ms, 99);
  const TrafficSeries::Second& second = series.seconds()[1];
  EXPECT_EQ(second.arrivals, 5);
  EXPECT_EQ(second.answered + second.errors + second.waiting_peak, 0);
  EXPECT_EQ(second.p99_ms, 0);
}

TEST(Traffic, KeepsTheLastTenMinutes) {
  TrafficSeries series;
  for (int i = 0; i < 1'000; ++i) series.Turn(i, {}, 0);
  EXPECT_EQ(series.seconds().size(), TrafficSeries::kSeconds);
  EXPECT_EQ(series.seconds().back().unix_s, 999);
}

pool::PoolStatus SomeStatus() {
  pool::PoolStatus status;
  status.name = "a \"pool\"\n";
  status.floor = {2, "hearth.toml"};
  status.spare = {1, "default"};
  status.max = {12, "hearth scale"};
  status.keep_warm_seconds = 300;
  status.desired = 3;
  status.ready = 1;
  status.version = "0a1b2c3d4e5f";
  status.roll_state = pool::RollState::kRolling;
  status.roll = "1 of 3 replaced";
  pool::ReplicaStatus ready;
  ready.id = {7};
  ready.state = pool::ReplicaState::kReady;
  ready.slots = 4;
  ready.busy = 1;
  ready.pid = 4711;
  ready.memory_bytes = 1'000;
  pool::ReplicaStatus gone;
  gone.id = {3};
  gone.state = pool::ReplicaState::kGone;
  gone.memory_bytes = 5;
  gone.end_reason = "exited: exit 3";
  gone.gone_seconds = 2;
  status.replicas = {ready, gone};
  status.decisions = {{1'764'082'799'000, 3, 1, "1 in use and 1 spare"}};
  status.counts.starts = 4;
  status.counts.ends[pool::EndReason::kExited] = 1;
  return status;
}

TEST(StatusJson, SaysAllOfIt) {
  TrafficSeries series;
  for (int second = 1; second <= 3; ++second) series.Turn(second, {.arrivals = second}, 1);
  const json::object root =
      json::parse(PrintStatus(SomeStatus(), series, "http://127.0.0.1:8000", 99)).as_object();
  EXPECT_EQ(root.at("name").as_string(), "a \"pool\"\n");
  EXPECT_EQ(root.at("now_ms").as_int64(), 99);
  EXPECT_EQ(root.at("gateway").as_string(), "http://127.0.0.1:8000");
  EXPECT_EQ(root.at("max").at("value").as_int64(), 12);
  EXPECT_EQ(root.at("max").at("source").as_string(), "hearth scale");
  EXPECT_EQ(root.at("roll_state").as_string(), "rolling");
  ASSERT_EQ(root.at("replicas").as_array().size(), 2U);
  const json::object& replica = root.at("replicas").as_array()[0].as_object();
  EXPECT_EQ(replica.at("id").as_string(), "r7");
  EXPECT_EQ(replica.at("state").as_string(), "ready");
  EXPECT_EQ(replica.at("slots").as_int64(), 4);
  EXPECT_EQ(root.at("replicas").as_array()[1].at("end_reason").as_string(), "exited: exit 3");
  EXPECT_EQ(root.at("decisions").as_array()[0].at("reason").as_string(), "1 in use and 1 spare");
  EXPECT_EQ(root.at("traffic").as_array().size(), 3U);
  const auto later = json::parse(PrintStatus(SomeStatus(), series, "", 99, 2));
  ASSERT_EQ(later.at("traffic").as_array().size(), 1U);
  EXPECT_EQ(later.at("traffic").as_array()[0].at("t").as_int64(), 3);
}

TEST(StatusJson, AnEmptyPoolIsValidJson) {
  const auto root = json::parse(PrintStatus({}, {}, "", 0));
  EXPECT_TRUE(root.at("replicas").as_array().empty());
  EXPECT_TRUE(root.at("traffic").as_array().empty());
}

TEST(PoolMetrics, CountWhatIsThereAndWhatHappened) {
  MetricsText text;
  PrintPoolMetrics(SomeStatus(), &text);
  const std::string page = text.Take();
  EXPECT_THAT(page, HasSubstr("hearth_pool_replicas{state=\"ready\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_replicas{state=\"starting\"} 0\n"));
  EXPECT_THAT(page, Not(HasSubstr("gone")));
  EXPECT_THAT(page, HasSubstr("hearth_pool_slots 4\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_slots_busy 1\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_memory_bytes 1000\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_floor 2\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_rolling 1\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_starts_total 4\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_ends_total{reason=\"exited\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hearth_pool_ends_total{reason=\"retired\"} 0\n"));
}

}  // namespace
}  // namespace hearth::gateway
