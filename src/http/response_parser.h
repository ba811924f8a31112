// ResponseParser: the client's half of request_parser.h: bytes of a connection -> one answer. No
// socket, no clock. Chunked answers are joined, interim ones (1xx) skipped, an answer without a
// length ends with the connection. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/answer.h"

namespace hearth::http {

class ResponseParser {
 public:
  struct Options {
    size_t answer_bytes_max = 0;  // head and body
    bool keep_headers = true;     // a load generator does not look at them
    bool header_list = false;     // the sink gets OnHeadView, and no header costs an allocation
  };
  enum class Outcome { kNeedMore, kDone, kFailed };

  explicit ResponseParser(Options options);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  // Before each answer; `head_only`: it has no body (HEAD). With a `sink`, head and body go there
  // as they come (the body never stays here, and answer_bytes_max does not count it); what it
  // returns as a failure becomes failure().
  void Reset(bool head_only, BodySink* sink = nullptr);
  Outcome Feed(std::string_view data);
  Outcome EndOfInput();  // the server has closed the connection

  int status() const;
  std::vector<std::pair<std::string, std::string>>& headers();
  std::string& body();
  // False when the server closes, or has sent more than one answer.
  bool keep_alive() const;
  const Error& failure() const;  // after kFailed

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace hearth::http
