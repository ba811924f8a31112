// The decisions of a pull: sources, names, ranges, plans, journals, answers, redirects, waits.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fetch/answer_check.h"
#include "fetch/hub_json.h"
#include "fetch/journal.h"
#include "fetch/names.h"
#include "fetch/piece_plan.h"
#include "fetch/progress.h"
#include "fetch/redirect.h"
#include "fetch/retry_wait.h"
#include "fetch/s3_xml.h"
#include "fetch/source.h"

namespace hearth::fetch {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

TEST(Source, IsReadInAllItsForms) {
  const auto text = [](std::string_view source, bool is_folder = false) {
    auto parsed = ParseSource(source, is_folder);
    return parsed ? ToString(*parsed) : "error";
  };
  EXPECT_EQ(text("hf://org/name"), "hf://org/name@main");
  EXPECT_EQ(text("hf://org/name@v1.0"), "hf://org/name@v1.0");
  EXPECT_EQ(text("hf://bert-base-uncased"), "hf://bert-base-uncased@main");
  EXPECT_EQ(text("org/name@refs/pr/1"), "hf://org/name@refs/pr/1");
  EXPECT_EQ(text("org/name", true), "org/name");
  EXPECT_EQ(text("s3://bucket/a/b/"), "s3://bucket/a/b/");
  EXPECT_EQ(text("s3://bucket"), "s3://bucket/");
  for (const char* wrong : {"", "hf://", "hf://a/b/c", "hf://../x", "hf://a/..", "hf://a--b/c",
                            "hf://a/b@", "hf://a/b@../x", "hf://a/b@x/../../y", "hf://a/b@.lock",
                            "hf://a/b@/x", "s3://", "s3:///key", "s3://a..b/x", "s3://bu cket/x",
                            "gs://bucket/x", "./absent", "/absent", "name"}) {
    EXPECT_EQ(text(wrong), "error") << wrong;
  }
}

TEST(Names, ThatLeadOutOfTheFolderAreRefused) {
  for (const char* good : {"config.json", "1_Pooling/config.json", "a b/c", "..a/b..", "ünï/x"}) {
    EXPECT_TRUE(CheckName(good)) << good;
  }
  for (const std::string& bad :
       {std::string(""), std::string("/etc/passwd"), std::string("../x"), std::string("a/../b"),
        std::string("a/.."), std::string("./a"), std::string("a//b"), std::string("a/"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("a\nb"), std::string(201, 'a'),
        std::string("x.partial-1"), std::string(".hearth-pull.lock")}) {
    EXPECT_FALSE(CheckName(bad)) << bad;
  }
}

TEST(Names, ThatAreInEachOthersWayAreRefused) {
  EXPECT_TRUE(CheckNames({"a", "b/c", "b/d"}));
  EXPECT_FALSE(CheckNames({"a", "a"}));
  EXPECT_FALSE(CheckNames({"a/b", "a"}));
  EXPECT_FALSE(CheckNames({"a", "a/b/c"}));
}

TEST(Names, OfAModelAreThoseThatPackReads) {
  for (const char* wanted :
       {"config.json", "model.safetensors", "1_Pooling/config.json", "vocab.txt", "tokenizer.json",
        "0_Transformer/model.safetensors", "minilm.hearth"}) {
    EXPECT_TRUE(Selected(wanted, {})) << wanted;
  }
  for (const char* other :
       {"pytorch_model.bin", "onnx/model.onnx", "openvino/config.json", "README.md", "tf_model.h5",
        "onnx/1_x/config.json", "train_script.py"}) {
    EXPECT_FALSE(Selected(other, {})) << other;
  }
  EXPECT_TRUE(Selected("onnx/model.onnx", {"*.onnx"}));
  EXPECT_TRUE(Selected("onnx/a/b", {"onnx/"}));
  EXPECT_FALSE(Selected("config.json", {"*.onnx"}));
}

// Against a plain bitmap.
RC_GTEST_PROP(RangeSetProperty, IsTheUnionOfWhatWasAdded, ()) {
  constexpr uint64_t kSize = 64;
  std::vector<bool> bytes(kSize, false);
  RangeSet set;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    const auto from = *rc::gen::inRange<uint64_t>(0, kSize);
    const auto to = *rc::gen::inRange<uint64_t>(0, kSize + 1);
    set.Add({from, to});
    for (uint64_t at = from; at < to; ++at) bytes[at] = true;
  }
  std::vector<bool> got(kSize, false);
  for (const Range& range : set.All()) {
    RC_ASSERT(range.from < range.to);
    for (uint64_t at = range.from; at < range.to; ++at) {
      RC_ASSERT(!got[at]);
      got[at] = true;
    }
  }
  RC_ASSERT(got == bytes);
  std::vector<bool> missing(kSize, true);
  for (const Range& range : set.MissingIn({0, kSize})) {
    for (uint64_t at = range.from; at < range.to; ++at) missing[at] = false;
  }
  RC_ASSERT(missing == bytes);
  uint64_t prefix = 0;
  while (prefix < kSize && bytes[prefix]) ++prefix;
  RC_ASSERT(set.Prefix() == prefix);
}

RC_GTEST_PROP(PiecePlanProperty, AsksForEveryMissingByteOnce, ()) {
  const auto size = *rc::gen::inRange<uint64_t>(1, 1000);
  const auto piece_bytes = *rc::gen::inRange<uint64_t>(1, 200);
  RangeSet done;
  const auto count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    const auto from = *rc::gen::inRange<uint64_t>(0, size);
    done.Add({from, *rc::gen::inRange(from, size + 1)});
  }
  PiecePlan plan(size, piece_bytes, done);
  uint64_t asked = 0;
  while (const auto piece = plan.Next()) {
    RC_ASSERT(piece->range.length() <= piece_bytes);
    RC_ASSERT(done.MissingIn(piece->range) == std::vector{piece->range});
    RC_ASSERT(plan.Arrived(*piece, piece->range));
    asked += piece->range.length();
  }
  RC_ASSERT(asked + done.total() == size);
  RC_ASSERT(plan.complete());
}

