#include "fetch/checksum.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "fetch/crc.h"
#include "fetch/s3.h"

namespace hearth::fetch {
namespace {

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// The check values of the CRC catalogue.
TEST(Crc, HasTheKnownCheckValues) {
  const auto of = [](CrcKind kind, std::string_view text) {
    Crc crc(kind);
    for (const char c : text) crc.Update(Bytes({&c, 1}));
    return crc.Value();
  };
  EXPECT_EQ(of(CrcKind::kCrc32, "123456789"), 0xCBF43926U);
  EXPECT_EQ(of(CrcKind::kCrc32c, "123456789"), 0xE3069283U);
  EXPECT_EQ(of(CrcKind::kCrc64Nvme, "123456789"), 0xAE8B14860A799888U);
  // In steps of eight bytes and in single ones.
  const std::string text(1000, 'x');
  for (const CrcKind kind : {CrcKind::kCrc32, CrcKind::kCrc32c, CrcKind::kCrc64Nvme}) {
    Crc whole(kind);
    whole.Update(Bytes(text));
    EXPECT_EQ(whole.Value(), of(kind, text));
  }
}

Status Check(ChecksumKind kind, const std::string& hex, std::string_view text) {
  ChecksumRun run({{kind, hex}}, text.size());
  run.Update(Bytes(text.substr(0, text.size() / 2)));
  run.Update(Bytes(text.substr(text.size() / 2)));
  return run.Finish();
}

TEST(ChecksumRun, ComparesEachKind) {
  EXPECT_TRUE(Check(ChecksumKind::kSha256,
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc"));
  EXPECT_TRUE(Check(ChecksumKind::kMd5, "900150983cd24fb0d6963f7d28e17f72", "abc"));
  // `printf 'what is up, doc?' | git hash-object --stdin`
  EXPECT_TRUE(Check(ChecksumKind::kGitBlob, "bd9dbf5aae1a3862dd1526723246b20206e5fc37",
                    "what is up, doc?"));
  EXPECT_TRUE(Check(ChecksumKind::kCrc32c, "e3069283", "123456789"));
  EXPECT_TRUE(Check(ChecksumKind::kCrc64Nvme, "ae8b14860a799888", "123456789"));
  const Status wrong = Check(ChecksumKind::kMd5, "900150983cd24fb0d6963f7d28e17f72", "abd");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kCorrupt);
  EXPECT_NE(wrong.error().message.find("MD5"), std::string::npos);
}

TEST(ChecksumText, HexAndBase64) {
  EXPECT_EQ(AsHex("ABCDEF0123", 10), "abcdef0123");
  EXPECT_FALSE(AsHex("ABCDEF012", 10));
  EXPECT_FALSE(AsHex("xbcdef0123", 10));
  EXPECT_EQ(HexOfBase64("4waSgw==", 4), "e3069283");
  EXPECT_FALSE(HexOfBase64("4waSgw==-2", 4)) << "of parts";
  EXPECT_FALSE(HexOfBase64("", 4));
}

http::AnswerHead Head(std::vector<std::pair<std::string, std::string>> headers) {
  return {200, std::move(headers), 9};
}

TEST(S3Checksums, OfTheWholeObjectOnly) {
  using Sums = std::vector<Checksum>;
  const std::string md5 = "900150983cd24fb0d6963f7d28e17f72";
  EXPECT_EQ(ChecksumsOfHead(Head({{"ETag", "\"" + md5 + "\""}})),
            (Sums{{ChecksumKind::kMd5, md5}}));
  EXPECT_EQ(ChecksumsOfHead(Head({{"ETag", "\"" + md5 + "-2\""}})), Sums{}) << "several parts";
  EXPECT_EQ(ChecksumsOfHead(
                Head({{"ETag", "\"" + md5 + "\""}, {"x-amz-server-side-encryption", "aws:kms"}})),
            Sums{})
      << "no MD5 where a key of KMS encrypts";
  EXPECT_EQ(ChecksumsOfHead(Head({{"x-amz-checksum-crc32c", "4waSgw=="},
                                  {"x-amz-checksum-type", "FULL_OBJECT"},
                                  {"ETag", "\"" + md5 + "-2\""}})),
            (Sums{{ChecksumKind::kCrc32c, "e3069283"}}));
  EXPECT_EQ(ChecksumsOfHead(Head({{"x-amz-checksum-crc32c", "4waSgw==-2"}})), Sums{});
  EXPECT_EQ(ChecksumsOfHead(Head(
                {{"x-amz-checksum-crc32c", "4waSgw=="}, {"x-amz-checksum-type", "COMPOSITE"}})),
            Sums{});
}

TEST(S3Time, BothForms) {
  EXPECT_EQ(ParseTime("Wed, 21 Oct 2015 07:28:00 GMT"), 1445412480);
  EXPECT_EQ(ParseTime("2015-10-21T07:28:00.000Z"), 1445412480);
  EXPECT_FALSE(ParseTime("yesterday"));
}

}  // namespace
}  // namespace hearth::fetch
