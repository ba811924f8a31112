// Roles and web identities, over a made-up STS.
#include "aws/sts.h"

#include "aws/credentials.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

constexpr std::string_view kExpires = "2099-01-01T00:00:00Z";
constexpr const char* kSkewed =
    "<ErrorResponse><Error><Type>Sender</Type><Code>RequestExpired</Code><Message>old</Message>"
    "</Error><RequestId>1</RequestId></ErrorResponse>";

class Sts : public ::testing::Test {
 protected:
  Sts() {
    world_.answer = [this](const Asked& asked) -> Result<http::Answer> {
      if (asked.url.host == "169.254.170.2") return AnswerOf(200, KeysJson("container", kExpires));
      if (asked.request.method != "POST") return Fail(Code::kIo, "nobody");
      if (answer_) return *answer_;
      const size_t end = asked.request.body.find('&');
      return AnswerOf(200, StsXml(asked.request.body.substr(7, end - 7),
                                  "role" + std::to_string(++roles_), kExpires));
    };
  }

  Result<Credentials> Get(std::string_view config, std::map<std::string, std::string> env = {},
                          const std::string& profile = "") {
    env["AWS_CONFIG_FILE"] = folder_.Write("config", config);
    world_.asked.clear();
    return CredentialChain(FakeEnv(env), profile, world_.ask()).Get(Minute(1000));
  }

  std::optional<http::Answer> answer_;
  int roles_ = 0;
  TempFolder folder_;
  FakeWorld world_;
};

constexpr std::string_view kRole =
    "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = eu-west-1\n"
    "external_id = x/y\nrole_session_name = me\nduration_seconds = 3600\n"
    "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n";

TEST_F(Sts, AssumesARoleSigned) {
  const auto found = Get(kRole);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key_id, "role1");
  EXPECT_EQ(found->secret_access_key, "s&x");
  ASSERT_EQ(world_.asked.size(), 1U);
  const Asked& asked = world_.asked[0];
  EXPECT_EQ(asked.url.ToString(), "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(asked.request.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=me&ExternalId=x%2Fy&DurationSeconds=3600");
  EXPECT_NE(asked.Header("Authorization").find("Credential=AKID/19700101/eu-west-1/sts/"),
            std::string::npos);
  EXPECT_TRUE(asked.limits.through_proxy);
}

TEST_F(Sts, ChainsRolesFromTheInnermost) {
  const auto found =
      Get("[profile a]\nrole_arn = A\nsource_profile = b\n[profile b]\nrole_arn = "
          "B\nsource_profile = c\n"
          "[profile c]\naws_access_key_id = AKID\naws_secret_access_key = s\n",
          {{"AWS_PROFILE", "a"}, {"AWS_REGION", "us-gov-west-1"}});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(world_.asked.size(), 2U);
  EXPECT_NE(world_.asked[0].request.body.find("RoleArn=B"), std::string::npos);
  EXPECT_NE(world_.asked[1].request.body.find("RoleArn=A"), std::string::npos);
  EXPECT_NE(world_.asked[1].Header("Authorization").find("Credential=role1/"), std::string::npos);
  EXPECT_EQ(world_.asked[1].Header("X-Amz-Security-Token"), "token");
}