TEST(PiecePlan, StartsOverAsOneStream) {
  PiecePlan plan(100, 10, {});
  const auto first = plan.Next();
  const auto second = plan.Next();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(plan.Arrived(*first, first->range));
  plan.OneStream(second->generation);
  EXPECT_FALSE(plan.Arrived(*second, second->range)) << "of the generation before";
  plan.OneStream(second->generation);  // two threads find out at once
  const auto whole = plan.Next();
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->whole);
  EXPECT_EQ(whole->range, (Range{0, 100}));
  EXPECT_FALSE(plan.Next());
  EXPECT_FALSE(plan.complete());
}

TEST(PiecePlan, AnEmptyFileIsComplete) {
  PiecePlan plan(0, 10, {});
  EXPECT_FALSE(plan.Next());
  EXPECT_TRUE(plan.complete());
}

TEST(Journal, IsReadBack) {
  const JournalHead head{1000, "boot", "key"};
  const std::string text = FirstLine(head) + RangeLine({0, 10}) + RangeLine({10, 30}) + "500 6";
  const auto read = ReadJournal(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head, head);
  EXPECT_EQ(read->done.All(), (std::vector<Range>{{0, 30}})) << "a line cut off does not count";
  const auto restarted =
      ReadJournal(FirstLine(head) + RangeLine({0, 10}) + "restart\n" + RangeLine({5, 6}));
  ASSERT_TRUE(restarted);
  EXPECT_EQ(restarted->done.All(), (std::vector<Range>{{5, 6}}));
}

TEST(Journal, OfNonsenseIsNone) {
  const std::string head = FirstLine({1000, "boot", "key"});
  for (const std::string& text :
       {std::string(), std::string("hearth-pull 1 1000 boot"), std::string("x\n"), head + "10 5\n",
        head + "0 1001\n", head + "0 -1\n", head + "a b\n", head + "\n", head + "0 1 2\n",
        std::string("hearth-pull 2 1000 boot key\n")}) {
    EXPECT_FALSE(ReadJournal(text)) << text;
  }
}

http::AnswerHead Head(int status, std::vector<std::pair<std::string, std::string>> headers,
                      std::optional<uint64_t> length = std::nullopt) {
  return {status, std::move(headers), length};
}

