// The container's endpoint and the instance's metadata.
#include "aws/credentials.h"
#include "aws/instance_metadata.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

constexpr std::string_view kExpires = "2099-01-01T00:00:00Z";
constexpr const char* kFull = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* kRelative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

// What comes of answering the container's question with `status` and `body`.
Result<Credentials> FromAnswer(int status, std::string body) {
  FakeWorld world;
  world.answer = [&](const Asked&) { return Result<http::Answer>(AnswerOf(status, body)); };
  return CredentialChain(FakeEnv({{kRelative, "/x"}}), "", world.ask()).Get(Minute(0));
}

TEST(FromContainer, OnlyLocalAddressesAreAsked) {
  for (const char* url : {"http://127.0.0.1:9/", "http://127.9.9.9/", "http://[::1]:8/x",
                          "http://localhost/", "http://169.254.170.23/v1/credentials",
                          "http://[fd00:ec2::23]/v1/credentials", "https://example.com/x"}) {
    FakeWorld world;
    world.answer = [](const Asked&) -> Result<http::Answer> {
      return AnswerOf(200, KeysJson("id", kExpires));
    };
    EXPECT_TRUE(CredentialChain(FakeEnv({{kFull, url}}), "", world.ask()).Get(Minute(0))) << url;
    ASSERT_EQ(world.asked.size(), 1U);
    EXPECT_EQ(world.asked[0].limits.time, std::chrono::seconds(2));
    EXPECT_EQ(world.asked[0].limits.tries, 3);
    EXPECT_FALSE(world.asked[0].limits.through_proxy);
  }
  for (const char* url :
       {"http://example.com/", "http://127.evil.com/", "http://169.254.170.2.evil/",
        "http://169.254.169.254/", "http://10.0.0.1/", "ftp://localhost/", "unix:/run/x.sock",
        "http://localhost.evil.com/", "nonsense://", "http://a@127.0.0.1/"}) {
    FakeWorld world;
    CredentialChain chain(FakeEnv({{kFull, url}}), "", world.ask());
    EXPECT_FALSE(chain.Get(Minute(0))) << url;
    EXPECT_TRUE(world.asked.empty()) << url;
  }
  for (const char* path : {".evil.com/x", "@evil.com/x", ":1@evil/x", "9/x"}) {
    FakeWorld world;
    EXPECT_FALSE(CredentialChain(FakeEnv({{kRelative, path}}), "", world.ask()).Get(Minute(0)));
    EXPECT_TRUE(world.asked.empty()) << path;
  }
}

TEST(FromContainer, TokenFileIsReadAnewAndWins) {
  const TempFolder folder;
  const std::string path = folder.Write("token", "first");
  FakeWorld world;
  world.answer = [](const Asked&) -> Result<http::Answer> {
    return AnswerOf(200, KeysJson("id", "1970-01-01T00:20:00Z"));
  };
  CredentialChain chain(FakeEnv({{kFull, "http://127.0.0.1/"},
                                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "variable"},
                                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path}}),
                        "", world.ask());
  ASSERT_TRUE(chain.Get(Minute(0)));
  EXPECT_EQ(world.asked[0].Header("Authorization"), "first");
  folder.Write("token", "second");
  ASSERT_TRUE(chain.Get(Minute(6)));
  EXPECT_EQ(world.asked[1].Header("Authorization"), "second");
}

