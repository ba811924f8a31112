// Tries, waits and failures of a call, over a world that answers as told.
#include "aws/service_client.h"

#include <deque>

#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr time_t kNow = 1'764'072'000;  // Tue, 25 Nov 2025 12:00:00 GMT
const ServiceRequest kDescribe{"ecs", "DescribeServices", {{"cluster", "c"}}};
const ServiceRequest kRegister{"ecs", "RegisterTaskDefinition", {{"family", "f"}}};

http::Answer Refusal(int status, std::string_view code, std::string_view message = "because") {
  return AnswerOf(status, fmt::format(R"({{"__type":"x#{}","message":"{}"}})", code, message));
}

// One try: its answer, and whether the request went out when there is none.
struct Step {
  Result<http::Answer> answer;
  bool sent = true;
  milliseconds takes{0};
};

Step Broken(Code code, bool sent, milliseconds takes = milliseconds(0)) {
  return {Fail(code, "nobody answers"), sent, takes};
}

// Answers one step after the other; the clocks stand still but for waits and what steps take.
class Client : public ::testing::Test {
 protected:
  Client() { env_["AWS_REGION"] = "eu-west-1"; }

  void SetUp() override {
    env_.try_emplace("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    env_.try_emplace("AWS_SECRET_ACCESS_KEY", "a-long-secret-key");
    env_.try_emplace("AWS_SESSION_TOKEN", "a-long-session-token");
    env_.try_emplace("AWS_EC2_METADATA_DISABLED", "true");
  }

  Result<std::unique_ptr<ServiceClient>> Make(ServiceClientOptions options = {}) {
    options.env = [this](std::string_view name) -> std::optional<std::string> {
      const auto at = env_.find(std::string(name));
      if (at == env_.end()) return std::nullopt;
      return at->second;
    };
    ServiceWorld world;
    world.ask = [this](const http::Url& url, const http::Outgoing& request,
                       const AskLimits& limits) -> Result<http::Answer> {
      asked_.push_back({url, request, limits});
      EXPECT_FALSE(steps_.empty()) << "one try too many";
      if (steps_.empty()) return Fail(Code::kInternal, "no step left");
      Step step = std::move(steps_.front());
      steps_.pop_front();
      steady_ += step.takes;
      if (on_ask_) on_ask_();
      if (step.answer || step.sent) *limits.sent = true;
      return std::move(step.answer);
    };
    world.now = [] { return system_clock::from_time_t(kNow); };
    world.steady_now = [this] { return steady_; };
    world.wait = [this](milliseconds wait) {
      waits_.push_back(wait);
      steady_ += wait;
      return !cancelled_in_wait_;
    };
    return ServiceClient::Make(std::move(options), std::move(world));
  }

  ServiceAnswer Call(const ServiceRequest& request = kDescribe, ServiceClientOptions options = {}) {
    auto client = Make(std::move(options));
    EXPECT_TRUE(client) << client.error().message;
    if (!client) return tl::unexpected<ServiceFailure>(ServiceFailure{.error = client.error()});
    return (*client)->Call(request);
  }

  std::map<std::string, std::string> env_{{"HOME", "/nonexistent"}};
  std::deque<Step> steps_;
  std::function<void()> on_ask_;
  bool cancelled_in_wait_ = false;
  std::vector<Asked> asked_;
  std::vector<milliseconds> waits_;
  std::chrono::steady_clock::time_point steady_;
};

TEST_F(Client, AnAnswerIsItsObject) {
  steps_.push_back({AnswerOf(200, R"({"services":[{"desiredCount":4}]})")});
  const auto answer = Call();
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(boost::json::serialize(*answer), R"({"services":[{"desiredCount":4}]})");
  EXPECT_EQ(asked_[0].Header("X-Amz-Target"),
            "AmazonEC2ContainerServiceV20141113.DescribeServices");
  EXPECT_TRUE(asked_[0].limits.through_proxy);
  EXPECT_EQ(asked_[0].limits.answer_bytes_max, size_t{8} * 1024 * 1024);
  steps_.push_back({AnswerOf(200, "")});
  EXPECT_TRUE(Call({"logs", "CreateLogGroup", {}})->empty());
}

TEST_F(Client, ARefusalIsToldOnceWithAwssWords) {
  steps_.push_back({Refusal(400, "ClusterNotFoundException", "Cluster not found.")});
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kNotFound);
  EXPECT_EQ(answer.error().error.message,
            "cannot ecs DescribeServices at https://ecs.eu-west-1.amazonaws.com: AWS answers 400 "
            "ClusterNotFoundException: Cluster not found.");
  EXPECT_EQ(answer.error().said.code, "ClusterNotFoundException");
  EXPECT_EQ(answer.error().http_status, 400);
  EXPECT_FALSE(answer.error().maybe_done);
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(Client, RefusalsHaveTheirCodes) {
  const auto code_of = [&](int status, std::string_view code) {
    steps_.push_back({Refusal(status, code)});
    const auto answer = Call(kDescribe, {.env = {}, .tries = 1});
    return answer ? Code::kInternal : answer.error().error.code;
  };
  EXPECT_EQ(code_of(400, "AccessDeniedException"), Code::kUnauthorized);
  EXPECT_EQ(code_of(403, "UnauthorizedOperation"), Code::kUnauthorized);
  EXPECT_EQ(code_of(400, "UnrecognizedClientException"), Code::kUnauthorized);
  EXPECT_EQ(code_of(404, "NoSuchEntity"), Code::kNotFound);
  EXPECT_EQ(code_of(400, "TargetGroupNotFound"), Code::kNotFound);
  EXPECT_EQ(code_of(400, "ThrottlingException"), Code::kOverloaded);
  EXPECT_EQ(code_of(500, "ServerException"), Code::kUnavailable);
  EXPECT_EQ(code_of(302, ""), Code::kUnavailable);
  EXPECT_EQ(code_of(400, "InvalidParameterException"), Code::kUnprocessable);
}

TEST_F(Client, ThrottlingWaitsLongerEachTimeAndEnds) {
  for (int i = 0; i < 5; ++i) steps_.push_back({Refusal(400, "ThrottlingException")});
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kOverloaded);
  EXPECT_NE(answer.error().error.message.find("given up after 5 tries"), std::string::npos);
  EXPECT_FALSE(answer.error().maybe_done);
  ASSERT_EQ(waits_.size(), 4u);
  for (size_t i = 0; i < waits_.size(); ++i) {
    const milliseconds bound = seconds(1) * (1 << i);
    EXPECT_GE(waits_[i], bound / 2) << i;
    EXPECT_LE(waits_[i], bound) << i;
  }
}

TEST_F(Client, ServersThatFailAreAskedAgainAfterShortWaits) {
  steps_.push_back({AnswerOf(503, "<html>busy</html>")});
  steps_.push_back(Broken(Code::kIo, true));
  steps_.push_back({AnswerOf(200, "{}")});
  ASSERT_TRUE(Call());
  ASSERT_EQ(waits_.size(), 2u);
  EXPECT_LE(waits_[0], milliseconds(200));
  EXPECT_LE(waits_[1], milliseconds(400));
}

TEST_F(Client, AnUntrustedCertificateIsNotTriedAgain) {
  steps_.push_back({Fail(Code::kIo, "the certificate of x is not trusted"), false});
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_TRUE(waits_.empty());
}

TEST_F(Client, TheTimeOfACallIsOneForAllItsTries) {
  steps_.push_back(Broken(Code::kDeadlineExceeded, true, milliseconds(30'000)));
  steps_.push_back(Broken(Code::kDeadlineExceeded, true, milliseconds(29'900)));
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kDeadlineExceeded);
  ASSERT_EQ(asked_.size(), 2u);
  EXPECT_EQ(asked_[0].limits.time, seconds(30));
  EXPECT_LE(asked_[1].limits.time, seconds(30));
  EXPECT_EQ(asked_[0].limits.tries, 1);
}

TEST_F(Client, ATryEndsWithTheTimeOfItsCall) {
  steps_.push_back(Broken(Code::kDeadlineExceeded, true, milliseconds(100)));
  const auto answer = Call(kDescribe, {.env = {}, .call_time = milliseconds(100)});
  ASSERT_FALSE(answer);
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_[0].limits.time, milliseconds(100));
}

struct Doubt {
  const char* name;
  std::function<Step()> step;
  bool maybe_done;
};

TEST_F(Client, WhatMayHaveBeenDoneIsSaid) {
  const std::vector<Doubt> doubts = {
      {"never connected", [] { return Broken(Code::kIo, false); }, false},
      {"no such host", [] { return Broken(Code::kNotFound, false); }, false},
      {"reset after it was sent", [] { return Broken(Code::kIo, true); }, true},
      {"no answer in time", [] { return Broken(Code::kDeadlineExceeded, true); }, true},
      {"an answer too long to read", [] { return Broken(Code::kTooLarge, true); }, true},
      {"no HTTP", [] { return Broken(Code::kCorrupt, true); }, true},
      {"no JSON", [] { return Step{AnswerOf(200, "<html/>")}; }, true},
      {"a failing server", [] { return Step{AnswerOf(500, "")}; }, true},
      {"a failing gateway", [] { return Step{AnswerOf(504, "")}; }, true},
      {"throttled", [] { return Step{Refusal(400, "ThrottlingException")}; }, false},
      {"throttled with 503", [] { return Step{Refusal(503, "RequestLimitExceeded")}; }, false},
      {"refused", [] { return Step{Refusal(400, "InvalidParameterException")}; }, false},
  };
  for (const Doubt& doubt : doubts) {
    SCOPED_TRACE(doubt.name);
    steps_.clear();
    steps_.push_back(doubt.step());
    const auto answer = Call(kRegister, {.env = {}, .tries = 1});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().maybe_done, doubt.maybe_done);
    EXPECT_EQ(asked_.size(), 1u);
    asked_.clear();
  }
}

TEST_F(Client, WhatMayHaveBeenDoneOnceStaysSo) {
  steps_.push_back(Broken(Code::kDeadlineExceeded, true));
  steps_.push_back({Refusal(400, "InvalidParameterException", "not idempotent")});
  const auto answer = Call({"ecs", "CreateService", {}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().said.code, "InvalidParameterException");
  EXPECT_TRUE(answer.error().maybe_done);
}

TEST_F(Client, WhatWouldBeMadeTwiceIsNotRepeatedInDoubt) {
  for (const ServiceRequest& request :
       {kRegister, ServiceRequest{"ecs", "RunTask", {}},
        ServiceRequest{"ecs", "UpdateService", {{"forceNewDeployment", true}}}}) {
    steps_ = {};
    steps_.push_back(Broken(Code::kIo, true));
    const auto answer = Call(request);
    ASSERT_FALSE(answer) << request.action;
    EXPECT_TRUE(answer.error().maybe_done);
  }
  EXPECT_EQ(asked_.size(), 3u);
}

TEST_F(Client, WhatWasSurelyNotDoneIsRepeatedEvenSo) {
  for (Step step : {Broken(Code::kIo, false), Step{Refusal(400, "ThrottlingException")}}) {
    steps_.push_back(std::move(step));
    steps_.push_back({AnswerOf(200, "{}")});
    EXPECT_TRUE(Call(kRegister));
  }
  steps_.push_back(Broken(Code::kIo, true));
  steps_.push_back({AnswerOf(200, "{}")});
  EXPECT_TRUE(Call({"ecs", "RunTask", {{"clientToken", "t"}}}));
}

http::Answer At(http::Answer answer, std::string date) {
  answer.headers.emplace_back("Date", std::move(date));
  return answer;
}

TEST_F(Client, AWrongClockIsPutRightOnceAndKept) {
  const auto skewed = [] {
    return At(
        Refusal(403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2"),
        "Tue, 25 Nov 2025 12:20:00 GMT");
  };
  auto client = Make();
  ASSERT_TRUE(client);
  steps_.push_back({skewed()});
  steps_.push_back({AnswerOf(200, "{}")});
  steps_.push_back({AnswerOf(200, "{}")});
  ASSERT_TRUE((*client)->Call(kDescribe));
  ASSERT_TRUE((*client)->Call(kDescribe));
  EXPECT_EQ(asked_[0].Header("X-Amz-Date"), "20251125T120000Z");
  EXPECT_EQ(asked_[1].Header("X-Amz-Date"), "20251125T122000Z");
  EXPECT_EQ(asked_[2].Header("X-Amz-Date"), "20251125T122000Z");
  EXPECT_TRUE(waits_.empty());
  steps_.push_back({skewed()});
  const auto answer = (*client)->Call(kDescribe);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().error.message.find("set this machine's clock"), std::string::npos);
}

TEST_F(Client, AWrongClockWithoutADateIsToldAtOnce) {
  steps_.push_back({Refusal(400, "RequestTimeTooSkewed")});
  EXPECT_FALSE(Call());
}

TEST_F(Client, ExpiredCredentialsAreLookedForAgainOnce) {
  steps_.push_back({Refusal(400, "ExpiredTokenException")});
  steps_.push_back({AnswerOf(200, "{}")});
  on_ask_ = [this] { env_["AWS_ACCESS_KEY_ID"] = "AKIDFRESH"; };
  ASSERT_TRUE(Call());
  EXPECT_NE(asked_[1].Header("Authorization").find("AKIDFRESH"), std::string::npos);
  steps_.push_back({Refusal(400, "ExpiredTokenException")});
  steps_.push_back({Refusal(400, "ExpiredTokenException")});
  int fresh = 0;
  on_ask_ = [&] { env_["AWS_ACCESS_KEY_ID"] = fmt::format("AKIDFRESH{}", ++fresh); };
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kUnauthorized);
  EXPECT_NE(answer.error().error.message.find("get new ones"), std::string::npos);
}

TEST_F(Client, TheSameExpiredCredentialsAreNotTriedAgain) {
  steps_.push_back({Refusal(400, "ExpiredToken")});
  EXPECT_FALSE(Call());
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(Client, Ec2sExpiryIsOfTheCredentialsWhenTheClockIsRight) {
  const auto expired = At(AnswerOf(400,
                                   "<Response><Errors><Error><Code>RequestExpired</Code><Message>"
                                   "Request has expired.</Message></Error></Errors>"
                                   "<RequestID>r</RequestID></Response>"),
                          "Tue, 25 Nov 2025 12:00:03 GMT");
  steps_.push_back({expired});
  steps_.push_back({AnswerOf(200, "<DescribeSubnetsResponse/>")});
  on_ask_ = [this] { env_["AWS_ACCESS_KEY_ID"] = "AKIDFRESH"; };
  ASSERT_TRUE(Call({"ec2", "DescribeSubnets", {}}));
  EXPECT_EQ(asked_[1].Header("X-Amz-Date"), "20251125T120000Z");
  EXPECT_NE(asked_[1].Header("Authorization").find("AKIDFRESH"), std::string::npos);
}

TEST_F(Client, NoSecretComesBackInAMessage) {
  steps_.push_back({Refusal(
      403, "SignatureDoesNotMatch",
      R"(No match.\n\nThe Canonical String was 'x-amz-security-token:a-long-session-token')")});
  auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().said.message, "No match.");
  steps_.push_back(
      {Refusal(400, "ValidationException", "odd: a-long-session-token, a-long-secret-key")});
  answer = Call();
  ASSERT_FALSE(answer);
  for (const std::string* text : {&answer.error().said.message, &answer.error().error.message}) {
    EXPECT_EQ(text->find("a-long"), std::string::npos) << *text;
    EXPECT_NE(text->find("odd: "), std::string::npos) << *text;
  }
}

TEST_F(Client, CancelledInAWaitItStops) {
  cancelled_in_wait_ = true;
  steps_.push_back(Broken(Code::kIo, true));
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kCancelled);
  EXPECT_TRUE(answer.error().maybe_done);
  EXPECT_NE(answer.error().error.message.find("nobody answers"), std::string::npos);
}

TEST_F(Client, CancelledBeforeItStartsItAsksNothing) {
  Cancel cancel;
  cancel.Fire();
  const auto answer = Call(kDescribe, {.env = {}, .cancel = &cancel});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kCancelled);
  EXPECT_FALSE(answer.error().maybe_done);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(Client, WithoutARegionThePlacesItComesFromAreNamed) {
  env_.erase("AWS_REGION");
  const auto client = Make();
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::kInvalidArgument);
  EXPECT_NE(client.error().message.find("AWS_REGION"), std::string::npos);
  EXPECT_NE(client.error().message.find("[ecs]"), std::string::npos);
  EXPECT_TRUE(asked_.empty());
  const auto given = Make({.env = {}, .region = "us-west-2"});
  ASSERT_TRUE(given);
  EXPECT_EQ((*given)->region(), "us-west-2");
  EXPECT_EQ(Make({.env = {}, .region = "Dublin"}).error().message, "\"Dublin\" is no AWS region");
}

TEST_F(Client, ABrokenEndpointOrProfileIsToldAtTheStart) {
  env_["AWS_ENDPOINT_URL_IAM"] = "ftp://x";
  EXPECT_EQ(Make().error().code, Code::kInvalidArgument);
  env_.erase("AWS_ENDPOINT_URL_IAM");
  EXPECT_EQ(Make({.env = {}, .profile = "nobody"}).error().code, Code::kNotFound);
}

TEST_F(Client, WithoutCredentialsACallSaysWhereItLooked) {
  env_.erase("AWS_ACCESS_KEY_ID");
  env_.erase("AWS_SECRET_ACCESS_KEY");
  const auto answer = Call();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, Code::kNotFound);
  EXPECT_NE(answer.error().error.message.find("cannot find AWS credentials"), std::string::npos)
      << answer.error().error.message;
  EXPECT_FALSE(answer.error().maybe_done);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(Client, AnUnknownServiceIsABug) {
  EXPECT_EQ(Call({"s3", "GetObject", {}}).error().error.code, Code::kInternal);
}

}  // namespace
}  // namespace hearth::aws