TEST(Answer, OfARangeMustBeThatRange) {
  const Asked asked{{10, 20}, false, 100, "tag"};
  const auto judge = [&](int status, const char* range, std::optional<uint64_t> length,
                         const char* etag = "\"tag\"") {
    return JudgeAnswer(asked, Head(status, {{"Content-Range", range}, {"ETag", etag}}, length));
  };
  EXPECT_EQ(judge(206, "bytes 10-19/100", 10).value(), Take::kBody);
  EXPECT_EQ(judge(206, "bytes 10-19/100", std::nullopt).value(), Take::kBody);
  EXPECT_EQ(judge(200, "", 100).value(), Take::kWholeFile);
  for (const char* wrong :
       {"bytes 0-9/100", "bytes 10-18/100", "bytes 10-19/101", "bytes 10-19/*", "bytes */100", "",
        "10-19/100", "bytes 10-19/100x", "bytes 19-10/100"}) {
    EXPECT_EQ(judge(206, wrong, 10).error().code, Code::kCorrupt) << wrong;
  }
  EXPECT_EQ(judge(206, "bytes 10-19/100", 9).error().code, Code::kCorrupt);
  EXPECT_EQ(judge(206, "bytes 10-19/100", 10, "\"other\"").error().code, Code::kCorrupt);
  EXPECT_EQ(judge(200, "", 99).error().code, Code::kCorrupt) << "not the size that was listed";
  EXPECT_EQ(judge(302, "", 0).value(), Take::kRedirect);
  EXPECT_EQ(judge(403, "", 0).error().code, Code::kUnauthorized);
  EXPECT_EQ(judge(404, "", 0).error().code, Code::kNotFound);
  EXPECT_EQ(judge(429, "", 0).error().code, Code::kOverloaded);
  EXPECT_EQ(judge(503, "", 0).error().code, Code::kUnavailable);
  EXPECT_EQ(judge(412, "", 0).error().code, Code::kCorrupt);
}

TEST(Answer, ThatIsCodedIsRefused) {
  EXPECT_FALSE(JudgeAnswer({{0, 9}, true, 9, ""}, Head(200, {{"Content-Encoding", "gzip"}}, 9)));
}

TEST(Answer, EtagsAreNormalizedAsPythonDoes) {
  EXPECT_EQ(NormalizeEtag("\"abc\""), "abc");
  EXPECT_EQ(NormalizeEtag("W/\"abc\""), "abc");
  EXPECT_EQ(NormalizeEtag("abc"), "abc");
  EXPECT_EQ(NormalizeEtag(""), "");
}

TEST(Redirect, LeadsWhereItSays) {
  const auto from = http::ParseUrl("http://hub.example:81/a/b/c?x=1").value();
  const auto to = [&](std::string_view location) {
    auto next = NextHop(from, location);
    return next ? next->ToString() : "error";
  };
  EXPECT_EQ(to("http://cdn.example/x?sig=1"), "http://cdn.example/x?sig=1");
  EXPECT_EQ(to("/api/x"), "http://hub.example:81/api/x");
  EXPECT_EQ(to("d?y"), "http://hub.example:81/a/b/d?y");
  EXPECT_EQ(to("?y"), "http://hub.example:81/a/b/c?y");
  EXPECT_EQ(to("//cdn.example/x"), "http://cdn.example/x");
  EXPECT_EQ(to("/x#fragment"), "http://hub.example:81/x");
  for (const char* wrong :
       {"", "file:///etc/passwd", "ftp://x/y", "/a b", "/a\r\nX: y", "http://"}) {
    EXPECT_EQ(to(wrong), "error") << wrong;
  }
  const auto secure = http::ParseUrl("https://hub.example/x").value();
  EXPECT_FALSE(NextHop(secure, "http://hub.example/x")) << "https must not become http";
  EXPECT_TRUE(NextHop(secure, "https://cdn.example/x"));
}

TEST(Redirect, SameServerMeansSchemeHostAndPort) {
  const auto url = [](const char* text) { return http::ParseUrl(text).value(); };
  EXPECT_TRUE(SameServer(url("https://Hub.example/a"), url("https://hub.example:443/b")));
  EXPECT_FALSE(SameServer(url("http://hub.example/"), url("https://hub.example/")));
  EXPECT_FALSE(SameServer(url("http://hub.example/"), url("http://hub.example:81/")));
  EXPECT_FALSE(SameServer(url("http://hub.example/"), url("http://hub.example.evil.example/")));
}

