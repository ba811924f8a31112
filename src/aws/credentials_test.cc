#include "aws/credentials.h"

#include <atomic>
#include <thread>

#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

constexpr std::string_view kExpires = "2099-01-01T00:00:00Z";

Result<http::Answer> AnswerEverything(const Asked& asked) {
  if (asked.request.method == "POST") {
    const bool web = asked.request.body.starts_with("Action=AssumeRoleWithWebIdentity");
    return AnswerOf(200, StsXml(web ? "AssumeRoleWithWebIdentity" : "AssumeRole", "id", kExpires));
  }
  if (asked.url.host == "169.254.170.2") return AnswerOf(200, KeysJson("id", kExpires));
  if (asked.request.method == "PUT") return AnswerOf(200, "imds");
  if (asked.url.target.ends_with("/security-credentials/")) return AnswerOf(200, "role");
  return AnswerOf(200, KeysJson("id", kExpires));
}

// botocore's name for the provider that `found` shows.
std::string MethodOf(const Result<Credentials>& found) {
  const std::string said = found ? found->source : found.error().message;
  const std::vector<std::pair<std::string, std::string>> marks = {
      {"sso_", "sso"},
      {"login_session", "login"},
      {"by web identity", "assume-role-with-web-identity"},
      {"the role ", "assume-role"},
      {"the environment", "env"},
      {"/credentials\"", "shared-credentials-file"},
      {"/config\"", "config-file"},
      {"\"cat\"", "custom-process"},
      {"the container's", "container-role"},
      {"the instance's", "iam-role"}};
  for (const auto& [mark, method] : marks) {
    if (said.find(mark) != std::string::npos) return method;
  }
  return "error: " + said;
}

// tools/golden/make_aws.py asked botocore.
TEST(CredentialChain, OrderIsBotocores) {
  const TempFolder folder;
  folder.Write("token", "token");
  folder.Write("process.json", R"({"Version":1,"AccessKeyId":"o","SecretAccessKey":"p"})");
  const auto filled = [&](const boost::json::value& value) {
    std::string text = Text(value);
    for (size_t at = 0; (at = text.find('@', at)) != std::string::npos; at += 1) {
      text.replace(at, 1, folder.path());
    }
    return text;
  };
  const auto rows = Golden("chains.json");
  ASSERT_GT(rows.size(), 100U);
  for (const auto& row : rows) {
    folder.Write("config", filled(row.at("config")));
    folder.Write("credentials", filled(row.at("credentials")));
    std::map<std::string, std::string> env;
    for (const auto& [name, value] : row.at("env").as_object()) env[name] = filled(value);
    FakeWorld world;
    world.answer = AnswerEverything;
    CredentialChain chain(FakeEnv(env), Text(row.at("profile")), world.ask());
    EXPECT_EQ(MethodOf(chain.Get(Minute(0))), Text(row.at("method")))
        << boost::json::serialize(row);
  }
}

class ContainerWorld : public ::testing::Test {
 protected:
  ContainerWorld() {
    world_.answer = [this](const Asked& asked) -> Result<http::Answer> {
      EXPECT_EQ(asked.url.ToString(), "http://169.254.170.2/x");
      if (fails_) return AnswerOf(500, "");
      return AnswerOf(200, KeysJson("id" + std::to_string(world_.asked.size()), expires_));
    };
  }

  std::string expires_ = "1970-01-01T01:00:00Z";
  bool fails_ = false;
  FakeWorld world_;
  CredentialChain chain_{FakeEnv({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}}), "",
                         world_.ask()};
};

TEST_F(ContainerWorld, KeptUntilAQuarterBeforeTheyExpire) {
  EXPECT_EQ(chain_.Get(Minute(0))->access_key_id, "id1");
  EXPECT_EQ(chain_.Get(Minute(44))->access_key_id, "id1");
  expires_ = "1970-01-01T02:00:00Z";
  EXPECT_EQ(chain_.Get(Minute(45))->access_key_id, "id2");
  EXPECT_EQ(chain_.Get(Minute(104))->access_key_id, "id2");
  EXPECT_EQ(world_.asked.size(), 2U);
}

