#include "aws/profile_file.h"

#include "aws/region.h"
#include "aws/small_file.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

TEST(ParseIni, NestedBomAndCrlf) {
  const auto ini = ParseIni(
      "\xEF\xBB\xBF[profile x]\r\n# c\r\nRegion = eu-west-1\r\ns3 =\r\n  addressing_style = "
      "path\r\n",
      "f");
  ASSERT_TRUE(ini);
  EXPECT_EQ(ini->at("profile x").at("region"), "eu-west-1");
  EXPECT_EQ(ini->at("profile x").at("s3.addressing_style"), "path");
  const auto bad = ParseIni("[a]\nSECRETVALUE\n", "f");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message.find("SECRETVALUE"), std::string::npos);
}

TEST(LoadProfiles, BothFilesAndQuotedNames) {
  const TempFolder folder;
  const Env env = FakeEnv(
      {{"AWS_CONFIG_FILE", folder.Write("c",
                                        "[profile \"a b\"]\nregion = r1\nservices = s\noutput = o\n"
                                        "[services s]\nsts =\n  endpoint_url = http://x\n"
                                        "[profilex]\n[profile bad]\nservices = none\n")},
       {"AWS_SHARED_CREDENTIALS_FILE", folder.Write("s", "[a b]\nregion = r2\n")}});
  const auto profiles = LoadProfiles(env, "a b");
  ASSERT_TRUE(profiles) << profiles.error().message;
  EXPECT_EQ(profiles->Setting("region"), "r2");  // the credentials file's word, as for botocore
  EXPECT_EQ(profiles->Setting("output"), "o");
  EXPECT_EQ(GivenEndpoint(env, *profiles, "sts"), "http://x");
  EXPECT_EQ(GivenEndpoint(env, *profiles, "s3"), std::nullopt);
  EXPECT_EQ(LoadProfiles(env, "x").error().code, Code::kNotFound);
  EXPECT_NE(LoadProfiles(env, "bad").error().message.find("\"none\""), std::string::npos);
}

TEST(ReadSmallFile, OnlySmallFiles) {
  const TempFolder folder;
  EXPECT_EQ(*ReadSmallFile(folder.Write("a", "12345"), 5), "12345");
  EXPECT_EQ(ReadSmallFile(folder.Write("a", "123456"), 5).error().code, Code::kTooLarge);
  EXPECT_EQ(ReadSmallFile(folder.path(), 5).error().code, Code::kIo);
  EXPECT_EQ(ReadSmallFile(folder.path() + "/none", 5).error().code, Code::kNotFound);
  EXPECT_EQ(ReadSmallFile("/dev/zero", 5).error().code, Code::kIo);
}

}  // namespace
}  // namespace hearth::aws