TEST_F(Sts, ProfilesThatCannotWork) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"role_arn = A\nsource_profile = default\n", "leads back"},
      {"role_arn = A\nsource_profile = b\n[profile b]\nrole_arn = B\nsource_profile = default\n",
       "leads back"},
      {"role_arn = A\nsource_profile = b\n[profile b]\nrole_arn = B\nsource_profile = c\n"
       "[profile c]\nrole_arn = C\nsource_profile = b\n",
       "leads back"},
      {"role_arn = A\nsource_profile = none\n", "\"none\" does not exist"},
      {"role_arn = A\n", "needs a source_profile or credential_source"},
      {"role_arn = A\nsource_profile = b\ncredential_source = Environment\n", "only one of"},
      {"role_arn = A\ncredential_source = environment\n", "expected Environment, EcsContainer"},
      {"role_arn = A\ncredential_source = EcsContainer\n", "_URI are not set"},
      {"role_arn = A\ncredential_source = Ec2InstanceMetadata\n", "no instance metadata"},
      {"role_arn = A\nsource_profile = b\nmfa_serial = m\n", "export-credentials"},
      {"role_arn = A\nsource_profile = b\nduration_seconds = 1h\n", "900 to 43200"},
      {"role_arn = A\nsource_profile = b\n[profile b]\nregion = x\n", "has no credentials"},
      {"role_arn = A\nsource_profile = b\n[profile b]\nsso_account_id = 1\n", "sso_account_id"},
      {"role_arn = A\nsource_profile = b\n[profile b]\naws_access_key_id = 1\n", "only one of"}};
  for (const auto& [settings, message] : table) {
    const auto found = Get("[default]\n" + settings);
    ASSERT_FALSE(found) << settings;
    EXPECT_NE(found.error().message.find(message), std::string::npos) << found.error().message;
  }
  std::string long_chain;
  for (int i = 0; i < 2000; ++i) {
    long_chain += fmt::format("[profile {}]\nrole_arn = A\nsource_profile = {}\n", i, i + 1);
  }
  EXPECT_NE(Get(long_chain, {{"AWS_PROFILE", "0"}}).error().message.find("more than 16"),
            std::string::npos);
}

TEST_F(Sts, NamedSources) {
  EXPECT_TRUE(Get("[profile r]\nrole_arn = A\ncredential_source = Environment\n",
                  {{"AWS_ACCESS_KEY_ID", "ENVID"}, {"AWS_SECRET_ACCESS_KEY", "b"}}, "r"));
  EXPECT_NE(world_.asked.back().Header("Authorization").find("Credential=ENVID/"),
            std::string::npos);
  EXPECT_TRUE(Get("[default]\nrole_arn = A\ncredential_source = EcsContainer\nregion = eu-west-1\n",
                  {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}}));
  EXPECT_NE(world_.asked[1].Header("Authorization").find("Credential=container/"),
            std::string::npos);
  EXPECT_TRUE(
      Get("[default]\nrole_arn = A\nsource_profile = default\naws_access_key_id = SELF\n"
          "aws_secret_access_key = b\nregion = eu-west-1\n"));
  EXPECT_NE(world_.asked[0].Header("Authorization").find("Credential=SELF/"), std::string::npos);
}