TEST_F(ContainerWorld, OldOnesServeWhileTheRefreshFailsAndAreNotAskedForAllTheTime) {
  ASSERT_TRUE(chain_.Get(Minute(0)));
  fails_ = true;
  EXPECT_EQ(chain_.Get(Minute(46))->access_key_id, "id1");
  EXPECT_EQ(chain_.Get(Minute(46))->access_key_id, "id1");
  EXPECT_EQ(world_.asked.size(), 2U);
  EXPECT_EQ(chain_.Get(Minute(59))->access_key_id, "id1");
  EXPECT_EQ(chain_.Get(Minute(60)).error().code, Code::kUnavailable);
  fails_ = false;
  expires_ = "1970-01-01T03:00:00Z";
  EXPECT_EQ(chain_.Get(Minute(61))->access_key_id, "id5");
}

TEST_F(ContainerWorld, ThoseThatAServiceRefusesAreAskedForAnewOthersStay) {
  const auto first = chain_.Get(Minute(0));
  ASSERT_TRUE(first);
  chain_.Forget(*first);
  const auto second = chain_.Get(Minute(0));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->access_key_id, "id2");
  chain_.Forget(*first);
  EXPECT_EQ(chain_.Get(Minute(0))->access_key_id, "id2");
  chain_.Forget(*second);
  fails_ = true;
  EXPECT_FALSE(chain_.Get(Minute(0)));
}

TEST_F(ContainerWorld, NewOnesThatHaveExpiredAreRefused) {
  const auto found = chain_.Get(Minute(61));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kUnauthorized);
  EXPECT_NE(found.error().message.find("expired"), std::string::npos);
}

TEST(CredentialChain, OneThreadAsksAndTheOthersGetItsAnswer) {
  std::atomic<int> asked = 0;
  std::atomic<int> started = 0;
  constexpr int kThreads = 8;
  const Ask ask = [&](const http::Url&, const http::Outgoing&,
                      const AskLimits&) -> Result<http::Answer> {
    ++asked;
    while (started < kThreads) std::this_thread::yield();
    return AnswerOf(200, KeysJson("id", kExpires));
  };
  CredentialChain chain(FakeEnv({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}}), "", ask);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++started;
      if (chain.Get(Minute(0))) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads);
  EXPECT_EQ(asked, 1);
}

TEST(CredentialChain, EnvironmentNeedsNoFilesAndSaysWhatIsWrong) {
  const TempFolder folder;
  std::map<std::string, std::string> env = {{"AWS_CONFIG_FILE", folder.Write("c", "broken")},
                                            {"AWS_ACCESS_KEY_ID", "a"},
                                            {"AWS_SECRET_ACCESS_KEY", "b"}};
  EXPECT_EQ(CredentialChain(FakeEnv(env), "", {}).Get({})->source, "the environment");
  env["AWS_CREDENTIAL_EXPIRATION"] = "1970-01-01T00:10:00Z";
  EXPECT_TRUE(CredentialChain(FakeEnv(env), "", {}).Get(Minute(9)));
  EXPECT_EQ(CredentialChain(FakeEnv(env), "", {}).Get(Minute(11)).error().code,
            Code::kUnauthorized);
  env["AWS_CREDENTIAL_EXPIRATION"] = "soon";
  EXPECT_EQ(CredentialChain(FakeEnv(env), "", {}).Get({}).error().code, Code::kInvalidArgument);
  env.erase("AWS_CREDENTIAL_EXPIRATION");
  env["AWS_SECRET_ACCESS_KEY"] = "hushhush\n";
  const auto broken = CredentialChain(FakeEnv(env), "", {}).Get({});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("the environment: the secret access key"),
            std::string::npos);
  EXPECT_EQ(broken.error().message.find("hushhush"), std::string::npos);
  env.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_EQ(CredentialChain(FakeEnv(env), "", {}).Get({}).error().code, Code::kInvalidArgument);
}

TEST(CredentialChain, NothingListsWhereItLooked) {
  FakeWorld world;
  CredentialChain none(FakeEnv({}), "", world.ask());
  const auto found = none.Get({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kNotFound);
  for (const char* place : {"AWS_ACCESS_KEY_ID", "\"default\"", "/.aws/credentials", "/.aws/config",
                            "AWS_CONTAINER_CREDENTIALS", "169.254.169.254"}) {
    EXPECT_NE(found.error().message.find(place), std::string::npos) << place;
  }
}

TEST(CredentialChain, NamedProfileMustBeThere) {
  const TempFolder folder;
  const Env env = FakeEnv({{"AWS_CONFIG_FILE", folder.Write("c", "[profile dev]\n[default]\n")},
                           {"AWS_PROFILE", "prod"}});
  const auto found = CredentialChain(env, "", {}).Get({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::kNotFound);
  EXPECT_NE(found.error().message.find("default, dev"), std::string::npos) << found.error().message;
}

}  // namespace
}  // namespace hearth::aws