TEST(Retry, WaitsLongerEachTimeAndGivesUp) {
  const Failure broke{{Code::kIo, "reset"}, true, std::nullopt};
  EXPECT_EQ(WaitBeforeRetry(broke, 1, 0, 1h), 200ms);
  EXPECT_EQ(WaitBeforeRetry(broke, 3, 0, 1h), 800ms);
  EXPECT_EQ(WaitBeforeRetry(broke, 9, 0, 1h), 20s);
  EXPECT_EQ(WaitBeforeRetry(broke, 1, 0.999999, 1h), 100ms) << "jitter takes up to a half";
  EXPECT_FALSE(WaitBeforeRetry(broke, kTriesMax, 0, 1h));
  EXPECT_FALSE(WaitBeforeRetry(broke, 3, 0, 700ms)) << "the deadline comes first";
  EXPECT_FALSE(WaitBeforeRetry({{Code::kCorrupt, "range"}, true, {}}, kRefusedTriesMax, 0, 1h));
  EXPECT_FALSE(WaitBeforeRetry({{Code::kUnauthorized, "403"}, false, {}}, 1, 0, 1h));
  EXPECT_EQ(WaitBeforeRetry({{Code::kOverloaded, "429"}, true, 7}, 1, 0, 1h), 7s);
  EXPECT_FALSE(WaitBeforeRetry({{Code::kOverloaded, "429"}, true, 7}, 1, 0, 5s));
}

TEST(HubJson, TreeAndPages) {
  const auto files = ReadTree(
      R"([{"type":"directory","oid":"x","size":0,"path":"d"},)"
      R"({"type":"file","oid":"0123456789012345678901234567890123456789","size":5,"path":"a"},)"
      R"({"type":"file","oid":"b","size":134,"path":"w","lfs":{"oid":")" +
      std::string(64, 'A') + R"(","size":1000}}])");
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].git_sha1, "0123456789012345678901234567890123456789");
  EXPECT_EQ((*files)[1].sha256, std::string(64, 'a'));
  EXPECT_EQ((*files)[1].size, 1000U);
  for (const char* wrong :
       {"", "{}", "[1]", R"([{"type":"file"}])", R"([{"path":"a","size":-1}])"}) {
    EXPECT_FALSE(ReadTree(wrong)) << wrong;
  }
  EXPECT_FALSE(ReadCommit(R"({"sha":"../../x"})"));
  EXPECT_EQ(NextPage(R"(<http://h/p?c=1>; rel="prev", </q?c=2>; rel="next")"), "/q?c=2");
  EXPECT_FALSE(NextPage(R"(</q>; rel="prev")"));
}

TEST(S3Xml, ListingIsReadAndKeysCannotForgeIt) {
  const auto page = ReadListing(
      "<?xml version=\"1.0\"?><ListBucketResult "
      "xmlns=\"x\"><Name>b</Name><EncodingType>url</EncodingType>"
      "<Contents><Key>a%2Fb+c</Key><Size>12</Size><ETag>&quot;abc&quot;</ETag></Contents>"
      "<Contents><Key>%3CIsTruncated%3E</Key><Size>1</Size></Contents>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>"
      "</ListBucketResult>");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "a/b c");
  EXPECT_EQ(page->objects[0].etag, "abc");
  EXPECT_EQ(page->objects[1].key, "<IsTruncated>");
  EXPECT_EQ(page->next_token, "t&1");
  EXPECT_FALSE(ReadListing("<html>"));
  EXPECT_FALSE(ReadListing("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"));
  EXPECT_FALSE(
      ReadListing("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"));
  EXPECT_EQ(ReadFailure("<Error><Code>NoSuchKey</Code><Message>m</Message></Error>").code,
            "NoSuchKey");
}

TEST(ProgressText, SaysHowFarHowFastHowLong) {
  const DownloadState state{.total = 100'000'000, .there = 42'000'000};
  const std::string line = BarLine(state, 10e6, 200);
  EXPECT_NE(line.find(" 42 % of 100.0 MB"), std::string::npos) << line;
  EXPECT_NE(line.find("10.0 MB/s  0:05 left"), std::string::npos) << line;
  EXPECT_EQ(BarLine(state, 10e6, 20).size(), 20U);
  EXPECT_EQ(TimeText(3723), "1:02:03");
  Rate rate;
  for (int i = 0; i <= 20; ++i) rate.Add(i, static_cast<uint64_t>(i < 10 ? 0 : (i - 10) * 1000));
  EXPECT_NEAR(rate.BytesPerSecond(), 1000, 1) << "of the last five seconds only";
}

}  // namespace
}  // namespace hearth::fetch
