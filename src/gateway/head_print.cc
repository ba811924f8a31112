#include "gateway/head_print.h"

#include <charconv>

#include "http/header_lookup.h"

namespace hearth::gateway {
namespace {

using http::EqualsNoCase;

constexpr size_t kNamesMax = 16;  // that a Connection header may name; more are not taken serious

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ").append(value).append("\r\n");
}

void AppendNumber(uint64_t number, int base, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, base);
  out->append(digits, end.ptr);
}

void AppendFraming(const Framing& framing, std::string* out) {
  if (framing.chunked) {
    out->append("Transfer-Encoding: chunked\r\n");
  } else if (framing.length) {
    out->append("Content-Length: ");
    AppendNumber(*framing.length, 10, out);
    out->append("\r\n");
  }
}

bool StartsNoCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsNoCase(text.substr(0, prefix.size()), prefix);
}

// Calls `each` with every word of a comma-separated list.
template <typename F>
void ForEachWord(std::string_view list, F each) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view word = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
    while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
    if (!word.empty()) each(word);
  }
}

// The names that Connection headers name, but for the two that every one has.
class ConnectionNames {
 public:
  explicit ConnectionNames(const http::HeaderList& headers) {
    for (size_t i = 0; i < headers.size(); ++i) {
      const http::HeaderView header = headers[i];
      if (!EqualsNoCase(header.name, "Connection")) continue;
      ForEachWord(header.value, [this](std::string_view word) {
        if (EqualsNoCase(word, "keep-alive") || EqualsNoCase(word, "close")) return;
        if (count_ < kNamesMax) names_[count_++] = word;
      });
    }
  }
  bool Has(std::string_view name) const {
    for (size_t i = 0; i < count_; ++i) {
      if (EqualsNoCase(names_[i], name)) return true;
    }
    return false;
  }

 private:
  std::string_view names_[kNamesMax];
  size_t count_ = 0;
};

// Of one connection only, or printed anew: never passed on, either way. By length first: this is
// asked of every header.
bool StaysBehind(std::string_view name) {
  switch (name.size()) {
    case 2:
      return EqualsNoCase(name, "TE");
    case 7:
      return EqualsNoCase(name, "Trailer") || EqualsNoCase(name, "Upgrade");
    case 10:
      return EqualsNoCase(name, "Connection") || EqualsNoCase(name, "Keep-Alive");
    case 12:
      return EqualsNoCase(name, "X-Request-Id");
    case 14:
      return EqualsNoCase(name, "Content-Length");
    case 17:
      return EqualsNoCase(name, "Transfer-Encoding");
    default:
      break;
  }
  return StartsNoCase(name, "Proxy-");
}

// What a request's head says besides the headers that are just passed on.
struct Special {
  std::string_view host;
  std::string_view request_id;
  std::string_view traceparent;
  bool one_traceparent = true;
};

// True when `header` is not passed on as it stands.
bool TakeSpecial(const http::HeaderView& header, Special* special, std::string* forwarded_for) {
  const std::string_view name = header.name;
  switch (name.size()) {
    case 4:
      if (!EqualsNoCase(name, "Host")) return false;
      special->host = header.value;
      return true;
    case 6:
      return EqualsNoCase(name, "Expect");
    case 10:
      return EqualsNoCase(name, "tracestate");  // printed behind its traceparent
    case 11:
      if (!EqualsNoCase(name, "traceparent")) return false;
      special->one_traceparent = special->traceparent.empty();
      special->traceparent = header.value;
      return true;
    case 12:
      if (!EqualsNoCase(name, "X-Request-Id")) return false;
      special->request_id = header.value;
      return true;
    case 15:
      if (!EqualsNoCase(name, "X-Forwarded-For")) return false;
      if (!forwarded_for->empty() && !header.value.empty()) forwarded_for->append(", ");
      forwarded_for->append(header.value);
      return true;
    case 16:
      return EqualsNoCase(name, "X-Forwarded-Host");
    case 17:
      return EqualsNoCase(name, "X-Forwarded-Proto");
    default:
      return false;
  }
}

