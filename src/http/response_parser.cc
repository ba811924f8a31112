#include "http/response_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <optional>

#include "http/client.h"

namespace hearth::http {
namespace {

namespace beast = boost::beast;

constexpr std::uint32_t kHeaderBytesMax = 64 * 1024;
constexpr size_t kLastChunkBytes = 5;  // "0\r\n\r\n"

}  // namespace

struct ResponseParser::Machine {
  struct Parser final : beast::http::basic_parser<false> {
    explicit Parser(Machine* machine) : owner(machine) {}

    void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                         beast::error_code&) override {}
    void on_response_impl(int code, beast::string_view words, int, beast::error_code&) override {
      owner->status = code;
      if (owner->options.header_list) owner->reason.assign(words.data(), words.size());
    }
    void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                       beast::error_code&) override {
      if (field == beast::http::field::transfer_encoding && !is_header_done()) {
        owner->unknown_coding |= !beast::iequals(value, "chunked");
      }
      if (!owner->options.keep_headers || is_header_done()) return;
      if (owner->options.header_list) {
        owner->list.Add({name.data(), name.size()}, {value.data(), value.size()});
        return;
      }
      owner->headers.emplace_back(std::string(name.data(), name.size()),
                                  std::string(value.data(), value.size()));
    }
    void on_header_impl(beast::error_code& ec) override {
      const auto length = content_length();
      if (owner->unknown_coding) {
        ec = beast::http::error::bad_transfer_encoding;
        return;
      }
      if (owner->sink != nullptr) {
        if (owner->status / 100 != 1) owner->TellHead(chunked() ? boost::none : length, ec);
        return;
      }
      if (!length || owner->head_only) return;
      if (*length > owner->options.answer_bytes_max) {
        ec = beast::http::error::body_limit;
        return;
      }
      owner->body.reserve(static_cast<size_t>(*length));
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    size_t on_body_impl(beast::string_view piece, beast::error_code& ec) override {
      return Append(piece, ec);
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece,
                              beast::error_code& ec) override {
      return Append(piece, ec);
    }
    void on_finish_impl(beast::error_code&) override {}

    size_t Append(beast::string_view piece, beast::error_code& ec) {
      if (owner->sink != nullptr) {
        owner->TellBody({piece.data(), piece.size()}, ec);
        return piece.size();
      }
      if (owner->body.size() + piece.size() > owner->options.answer_bytes_max) {
        ec = beast::http::error::body_limit;
        return 0;
      }
      owner->body.append(piece.data(), piece.size());
      return piece.size();
    }

    Machine* owner;
  };

  void StartAnswer() {
    parser.emplace(this);
    parser->eager(true);
    parser->header_limit(kHeaderBytesMax);
    parser->body_limit(boost::none);
    if (head_only) parser->skip(true);
    status = 0;
    unknown_coding = false;
    headers.clear();
    list.Clear();
    body.clear();
  }

  void TellHead(const boost::optional<std::uint64_t>& length, beast::error_code& ec) {
    if (options.header_list) {
      AnswerHeadView view{status, reason, list, std::nullopt};
      if (length) view.content_length = *length;
      Tell(sink->OnHeadView(view), ec);
      return;
    }
    AnswerHead head{status, headers, std::nullopt};
    if (length) head.content_length = *length;
    Tell(sink->OnHead(head), ec);
  }
  // What waited from an earlier read makes this one's piece longer than the buffer.
  void TellBody(std::string_view bytes, beast::error_code& ec) {
    for (; !bytes.empty() && !ec; bytes.remove_prefix(std::min(kPieceBytes, bytes.size()))) {
      Tell(sink->OnBody(bytes.substr(0, kPieceBytes)), ec);
    }
  }
  void Tell(Status status_of_sink, beast::error_code& ec) {
    if (status_of_sink) return;
    failure = std::move(status_of_sink.error());
    refused = true;
    ec = beast::http::error::end_of_stream;  // any: ends the parsing
  }

  Outcome Fail(Code code, std::string message) {
    failure = Error{code, std::move(message)};
    return Outcome::kFailed;
  }

