#include "fetch/answer_check.h"

#include <algorithm>
#include <charconv>

namespace hearth::fetch {
namespace {

std::optional<uint64_t> TakeNumber(std::string_view* text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return value;
}

bool TakeWord(std::string_view word, std::string_view* text) {
  if (!text->starts_with(word)) return false;
  text->remove_prefix(word.size());
  return true;
}

Status CheckPartial(const Asked& asked, const http::AnswerHead& head) {
  const auto got = ParseContentRange(head.Header("Content-Range"));
  if (!got) {
    return Fail(Code::kCorrupt, "the server answers 206 with the Content-Range \"{:.80}\"",
                head.Header("Content-Range"));
  }
  if (got->range != asked.range || got->size != asked.size) {
    return Fail(Code::kCorrupt,
                "the server answers with bytes {}-{} of {} where {}-{} of {} were asked for",
                got->range.from, got->range.to - 1, got->size, asked.range.from, asked.range.to - 1,
                asked.size);
  }
  if (head.content_length && *head.content_length != asked.range.length()) {
    return Fail(Code::kCorrupt, "the server answers with {} bytes where {} were asked for",
                *head.content_length, asked.range.length());
  }
  return {};
}

Status CheckSame(const Asked& asked, const http::AnswerHead& head) {
  const std::string_view coding = head.Header("Content-Encoding");
  if (!coding.empty() && coding != "identity") {
    return Fail(Code::kCorrupt,
                "the server encodes the file as {:.40} although it was not asked to", coding);
  }
  const std::string etag = NormalizeEtag(head.Header("ETag"));
  if (!asked.etag.empty() && !etag.empty() && etag != asked.etag) {
    return Fail(
        Code::kCorrupt,
        "the file changed at its source while it was read (ETag {:.80}, before {:.80}); run "
        "again",
        etag, asked.etag);
  }
  return {};
}

}  // namespace

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  if (!TakeWord("bytes ", &text)) return std::nullopt;
  const auto from = TakeNumber(&text);
  if (!from || !TakeWord("-", &text)) return std::nullopt;
  const auto last = TakeNumber(&text);
  if (!last || *last < *from || !TakeWord("/", &text)) return std::nullopt;
  const auto size = TakeNumber(&text);
  if (!size || !text.empty() || *last >= *size) return std::nullopt;
  return ContentRange{{*from, *last + 1}, *size};
}

std::string NormalizeEtag(std::string_view etag) {
  while (!etag.empty() && (etag.front() == 'W' || etag.front() == '/')) etag.remove_prefix(1);
  while (!etag.empty() && etag.front() == '"') etag.remove_prefix(1);
  while (!etag.empty() && etag.back() == '"') etag.remove_suffix(1);
  return std::string(etag);
}

Error StatusError(const http::AnswerHead& head) {
  Code code = Code::kIo;
  if (head.status == 401 || head.status == 403) code = Code::kUnauthorized;
  if (head.status == 404 || head.status == 410) code = Code::kNotFound;
  if (head.status == 412) code = Code::kCorrupt;
  if (head.status == 429) code = Code::kOverloaded;
  if (head.status == 408 || head.status >= 500) code = Code::kUnavailable;
  if (head.status == 412) {
    return {code, "the file changed at its source while it was read; run again"};
  }
  return {code, fmt::format("the server answers {}", head.status)};
}

Result<Take> JudgeAnswer(const Asked& asked, const http::AnswerHead& head) {
  switch (head.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return Take::kRedirect;
    case 200:
    case 206:
      break;
    default:
      return tl::unexpected<Error>(StatusError(head));
  }
  if (Status same = CheckSame(asked, head); !same) return Forward(same);
  if (head.status == 206) {
    if (asked.whole) return Fail(Code::kCorrupt, "the server answers 206 where no range was asked");
    if (Status right = CheckPartial(asked, head); !right) return Forward(right);
    return Take::kBody;
  }
  if (head.content_length && *head.content_length != asked.size) {
    return Fail(Code::kCorrupt, "the server answers with {} bytes, the file has {}",
                *head.content_length, asked.size);
  }
  return asked.whole ? Take::kBody : Take::kWholeFile;
}

std::optional<uint32_t> RetryAfterSeconds(const http::AnswerHead& head) {
  std::string_view text = head.Header("Retry-After");
  const auto seconds = TakeNumber(&text);
  if (!seconds || !text.empty()) return std::nullopt;
  return static_cast<uint32_t>(std::min<uint64_t>(*seconds, 3600));
}

}  // namespace hearth::fetch