void AppendTrace(const RequestHeadParts& parts, const Special& special, RandomHex* random,
                 std::string* out) {
  out->append("traceparent: ");
  if (!special.one_traceparent || !IsTraceparent(special.traceparent)) {
    AppendTraceparent(random, out);
    out->append("\r\n");
    return;  // a tracestate belongs to a trace that has not begun here
  }
  out->append(special.traceparent).append("\r\n");
  for (size_t i = 0; i < parts.headers.size(); ++i) {
    const http::HeaderView header = parts.headers[i];
    if (EqualsNoCase(header.name, "tracestate")) AppendHeader("tracestate", header.value, out);
  }
}

}  // namespace

void PrintRequestHead(const RequestHeadParts& parts, RandomHex* random, RequestNames* names,
                      std::string* out) {
  const ConnectionNames named(parts.headers);
  Special special;
  std::string forwarded_for;
  for (size_t i = 0; i < parts.headers.size(); ++i) {  // Host stands first
    if (EqualsNoCase(parts.headers[i].name, "Host")) special.host = parts.headers[i].value;
  }
  const std::string_view host = special.host.empty() ? std::string_view("localhost") : special.host;
  out->append(parts.method).append(" ").append(parts.target).append(" HTTP/1.1\r\n");
  AppendHeader("Host", host, out);
  for (size_t i = 0; i < parts.headers.size(); ++i) {
    const http::HeaderView header = parts.headers[i];
    if (TakeSpecial(header, &special, &forwarded_for) || StaysBehind(header.name) ||
        named.Has(header.name)) {
      continue;
    }
    AppendHeader(header.name, header.value, out);
  }
  AppendFraming(parts.framing, out);
  if (!parts.client.empty()) {
    if (!forwarded_for.empty()) forwarded_for.append(", ");
    forwarded_for.append(parts.client);
  }
  if (!forwarded_for.empty()) AppendHeader("X-Forwarded-For", forwarded_for, out);
  out->append("X-Forwarded-Proto: http\r\n");
  if (!special.host.empty()) AppendHeader("X-Forwarded-Host", special.host, out);
  AppendTrace(parts, special, random, out);
  names->request_id.clear();
  if (IsRequestId(special.request_id)) {
    names->request_id.assign(special.request_id);
  } else {
    random->Append(32, &names->request_id);
  }
  AppendHeader("X-Request-Id", names->request_id, out);
  out->append("\r\n");
}

bool AsksForUpgrade(const http::HeaderList& headers) {
  bool offered = false;
  for (size_t i = 0; i < headers.size() && !offered; ++i) {
    const http::HeaderView header = headers[i];
    offered = EqualsNoCase(header.name, "Upgrade") && !EqualsNoCase(header.value, "h2c");
  }
  return offered && ConnectionNames(headers).Has("Upgrade");
}

AnswerFraming FrameAnswer(int status, std::optional<uint64_t> length, bool head_only, bool http10) {
  AnswerFraming answer;
  if (status == 204) {
    answer.has_body = false;
  } else if (head_only || status == 304) {
    answer.has_body = false;
    answer.framing.length = length;  // what GET would have said
  } else if (length) {
    answer.framing.length = length;
  } else {
    answer.framing.chunked = !http10;
    answer.until_close = http10;
  }
  return answer;
}

void PrintAnswerHead(const http::AnswerHeadView& head, const AnswerFraming& framing, bool close,
                     std::string_view request_id, std::string* out) {
  const ConnectionNames named(head.headers);
  out->append("HTTP/1.1 ");
  AppendNumber(static_cast<uint64_t>(head.status), 10, out);
  out->append(" ").append(head.reason).append("\r\n");
  for (size_t i = 0; i < head.headers.size(); ++i) {
    const http::HeaderView header = head.headers[i];
    if (!StaysBehind(header.name) && !named.Has(header.name)) {
      AppendHeader(header.name, header.value, out);
    }
  }
  AppendFraming(framing.framing, out);
  AppendHeader("X-Request-Id", request_id, out);
  if (close) out->append("Connection: close\r\n");
  out->append("\r\n");
}

void AppendChunkLine(uint64_t bytes, std::string* out) {
  AppendNumber(bytes, 16, out);
  out->append("\r\n");
}

}  // namespace hearth::gateway
