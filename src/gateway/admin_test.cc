// The admin API over real sockets: an event loop on a thread of its own, as `hearth up` has it.
#include "gateway/admin.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "http/client.h"

namespace hearth::gateway {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kToken = "a-token-that-nobody-guesses";

class AdminApi : public ::testing::Test {
 protected:
  AdminApi()
      : log_file_(::memfd_create("log", 0)),
        log_(log_file_.get(), LogFormat::kJson, LogLevel::kDebug) {
    loop_ = *EventLoop::Create();
    AdminActions actions;
    actions.status = [this] {
      EXPECT_EQ(std::this_thread::get_id(), thread_.get_id()) << "the pool is the loop's";
      pool::PoolStatus status;
      status.name = "tested";
      status.floor = {floor_.load(), "default"};
      return status;
    };
    actions.traffic = [this]() -> const TrafficSeries& { return series_; };
    actions.scale = [this](std::optional<int> floor, std::optional<int>, std::optional<int>) {
      if (floor == 99)
        return Status(Fail(Code::kUnprocessable, "the floor (99) is above max (12)"));
      if (floor) floor_ = *floor;
      return Status();
    };
    actions.drain = [](pool::ReplicaId replica) -> Status {
      return Fail(Code::kNotFound, "there is no replica {}", ToString(replica));
    };
    actions.roll = [this](const AdminActions::RollChange& change) -> Status {
      rolled_ = change.model.value_or("");
      return {};
    };
    actions.down = [this] { down_.set_value(); };
    actions.metrics = [] { return std::string("some 1\n"); };
    actions.gateway_address = "http://127.0.0.1:8000";
    admin_ = *Admin::Open("127.0.0.1:0", kToken, *loop_, std::move(actions), log_);
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~AdminApi() override {
    admin_.reset();
    loop_->Stop();
    thread_.join();
  }

  http::Answer Ask(const std::string& method, const std::string& path, const std::string& body = "",
                   std::vector<std::pair<std::string, std::string>> headers = {}) {
    if (method == "POST" && headers.empty()) headers = {{"X-Hearth-Token", kToken}};
    auto answer = http::Fetch(admin_->address() + path,
                              {.method = method, .headers = std::move(headers), .body = body},
                              http::Clock::now() + seconds(30));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer.value_or(http::Answer{});
  }

  std::string Logged() const {
    std::string text(1U << 20U, '\0');
    const ssize_t got = ::pread(log_file_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }

  UniqueFd log_file_;
  Log log_;
  std::unique_ptr<EventLoop> loop_;
  TrafficSeries series_;
  std::atomic<int> floor_{2};
  std::string rolled_;
  std::promise<void> down_;
  std::unique_ptr<Admin> admin_;
  std::thread thread_;
};

TEST_F(AdminApi, StatusAndScaleSpeakOfThePool) {
  EXPECT_EQ(Ask("POST", "/v1/scale", R"({"floor":5})").status, 200);
  const http::Answer status = Ask("GET", "/v1/status");
  EXPECT_EQ(status.status, 200);
  EXPECT_EQ(status.Header("content-type"), "application/json");
  const auto root = boost::json::parse(status.body);
  EXPECT_EQ(root.at("name").as_string(), "tested");
  EXPECT_EQ(root.at("floor").at("value").as_int64(), 5);
  EXPECT_GT(root.at("now_ms").as_int64(), 1'700'000'000'000);
}

TEST_F(AdminApi, ThePoolsRefusalReachesTheCaller) {
  const http::Answer refused = Ask("POST", "/v1/scale", R"({"floor":99})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body,
            R"x({"error":"the floor (99) is above max (12)","error_type":"validation"})x");
  EXPECT_EQ(Ask("POST", "/v1/drain", R"({"replica":"r7"})").status, 404);
}

TEST_F(AdminApi, RollAndDownAreTakenUpAtOnce) {
  EXPECT_EQ(Ask("POST", "/v1/roll", R"({"model":"new.hearth"})").status, 202);
  EXPECT_EQ(Ask("POST", "/v1/down").status, 202);
  EXPECT_EQ(down_.get_future().wait_for(seconds(30)), std::future_status::ready);
  EXPECT_EQ(rolled_, "new.hearth");
}

TEST_F(AdminApi, MalformedBodiesAreRefusedInJson) {
  for (const char* body : {"", "{", "nothing", "[]", "\"floor\""}) {
    const http::Answer refused = Ask("POST", "/v1/scale", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(boost::json::parse(refused.body).at("error_type").as_string(), "invalid_argument");
  }
  EXPECT_EQ(Ask("POST", "/v1/scale", std::string(65 * 1024, ' ')).status, 413);
  EXPECT_EQ(floor_, 2);
}

TEST_F(AdminApi, AStrangeHostGetsNothing) {
  for (const char* path : {"/", "/v1/status", "/metrics", "/health", "/nothing"}) {
    auto connection = *http::Connection::Open(*http::ParseUrl(admin_->address()),
                                              http::Clock::now() + seconds(30));
    const auto answer = connection.RoundTripRaw(
        fmt::format("GET {} HTTP/1.1\r\nHost: evil.example:8001\r\n\r\n", path),
        http::Clock::now() + seconds(30));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 403) << path;
    EXPECT_EQ(boost::json::parse(answer->body).at("error_type").as_string(), "forbidden");
  }
}

TEST_F(AdminApi, TheTokenIsAskedForAndNeverLogged) {
  EXPECT_EQ(Ask("POST", "/v1/scale", R"({"floor":1})", {{"X-Hearth-Token", "wrong-token"}}).status,
            401);
  EXPECT_EQ(floor_, 2);
  EXPECT_EQ(Ask("POST", "/v1/scale", R"({"floor":1})").status, 200);
  EXPECT_THAT(Logged(), HasSubstr("/v1/scale"));
  EXPECT_THAT(Logged(), Not(HasSubstr("token-that")));
  EXPECT_THAT(Logged(), Not(HasSubstr("wrong-token")));
}

TEST_F(AdminApi, NothingInvitesOtherOrigins) {
  const http::Answer answer = Ask("GET", "/v1/status", "", {{"Origin", "http://evil.example"}});
  for (const auto& [name, value] : answer.headers) {
    EXPECT_THAT(name, Not(::testing::ContainsRegex("^[Aa]ccess-[Cc]ontrol"))) << value;
  }
}

TEST_F(AdminApi, ThePageAndTheMetricsHaveTheirTypes) {
  const http::Answer page = Ask("GET", "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.Header("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<!doctype html>"));
  EXPECT_THAT(std::string(page.Header("content-security-policy")), HasSubstr("default-src 'none'"));
  const http::Answer metrics = Ask("GET", "/metrics");
  EXPECT_EQ(metrics.body, "some 1\n");
  EXPECT_THAT(std::string(metrics.Header("content-type")), HasSubstr("version=0.0.4"));
}

TEST(Admin, SaysThatItsAddressIsTaken) {
  const Log log(STDERR_FILENO, LogFormat::kText, LogLevel::kError);
  const auto loop = *EventLoop::Create();
  const auto first = *Admin::Open("127.0.0.1:0", kToken, *loop, {}, log);
  const std::string taken = first->address().substr(std::string("http://").size());
  const auto second = Admin::Open(taken, kToken, *loop, {}, log);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kIo);
  EXPECT_THAT(second.error().message, HasSubstr(taken));
  EXPECT_FALSE(Admin::Open("nowhere", kToken, *loop, {}, log).has_value());
}

}  // namespace
}  // namespace hearth::gateway