TEST_F(Sts, WebIdentityIsNotSignedAndItsTokenIsReadAnew) {
  const std::string token = folder_.Write("token", "jwt.1\n");
  const std::map<std::string, std::string> env = {{"AWS_WEB_IDENTITY_TOKEN_FILE", token},
                                                  {"AWS_ROLE_ARN", "arn:aws:iam::1:role/w"},
                                                  {"AWS_ROLE_SESSION_NAME", "pod"},
                                                  {"AWS_REGION", "cn-north-1"}};
  ASSERT_TRUE(Get("", env));
  EXPECT_EQ(world_.asked[0].url.ToString(), "https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(world_.asked[0].Header("Authorization"), "");
  EXPECT_EQ(world_.asked[0].request.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
            "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fw&RoleSessionName=pod&WebIdentityToken=jwt.1");
  folder_.Write("token", "jwt.2");
  ASSERT_TRUE(Get("[default]\nweb_identity_token_file = " + token + "\nrole_arn = W\n"));
  EXPECT_TRUE(world_.asked.back().request.body.ends_with(
      "RoleArn=W&RoleSessionName=hearth-60000&WebIdentityToken=jwt.2"));
  folder_.Write("token", "");
  EXPECT_EQ(Get("", env).error().code, Code::kCorrupt);
  folder_.Write("token", std::string(40'000, 'a'));
  EXPECT_EQ(Get("", env).error().code, Code::kTooLarge);
  EXPECT_EQ(Get("", {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/t"}, {"AWS_ROLE_ARN", "A"}})
                .error()
                .code,
            Code::kNotFound);
  EXPECT_EQ(Get("", {{"AWS_WEB_IDENTITY_TOKEN_FILE", token}}).error().code, Code::kInvalidArgument);
}

TEST_F(Sts, Endpoints) {
  const auto at = [&](std::map<std::string, std::string> env) {
    env["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder_.Write("token", "jwt");
    env["AWS_ROLE_ARN"] = "A";
    const auto found = Get("", env);
    if (!found) return found.error().message;
    return world_.asked.back().url.ToString();
  };
  EXPECT_EQ(at({}), "https://sts.amazonaws.com/");
  EXPECT_EQ(at({{"AWS_REGION", "aws-global"}}), "https://sts.amazonaws.com/");
  EXPECT_EQ(
      at({{"AWS_ENDPOINT_URL_STS", "http://127.0.0.1:5000"}, {"AWS_ENDPOINT_URL", "http://x"}}),
      "http://127.0.0.1:5000/");
  EXPECT_EQ(at({{"AWS_ENDPOINT_URL", "http://127.0.0.1:5000"}}), "http://127.0.0.1:5000/");
  EXPECT_EQ(at({{"AWS_REGION", "eu-west-1"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}),
            "https://sts-fips.eu-west-1.amazonaws.com/");
  EXPECT_NE(at({{"AWS_REGION", "evil.com/"}}).find("is no AWS region"), std::string::npos);
}

TEST_F(Sts, WrongClockIsCorrectedOnce) {
  answer_ = AnswerOf(400, kSkewed);
  answer_->headers = {{"Date", "Thu, 01 Jan 1970 20:40:00 GMT"}};
  EXPECT_EQ(Get(kRole).error().code, Code::kUnauthorized);
  ASSERT_EQ(world_.asked.size(), 2U);
  EXPECT_EQ(world_.asked[0].Header("X-Amz-Date"), "19700101T164000Z");
  EXPECT_EQ(world_.asked[1].Header("X-Amz-Date"), "19700101T204000Z");
  answer_->headers.clear();
  EXPECT_FALSE(Get(kRole));
  EXPECT_EQ(world_.asked.size(), 1U);
}

TEST_F(Sts, HostileAnswers) {
  const std::string good = StsXml("AssumeRole", "id", kExpires);
  const auto without = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::vector<std::tuple<int, std::string, Code, std::string>> table = {
      {200, "", Code::kCorrupt, "no element"},
      {200, "<html><p>hi</html>", Code::kCorrupt, "AssumeRole"},
      {200, R"({"AssumeRoleResponse":{}})", Code::kCorrupt, "AssumeRole"},
      {200, "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", Code::kCorrupt, "AssumeRole"},
      {200, StsXml("AssumeRoleWithWebIdentity", "id", kExpires), Code::kCorrupt, "no credentials"},
      {200, StsXml("AssumeRole", "id", "never"), Code::kCorrupt, "Expiration"},
      {200, StsXml("AssumeRole", "", kExpires), Code::kCorrupt, "a key is empty"},
      {200, without("token", ""), Code::kCorrupt, "SessionToken"},
      {200, without("token", "a&#13;&#10;X-Evil: 1"), Code::kCorrupt, "session token"},
      {403,
       "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error>"
       "</ErrorResponse>",
       Code::kUnauthorized, "AccessDenied: not you"},
      {403, "<html>proxy</html>", Code::kUnauthorized, "no reason given"},
      {503, "", Code::kUnavailable, "503"}};
  for (const auto& [status, body, code, message] : table) {
    answer_ = AnswerOf(status, body);
    const auto found = Get(kRole);
    ASSERT_FALSE(found) << body;
    EXPECT_EQ(found.error().code, code) << found.error().message;
    EXPECT_NE(found.error().message.find(message), std::string::npos) << found.error().message;
    EXPECT_NE(found.error().message.find("arn:aws:iam::1:role/r"), std::string::npos);
  }
}

}  // namespace
}  // namespace hearth::aws
