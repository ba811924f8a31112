// RequestParser: bytes of one connection -> requests, strictly. No socket, no clock, no limit on
// bodies (the connection counts them): so it can be tested and fuzzed alone.
//
// Beast's parser does the grammar; this adds what a server must refuse so that a proxy in front of
// it cannot be fooled about where a request ends: Content-Length together with Transfer-Encoding,
// Content-Length twice (also with one value), any transfer coding but `chunked`, bare LF or CR,
// folded headers, control characters, no Host (in HTTP/1.1) or two. HTTP/1.0 is taken without
// keep-alive.
//
// Use: Head() until kDone, then look at the accessors and take or refuse the request; Body() until
// kDone; TakeRequest(); Reset() for the next one. After kFailed the connection cannot be used
// further. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/header_list.h"
#include "http/server.h"

namespace hearth::http {

// An answer that the server gives by itself.
struct Refusal {
  Code code = Code::kInvalidArgument;
  int status = 400;
  std::string message;
};

class RequestParser {
 public:
  enum class Outcome { kNeedMore, kDone, kFailed };
  // Where headers go: into request().headers, or, without an allocation for each, into
  // header_list(); request().headers then stays empty and Reset keeps all buffers.
  enum class HeaderForm { kStrings, kList };

  explicit RequestParser(size_t header_bytes_max, HeaderForm form = HeaderForm::kStrings);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // `data` starts where the head starts, on every call (kNeedMore consumes nothing: call again with
  // more). On kDone *used is the length of the head.
  Outcome Head(std::string_view data, size_t* used);

  // After Head. Appends what `data` holds of the body to the request and sets *used to the bytes
  // consumed, also on kNeedMore; the rest must be presented again with more behind it.
  Outcome Body(std::string_view data, size_t* used);

  // Valid after Head.
  const Request& request() const { return request_; }
  Request& request() { return request_; }
  const HeaderList& header_list() const { return header_list_; }
  // Path and query as they were sent, without the scheme and host of an absolute form: "/a%20b?c".
  std::string_view origin_target() const { return target_; }
  bool has_body() const;
  bool chunked() const { return chunked_; }
  size_t content_length() const { return content_length_; }
  bool expects_continue() const { return expects_continue_; }
  bool keep_alive() const { return keep_alive_; }
  bool http10() const { return version_ == 10; }  // knows neither chunks nor 1xx answers

  const Refusal& failure() const { return failure_; }  // after kFailed

  Request TakeRequest() { return std::move(request_); }
  void Reset();

 private:
  struct Machine;  // the Beast parser
  friend struct Machine;

  Outcome Fail(Code code, int status, std::string_view message);
  Outcome ScanHead(std::string_view data, size_t* end);
  Outcome ParseHead(std::string_view head);
  Outcome FailAs(int beast_error);
  bool TakeField(int field, std::string_view name, std::string_view value);
  Outcome CheckHead();

  const size_t header_bytes_max_;
  const HeaderForm form_;
  std::unique_ptr<Machine> machine_;
  Request request_;
  HeaderList header_list_;
  size_t header_count_ = 0;
  std::string target_;
  Refusal failure_;
  size_t scanned_ = 0;
  size_t content_length_ = 0;
  int version_ = 0;
  int hosts_ = 0;
  int lengths_ = 0;
  bool failed_ = false;
  bool in_body_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = true;
};

}  // namespace hearth::http
