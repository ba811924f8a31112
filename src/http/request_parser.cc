#include "http/request_parser.h"

#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "http/header_lookup.h"
#include "http/target.h"

namespace hearth::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

constexpr size_t kHeadersMax = 256;
constexpr size_t kLastChunkBytes = 5;                // "0\r\n\r\n"
constexpr size_t kChunkLineMax = size_t{16} * 1024;  // a chunk's size line, or the trailers

// Bytes that need a look: controls and DEL.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0; c < 256; ++c) plain[c] = (c >= 0x20 && c != 0x7f) || c == '\t';
  return plain;
}();

bool AllDigits(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return true;
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// Receives the pieces as Beast finds them. A piece that is refused sets `owner.failure_` and any
// error code stops Beast.
struct RequestParser::Machine {
  struct Parser final : beast::http::basic_parser<true> {
    explicit Parser(RequestParser* parser) : owner(parser) {}

    void Stop(beast::error_code& ec) {
      ec = beast::http::make_error_code(beast::http::error::bad_field);
    }

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                         int version, beast::error_code&) override {
      owner->request_.method.assign(method.data(), method.size());
      owner->target_.assign(target.data(), target.size());
      owner->version_ = version;
    }
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
    void on_field_impl(field name, beast::string_view text, beast::string_view value,
                       beast::error_code& ec) override {
      if (owner->in_body_) return;  // a trailer: read, checked by Beast, dropped
      if (!owner->TakeField(static_cast<int>(name), View(text), View(value))) Stop(ec);
    }
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    size_t on_body_impl(beast::string_view body, beast::error_code&) override {
      owner->request_.body.append(body.data(), body.size());
      return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
      owner->request_.body.append(body.data(), body.size());
      return body.size();
    }
    void on_finish_impl(beast::error_code&) override {}

    RequestParser* owner;
  };
  std::optional<Parser> parser;
};

RequestParser::RequestParser(size_t header_bytes_max, HeaderForm form)
    : header_bytes_max_(header_bytes_max), form_(form), machine_(std::make_unique<Machine>()) {}

RequestParser::~RequestParser() = default;

void RequestParser::Reset() {
  machine_->parser.reset();
  if (form_ == HeaderForm::kStrings) {
    request_ = Request();
  } else {
    request_.method.clear();
    request_.path.clear();
    request_.query.clear();
    request_.body.clear();
    header_list_.Clear();
  }
  target_.clear();
  header_count_ = 0;
  scanned_ = 0;
  content_length_ = 0;
  version_ = hosts_ = lengths_ = 0;
  failed_ = in_body_ = chunked_ = expects_continue_ = false;
  keep_alive_ = true;
}

RequestParser::Outcome RequestParser::Fail(Code code, int status, std::string_view message) {
  if (!failed_) failure_ = Refusal{code, status, std::string(message)};
  failed_ = true;
  return Outcome::kFailed;
}

bool RequestParser::has_body() const { return chunked_ || content_length_ > 0; }

RequestParser::Outcome RequestParser::Head(std::string_view data, size_t* used) {
  *used = 0;
  // One empty line before a request is forgiven, as RFC 9112 section 2.2 asks.
  const size_t lead = data.starts_with("\r\n") ? 2 : 0;
  if (data == "\r") return Outcome::kNeedMore;
  data.remove_prefix(lead);
  size_t end = 0;
  const Outcome scan = ScanHead(data, &end);
  if (scan != Outcome::kDone) return scan;
  const Outcome outcome = ParseHead(data.substr(0, end));
  if (outcome == Outcome::kDone) *used = lead + end;
  return outcome;
}

// Finds the end of the head, and on the way what Beast forgives or would wait for: bare LF, bare
// CR, folds, controls.
RequestParser::Outcome RequestParser::ScanHead(std::string_view data, size_t* end) {
  const size_t limit = std::min(data.size(), header_bytes_max_);
  size_t i = scanned_;
  for (; i < limit; ++i) {
    const auto c = static_cast<unsigned char>(data[i]);
    if (kPlain[c]) continue;
    const bool last = i + 1 == data.size();
    if (c == '\r') {
      if (last) break;
      if (data[i + 1] != '\n') {
        return Fail(Code::kInvalidArgument, 400, "the head has a CR without LF");
      }
    } else if (c == '\n') {
      if (i == 0 || data[i - 1] != '\r') {
        return Fail(Code::kInvalidArgument, 400,
                    "the head has a line that ends in LF alone: lines end in CR LF");
      }
      if (i >= 3 && data[i - 2] == '\n') {
        *end = i + 1;
        return Outcome::kDone;
      }
      if (last) break;
      if (data[i + 1] == ' ' || data[i + 1] == '\t') {
        return Fail(Code::kInvalidArgument, 400, "a header is folded over two lines");
      }
    } else {
      return Fail(Code::kInvalidArgument, 400, "the head has a control character");
    }
  }
  scanned_ = i;
  if (data.size() > header_bytes_max_) {
    return Fail(Code::kTooLarge, 431, "the request's head is larger than the limit");
  }
  return Outcome::kNeedMore;
}

