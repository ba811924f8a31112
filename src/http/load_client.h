// LoadClient: N keep-alive connections to one server, driven from one thread, with a time stamp at
// each step. What `hearth bench load` stands on: the caller decides when to send (closed loop, open
// loop); this sends, reads and measures.
//
//   LoadClient client(url, 64, options, [&](const LoadClient::Done& done) { …
//   client.Send(done.connection, wire, …); }); client.ConnectAll(deadline); for (int i = 0; i < 64;
//   ++i) client.Send(i, wire, deadline); while (running) client.Poll(next_due);
//
// One thread: everything, the callback too, runs on the caller's, inside Poll. The callback may
// call Send. The bytes given to Send must live until its Done. Not for the gateway: no
// back-pressure, whole answers only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/url.h"

namespace hearth::http {

class LoadClient {
 public:
  struct Options {
    size_t answer_bytes_max = size_t{64} * 1024 * 1024;
  };

  // The end of one request. On failure `error` is set (codes as in Connection) and status is 0; the
  // connection is opened again by the next Send on it.
  struct Done {
    int connection = 0;
    const Error* error = nullptr;
    int status = 0;
    std::string_view body;         // valid during the callback only
    Clock::time_point sent;        // when Send was called
    Clock::time_point first_byte;  // of the answer
    Clock::time_point done;        // its last byte
    bool connected = false;  // this request had to open the connection first: its time is included
  };
  using OnDone = std::function<void(const Done&)>;

  LoadClient(Url url, int connections, Options options, OnDone on_done);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  // Opens every connection; the first failure is returned. Optional: Send opens what is not open.
  Status ConnectAll(Clock::time_point deadline);

  // Sends `wire` (from Serialize) on an idle connection. Never blocks; every failure arrives as a
  // Done inside Poll. Precondition: idle(connection).
  void Send(int connection, std::string_view wire, Clock::time_point deadline);
  bool idle(int connection) const;
  int in_flight() const;

  // Waits until something has happened or `until` has come (to about 50 us), handles what there is,
  // and returns the number of Done callbacks made. With `until` in the past it only looks.
  int Poll(Clock::time_point until);

  // Closes every connection; what is in flight ends with a kIo Done in the next Poll.
  void CloseAll();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http
