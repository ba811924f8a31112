// The signatures that AWS itself publishes: of its Signature Version 4 test suite (names
// get-vanilla …), of "Create a signed AWS API request" in the IAM user guide (ListUsers), and of
// "Signature calculations for the Authorization header" in the Amazon S3 API reference.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "aws/sigv4.h"

namespace hearth::aws {
namespace {

using std::chrono::sys_days;
using namespace std::chrono_literals;

// The value of Signature= in the Authorization header; what went wrong when there is none.
std::string SignatureOf(const std::string& url, http::Outgoing request, const Credentials& keys,
                        const SigningOptions& options) {
  const auto parsed = http::ParseUrl(url);
  if (!parsed) return parsed.error().message;
  if (Status done = Sign(*parsed, &request, keys, options); !done) return done.error().message;
  for (const auto& [name, value] : request.headers) {
    if (name == "Authorization") return value.substr(value.rfind("Signature=") + 10);
  }
  return "no Authorization header";
}

Credentials Keys(const char* id, const char* secret) {
  Credentials keys;
  keys.access_key_id = id;
  keys.secret_access_key = secret;
  return keys;
}

Credentials SuiteKeys() { return Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"); }

SigningOptions Options(const char* service, std::chrono::system_clock::time_point now) {
  SigningOptions options;
  options.region = "us-east-1";
  options.service = service;
  options.now = now;
  return options;
}

std::string Suite(const std::string& target, const std::string& method = "GET") {
  const SigningOptions options = Options("service", sys_days{2015y / 8 / 30} + 12h + 36min);
  http::Outgoing request;
  request.method = method;
  request.target = target;  // as the suite writes it
  return SignatureOf("http://example.amazonaws.com", request, SuiteKeys(), options);
}

TEST(SigV4Published, TestSuite) {
  EXPECT_EQ(Suite("/"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(Suite("/", "POST"), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  EXPECT_EQ(Suite("/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(Suite("/\u1234"), "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
  EXPECT_EQ(Suite("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

TEST(SigV4Published, ListUsersOfTheUserGuide) {
  const SigningOptions options = Options("iam", sys_days{2015y / 8 / 30} + 12h + 36min);
  http::Outgoing request;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  EXPECT_EQ(SignatureOf("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", request,
                        SuiteKeys(), options),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

std::string S3(const std::string& target, const http::Outgoing& request = {}) {
  const Credentials keys = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  SigningOptions options = Options("s3", sys_days{2013y / 5 / 24});
  options.double_encode_path = false;
  options.content_sha256_header = true;
  return SignatureOf("https://examplebucket.s3.amazonaws.com" + target, request, keys, options);
}

TEST(SigV4Published, ExamplesOfTheS3Reference) {
  http::Outgoing part;
  part.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(S3("/test.txt", part),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  http::Outgoing put;
  put.method = "PUT";
  put.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  put.body = "Welcome to Amazon S3.";
  EXPECT_EQ(S3("/test%24file.text", put),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(S3("/?lifecycle"), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(S3("/?max-keys=2&prefix=J"),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

}  // namespace
}  // namespace hearth::aws