RequestParser::Outcome RequestParser::ParseHead(std::string_view head) {
  machine_->parser.emplace(this);
  Machine::Parser& parser = *machine_->parser;
  parser.header_limit(static_cast<std::uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  beast::error_code ec;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (failed_) return Outcome::kFailed;
  if (ec) return FailAs(ec.value());
  if (!parser.is_header_done()) return Fail(Code::kInvalidArgument, 400, "the head is malformed");
  return CheckHead();
}

RequestParser::Outcome RequestParser::FailAs(int beast_error) {
  using beast::http::error;
  const char* message = "the request is not HTTP/1.1";
  switch (static_cast<error>(beast_error)) {
    case error::bad_method:
      message = "the request line has no valid method";
      break;
    case error::bad_target:
      message = "the request line has no valid target";
      break;
    case error::bad_version:
      message = "the request line does not end in HTTP/1.1";
      break;
    case error::bad_field:
      message = "a header's name is malformed";
      break;
    case error::bad_value:
      message = "a header's value is malformed";
      break;
    case error::bad_content_length:
    case error::multiple_content_length:
      message = "Content-Length is malformed";
      break;
    case error::bad_transfer_encoding:
      message = "Transfer-Encoding stands twice or beside Content-Length";
      break;
    case error::bad_chunk:
    case error::bad_chunk_extension:
      message = "a chunk of the body is malformed";
      break;
    default:
      break;
  }
  return Fail(Code::kInvalidArgument, 400, message);
}

bool RequestParser::TakeField(int name, std::string_view text, std::string_view value) {
  if (++header_count_ > kHeadersMax) {
    Fail(Code::kTooLarge, 431, "the request has more than 256 headers");
    return false;
  }
  switch (static_cast<field>(name)) {
    case field::host:
      ++hosts_;
      break;
    case field::content_length:
      if (++lengths_ > 1) {
        Fail(Code::kInvalidArgument, 400, "Content-Length stands twice");
        return false;
      }
      if (!AllDigits(value)) {
        Fail(Code::kInvalidArgument, 400, "Content-Length is not a number");
        return false;
      }
      break;
    case field::transfer_encoding:
      if (!EqualsNoCase(value, "chunked")) {
        Fail(Code::kUnsupported, 501, "Transfer-Encoding other than chunked is not supported");
        return false;
      }
      chunked_ = true;
      break;
    case field::expect:
      if (!EqualsNoCase(value, "100-continue")) {
        Fail(Code::kUnsupported, 417, "Expect other than 100-continue is not supported");
        return false;
      }
      expects_continue_ = true;
      break;
    default:
      break;
  }
  if (form_ == HeaderForm::kList) {
    header_list_.Add(text, value);
  } else {
    request_.headers.emplace_back(text, value);
  }
  return true;
}

RequestParser::Outcome RequestParser::CheckHead() {
  Machine::Parser& parser = *machine_->parser;
  if (version_ != 11 && version_ != 10) {
    return Fail(Code::kInvalidArgument, 400, "the request line does not end in HTTP/1.1");
  }
  if (http10() && chunked_) {
    return Fail(Code::kInvalidArgument, 400, "HTTP/1.0 has no Transfer-Encoding");
  }
  if (hosts_ > 1 || (hosts_ == 0 && !http10())) {
    return Fail(Code::kInvalidArgument, 400,
                hosts_ == 0 ? "the Host header is missing" : "the Host header stands twice");
  }
  if (const char* why = SplitTarget(target_, &request_.path, &request_.query)) {
    return Fail(Code::kInvalidArgument, 400, why);
  }
  if (!target_.starts_with('/')) target_ = OriginForm(target_);
  content_length_ = static_cast<size_t>(parser.content_length().value_or(0));
  // nginx by default, ab and old health checks speak 1.0: answered, then closed.
  keep_alive_ = parser.keep_alive() && !http10();
  expects_continue_ = expects_continue_ && !http10();
  in_body_ = true;
  parser.eager(true);
  return Outcome::kDone;
}

RequestParser::Outcome RequestParser::Body(std::string_view data, size_t* used) {
  *used = 0;
  Machine::Parser& parser = *machine_->parser;
  if (parser.is_done()) return Outcome::kDone;
  // Beast (1.81) asserts that it is not asked about less than a last chunk; no chunked body ends in
  // less.
  if (data.empty() || (chunked_ && data.size() < kLastChunkBytes)) return Outcome::kNeedMore;
  beast::error_code ec;
  *used = parser.put(boost::asio::const_buffer(data.data(), data.size()), ec);
  if (ec && ec != beast::http::error::need_more) return FailAs(ec.value());
  if (parser.is_done()) return Outcome::kDone;
  if (data.size() - *used > kChunkLineMax) {
    return Fail(Code::kInvalidArgument, 400, "a chunk's header or the trailers are too long");
  }
  return Outcome::kNeedMore;
}

}  // namespace hearth::http