TEST(FromContainer, BrokenTokensAreNotSent) {
  const TempFolder folder;
  for (const std::string& token : {std::string("a\r\nX-Evil: 1"), std::string("a\n"),
                                   std::string(100'000, 'a'), std::string("a\0b", 3)}) {
    FakeWorld world;
    const auto found =
        CredentialChain(
            FakeEnv({{kRelative, "/x"},
                     {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.Write("token", token)}}),
            "", world.ask())
            .Get(Minute(0));
    ASSERT_FALSE(found);
    EXPECT_TRUE(world.asked.empty());
    EXPECT_NE(found.error().message.find("/token"), std::string::npos) << found.error().message;
    EXPECT_EQ(found.error().message.find("X-Evil"), std::string::npos);
  }
  FakeWorld world;
  const auto missing =
      CredentialChain(
          FakeEnv({{kRelative, "/x"},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", folder.path() + "/none"}}),
          "", world.ask())
          .Get(Minute(0));
  EXPECT_EQ(missing.error().code, Code::kNotFound);
}

TEST(FromContainer, HostileAnswers) {
  const std::vector<std::pair<int, std::string>> answers = {
      {200, ""},
      {200, "<html><body>secret</body></html>"},
      {200, "[]"},
      {200, "{\"AccessKeyId\":\"a\""},
      {200,
       R"({"AccessKeyId":1,"SecretAccessKey":"secret","Token":"t","Expiration":"2099-01-01T00:00:00Z"})"},
      {200, R"({"AccessKeyId":"a","SecretAccessKey":"secret","Token":"t"})"},
      {200,
       R"({"AccessKeyId":"a","SecretAccessKey":"secret","Expiration":"2099-01-01T00:00:00Z"})"},
      {200, KeysJson("a", "tomorrow")},
      {200, KeysJson("a", "2099-13-01T00:00:00Z")},
      {200, KeysJson("a\\r\\nX-Evil: 1", kExpires)},
      {200, KeysJson("", kExpires)},
      {200, std::string(60'000, '[')},
      {200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"no\u001b[31m"})"},
      {403, R"({"code":"AccessDenied","message":"not you"})"},
      {500, ""},
      {302, ""}};
  for (const auto& [status, body] : answers) {
    const auto found = FromAnswer(status, body);
    ASSERT_FALSE(found) << body.substr(0, 80);
    EXPECT_NE(found.error().message.find("the container's credentials endpoint"), std::string::npos)
        << found.error().message;
    EXPECT_EQ(found.error().message.find("secret\""), std::string::npos);
    EXPECT_EQ(found.error().message.find('\x1b'), std::string::npos);
  }
  EXPECT_NE(FromAnswer(403, R"({"code":"AccessDenied","message":"not you"})")
                .error()
                .message.find("AccessDenied not you"),
            std::string::npos);
}

TEST(FromContainer, NoAnswerEndsTheChain) {
  FakeWorld world;
  world.answer = [](const Asked&) -> Result<http::Answer> {
    return Fail(Code::kDeadlineExceeded, "no answer within 2000 ms");
  };
  EXPECT_EQ(CredentialChain(FakeEnv({{kRelative, "/x"}}), "", world.ask()).Get({}).error().code,
            Code::kDeadlineExceeded);
  EXPECT_EQ(world.asked.size(), 1U);
}

class Instance : public ::testing::Test {
 protected:
  Instance() {
    world_.answer = [this](const Asked& asked) -> Result<http::Answer> {
      if (asked.request.method == "PUT") return put_;
      if (asked.url.target.ends_with("/availability-zone/")) return AnswerOf(200, "eu-west-1a");
      if (asked.url.target.ends_with("/security-credentials/")) return AnswerOf(200, role_);
      return AnswerOf(200, keys_);
    };
  }

  Result<Credentials> Get(std::map<std::string, std::string> env = {}) {
    world_.asked.clear();
    return CredentialChain(FakeEnv(std::move(env)), "", world_.ask()).Get(Minute(0));
  }

  Result<http::Answer> put_ = AnswerOf(200, "tok==");
  std::string role_ = "my-role";
  std::string keys_ = KeysJson("id", kExpires);
  FakeWorld world_;
};

TEST_F(Instance, TokenThenRoleThenKeys) {
  const auto found = Get();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->source, kInstanceSource);
  ASSERT_EQ(world_.asked.size(), 3U);
  EXPECT_EQ(world_.asked[0].url.ToString(), "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(world_.asked[0].Header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(world_.asked[2].url.target, "/latest/meta-data/iam/security-credentials/my-role");
  EXPECT_EQ(world_.asked[2].Header("x-aws-ec2-metadata-token"), "tok==");
  for (const Asked& asked : world_.asked) {
    EXPECT_EQ(asked.limits.time, std::chrono::seconds(1));
    EXPECT_EQ(asked.limits.tries, 1);
    EXPECT_FALSE(asked.limits.through_proxy);
  }
}

TEST_F(Instance, OldVersionWhereTheTokenDoesNotComeThrough) {
  for (const int status : {403, 404, 405}) {
    put_ = AnswerOf(status, "");
    ASSERT_TRUE(Get()) << status;
    EXPECT_EQ(world_.asked[1].Header("x-aws-ec2-metadata-token"), "");
    EXPECT_EQ(Get({{"AWS_EC2_METADATA_V1_DISABLED", "True"}}).error().code, Code::kNotFound);
    EXPECT_EQ(world_.asked.size(), 1U);
  }
  put_ = Fail(Code::kDeadlineExceeded, "no answer");
  EXPECT_TRUE(Get());
  // Where nobody is, one question is enough.
  for (const Code code : {Code::kIo, Code::kCorrupt}) {
    put_ = Fail(code, "x");
    EXPECT_EQ(Get().error().code, Code::kNotFound);
    EXPECT_EQ(world_.asked.size(), 1U);
  }
  put_ = AnswerOf(400, "");
  EXPECT_FALSE(Get());
  EXPECT_EQ(world_.asked.size(), 1U);
}

TEST_F(Instance, SettingsCount) {
  EXPECT_FALSE(Get({{"AWS_EC2_METADATA_DISABLED", "TRUE"}}));
  EXPECT_TRUE(world_.asked.empty());
  EXPECT_TRUE(Get({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338/imds"}}));
  EXPECT_EQ(world_.asked[0].url.ToString(), "http://127.0.0.1:1338/imds/latest/api/token");
  EXPECT_TRUE(Get({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}));
  EXPECT_EQ(world_.asked[0].url.Authority(), "[fd00:ec2::254]");
  EXPECT_TRUE(
      Get({{"AWS_METADATA_SERVICE_TIMEOUT", "3"}, {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "9"}}));
  EXPECT_EQ(world_.asked[0].limits.time, std::chrono::seconds(3));
  EXPECT_EQ(world_.asked[0].limits.tries, 5);
  EXPECT_EQ(Get({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://x"}}).error().code,
            Code::kInvalidArgument);
}

TEST_F(Instance, HostileAnswersMeanThatThereIsNone) {
  for (const std::string& token : {std::string("a\r\nX-Evil: 1"), std::string(),
                                   std::string("<html>x y"), std::string(5000, 'a')}) {
    put_ = AnswerOf(200, token);
    EXPECT_EQ(Get().error().code, Code::kNotFound);
    EXPECT_EQ(world_.asked.size(), 1U);
  }
  put_ = AnswerOf(200, "tok");
  for (const std::string& role : {std::string("<html>"), std::string("../../x"), std::string("a b"),
                                  std::string(65, 'a'), std::string("a\nb")}) {
    role_ = role;
    EXPECT_EQ(Get().error().code, Code::kNotFound);
    EXPECT_EQ(world_.asked.size(), 2U) << role;
  }
  role_ = "role\n";
  EXPECT_TRUE(Get());
  keys_ = R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"})";
  EXPECT_NE(Get().error().message.find("EC2 cannot assume the role"), std::string::npos);
  keys_ = "<html>";
  EXPECT_EQ(Get().error().code, Code::kNotFound);
}

// The metadata hands out old credentials when it cannot get new ones.
TEST_F(Instance, ExpiredOnesAreUsedAndAskedForAgainAMinuteLater) {
  keys_ = KeysJson("id", "1970-01-01T00:10:00Z");
  CredentialChain chain(FakeEnv({}), "", world_.ask());
  EXPECT_TRUE(chain.Get(Minute(20)));
  EXPECT_TRUE(chain.Get(Minute(20)));
  EXPECT_EQ(world_.asked.size(), 3U);
  keys_ = KeysJson("fresh", kExpires);
  EXPECT_EQ(chain.Get(Minute(21))->access_key_id, "fresh");
}

TEST_F(Instance, Region) {
  const Env env = FakeEnv({});
  EXPECT_EQ(InstanceRegion(env, {}, world_.ask()), "eu-west-1");
  put_ = Fail(Code::kIo, "nobody");
  EXPECT_EQ(InstanceRegion(env, {}, world_.ask()), "");
  world_.answer = [](const Asked&) -> Result<http::Answer> { return AnswerOf(200, "<html>"); };
  EXPECT_EQ(InstanceRegion(env, {}, world_.ask()), "");
}

}  // namespace
}  // namespace hearth::aws
