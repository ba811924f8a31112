#include <chrono>

#include "aws/credentials.h"
#include "aws/run_process.h"
#include "aws/shell_words.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;
using std::chrono::milliseconds;

// tools/golden/make_aws.py asked Python's shlex, which is what botocore uses.
TEST(SplitWords, AsBotocoreDoes) {
  const auto rows = Golden("words.json");
  ASSERT_GT(rows.size(), 100U);
  for (const auto& row : rows) {
    const auto words = SplitWords(Text(row.at(0)));
    ASSERT_EQ(words.has_value(), !row.at(1).is_null()) << row;
    if (!words) continue;
    std::vector<std::string> expected;
    for (const auto& word : row.at(1).as_array()) expected.push_back(Text(word));
    EXPECT_EQ(*words, expected) << row;
  }
}

TEST(RunProcess, KeepsBothOutputsAndTheExitCode) {
  const auto end =
      RunProcess({"sh", "-c", "printf out; printf err >&2; read x || printf none; exit 3"});
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->out, "outnone");
  EXPECT_EQ(end->error, "err");
  EXPECT_EQ(end->exit_code, 3);
  EXPECT_EQ(RunProcess({"sh", "-c", "kill -TERM $$"})->exit_code, 128 + 15);
  EXPECT_EQ(RunProcess({"/nonexistent/x"}).error().code, Code::kNotFound);
  EXPECT_EQ(RunProcess({""}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(RunProcess({"/"}).error().code, Code::kIo);
}

TEST(RunProcess, WordsAreNotForAShell) {
  EXPECT_EQ(RunProcess({"printf", "%s|", "a b", "$HOME", "`x`;"})->out, "a b|$HOME|`x`;|");
}

TEST(RunProcess, HangingOnesAreKilledWithTheirChildren) {
  const TempFolder folder;
  const std::string pid = folder.path() + "/pid";
  const auto end = RunProcess({"sh", "-c", "sleep 1000 & echo $! > " + pid + "; wait"},
                              {.time = milliseconds(300)});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kDeadlineExceeded);
  pid_t child = 0;
  std::ifstream(pid) >> child;
  ASSERT_GT(child, 0);
  // Gone, or a zombie that its new parent has not looked at yet.
  const auto gone = [&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.empty() || text.find(") Z ") != std::string::npos;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!gone() && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
  EXPECT_TRUE(gone());
  // One that closes its output and goes on.
  EXPECT_EQ(RunProcess({"sh", "-c", "exec >&- 2>&-; sleep 1000"}, {.time = milliseconds(300)})
                .error()
                .code,
            Code::kDeadlineExceeded);
}

TEST(RunProcess, OutputIsLimited) {
  const auto much = RunProcess({"head", "-c", "10000000", "/dev/zero"});
  ASSERT_FALSE(much);
  EXPECT_EQ(much.error().code, Code::kTooLarge);
  const auto noisy = RunProcess({"sh", "-c", "head -c 1000000 /dev/zero >&2; printf ok"},
                                {.error_bytes_max = 100});
  ASSERT_TRUE(noisy) << noisy.error().message;
  EXPECT_EQ(noisy->out, "ok");
  EXPECT_EQ(noisy->error.size(), 100U);
}

class FromProcess : public ::testing::Test {
 protected:
  // With `script` as the credential_process.
  Result<Credentials> Get(std::string_view script, std::string_view arguments = "") {
    const std::string path = folder_.Write("a program", script, true);
    const Env env = FakeEnv(
        {{"AWS_CONFIG_FILE", folder_.Write("config", fmt::format("[default]\ncredential_process = "
                                                                 "\"{}\" {}\n",
                                                                 path, arguments))}});
    return CredentialChain(env, "", world_.ask()).Get(Minute(0));
  }

  TempFolder folder_;
  FakeWorld world_;
};

TEST_F(FromProcess, Works) {
  const auto found = Get("#!/bin/sh\n[ \"$1\" = 'a b' ] && echo '" +
                             KeysJson("id", "2099-01-01T00:00:00Z", "SessionToken") + "'\n",
                         "'a b'");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->session_token, "token");
  EXPECT_TRUE(found->expiration);
  const auto forever =
      Get("#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}'\n");
  ASSERT_TRUE(forever) << forever.error().message;
  EXPECT_FALSE(forever->expiration);
}

TEST_F(FromProcess, FailuresNameTheProfileAndNotWhatWasWritten) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"echo secret; printf 'no \\033[31mtoken' >&2; exit 3", "ended with 3: no  [31mtoken"},
      {"exit 1", "ended with 1"},
      {"echo secret garbage", "not a JSON object"},
      {"", "not a JSON object"},
      {"head -c 10000000 /dev/zero", "more than 1048576 bytes"},
      {R"(echo '{"Version":2,"AccessKeyId":"a","SecretAccessKey":"secret"}')", "\"Version\""},
      {R"(echo '{"Version":"1","AccessKeyId":"a","SecretAccessKey":"secret"}')", "\"Version\""},
      {R"(echo '{"AccessKeyId":"a","SecretAccessKey":"secret"}')", "\"Version\""},
      {R"(echo '{"Version":1,"AccessKeyId":"a"}')", "SecretAccessKey"},
      {R"(echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"secret","Expiration":"x"}')",
       "Expiration"},
      {R"(printf %s '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"secret\nx"}')",
       "secret access key"}};
  for (const auto& [script, message] : table) {
    const auto found = Get("#!/bin/sh\n" + script + "\n");
    ASSERT_FALSE(found) << script;
    EXPECT_NE(found.error().message.find(message), std::string::npos) << found.error().message;
    EXPECT_NE(found.error().message.find("credential_process of the AWS profile \"default\""),
              std::string::npos);
    EXPECT_EQ(found.error().message.find("secret garbage"), std::string::npos);
    EXPECT_EQ(found.error().message.find('\x1b'), std::string::npos);
  }
  EXPECT_EQ(Get("#!/bin/sh\n", "'open").error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace hearth::aws