  // Parses `data`, all that is there; *used: how much of it.
  Outcome Parse(std::string_view data, size_t* used);

  Options options;
  std::optional<Parser> parser;
  bool head_only = false;
  BodySink* sink = nullptr;
  bool refused = false;  // by the sink
  bool unknown_coding = false;
  bool surplus = false;  // bytes behind the answer
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  HeaderList list;
  std::string reason;
  std::string body;
  std::string input;  // not yet understood
  Error failure;
};

ResponseParser::Outcome ResponseParser::Machine::Parse(std::string_view data, size_t* used) {
  while (true) {
    // Beast (1.81) asserts that it is not asked about less than a last chunk.
    if (parser->is_header_done() && parser->chunked() && data.size() - *used < kLastChunkBytes) {
      return Outcome::kNeedMore;
    }
    beast::error_code ec;
    *used += parser->put(boost::asio::const_buffer(data.data() + *used, data.size() - *used), ec);
    if (refused) return Outcome::kFailed;
    if (unknown_coding && ec) {
      return Fail(Code::kUnsupported, "the answer has a transfer coding other than chunked");
    }
    if (ec == beast::http::error::header_limit) {
      return Fail(Code::kTooLarge,
                  fmt::format("the answer's head is larger than {} bytes", kHeaderBytesMax));
    }
    if (ec == beast::http::error::body_limit) {
      return Fail(Code::kTooLarge,
                  fmt::format("the answer is larger than {} bytes", options.answer_bytes_max));
    }
    if (ec && ec != beast::http::error::need_more) {
      return Fail(Code::kCorrupt, "the answer is not HTTP/1.1: " + ec.message());
    }
    if (!parser->is_done()) return Outcome::kNeedMore;
    if (status / 100 != 1) return Outcome::kDone;
    StartAnswer();  // that was an interim answer
    if (*used == data.size()) return Outcome::kNeedMore;
  }
}

ResponseParser::ResponseParser(Options options) : machine_(std::make_unique<Machine>()) {
  machine_->options = options;
  Reset(false);
}

ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

void ResponseParser::Reset(bool head_only, BodySink* sink) {
  machine_->head_only = head_only;
  machine_->sink = sink;
  machine_->refused = false;
  machine_->surplus = false;
  machine_->input.clear();
  machine_->StartAnswer();
}

ResponseParser::Outcome ResponseParser::Feed(std::string_view data) {
  Machine& machine = *machine_;
  std::string_view all = data;
  if (!machine.input.empty()) {
    machine.input.append(data);
    all = machine.input;
  }
  size_t used = 0;
  const Outcome outcome = machine.Parse(all, &used);
  if (outcome == Outcome::kDone) {
    machine.surplus = used < all.size();
    machine.input.clear();
  } else if (machine.input.empty()) {
    machine.input.assign(all.substr(used));
  } else {
    machine.input.erase(0, used);
  }
  // A head, the line before a chunk or the trailer behind the last: bodies do not wait here.
  if (outcome == Outcome::kNeedMore && machine.input.size() > size_t{2} * kHeaderBytesMax) {
    return machine.Fail(Code::kTooLarge, "the answer has a line of endless length between chunks");
  }
  return outcome;
}

ResponseParser::Outcome ResponseParser::EndOfInput() {
  Machine& machine = *machine_;
  beast::error_code ec;
  if (machine.parser->got_some()) {
    machine.parser->put_eof(ec);
    if (machine.refused) return Outcome::kFailed;
    if (!ec) return Outcome::kDone;
  }
  return machine.Fail(Code::kIo, "the server closed the connection before its answer was whole");
}

int ResponseParser::status() const { return machine_->status; }
std::vector<std::pair<std::string, std::string>>& ResponseParser::headers() {
  return machine_->headers;
}
std::string& ResponseParser::body() { return machine_->body; }
bool ResponseParser::keep_alive() const {
  return machine_->parser->keep_alive() && !machine_->surplus;
}
const Error& ResponseParser::failure() const { return machine_->failure; }

}  // namespace hearth::http
