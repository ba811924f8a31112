// LoadLoop: drives the connections of one load from one thread and records what each request took.
// Used by load_cell.cc.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "bench/load_cell.h"
#include "http/load_client.h"

namespace hearth::bench {

// The request as it goes to the server.
http::Outgoing PostOf(Form form, const std::string& body);

class LoadLoop {
 public:
  // `answer_bytes_min`: a shorter 200 answer counts as an error. All three referenced objects
  // outlive the loop.
  LoadLoop(const CellSpec& spec, const PreparedRequests& prepared, const http::Url& base,
           size_t answer_bytes_min);

  // Each client sends its next request when it has its answer, until `duration` is over or
  // `requests_max` (0: no limit) are sent; returns when all answers are in.
  void RunClosed(std::chrono::nanoseconds duration, size_t requests_max);

  // Sends at these offsets from now, on whichever connection is free; a request that finds none
  // waits its turn, and the wait is part of its latency. Returns when all answers are in, or
  // spec.timeout after the last planned instant.
  void RunOpen(const std::vector<std::chrono::nanoseconds>& arrivals);

  // What has been measured since the last Take.
  CellResult Take();

 private:
  struct Pending {
    size_t request = 0;
    Clock::time_point from;  // where its latency starts
    bool repeated = false;
  };

  int probe_connection() const { return spec_.clients; }
  Pending& At(int connection) { return pending_[static_cast<size_t>(connection)]; }
  int LoadInFlight() const {
    return client_.in_flight() - (client_.idle(probe_connection()) ? 0 : 1);
  }
  void Begin();
  void SendNext(int connection, Clock::time_point from);
  void Send(int connection);
  void SendProbeWhenDue();
  void SendWaiting();
  // Waits for events, at most until `until`; wakes for the probe too.
  void Step(Clock::time_point until);
  void Drain();
  void OnDone(const http::LoadClient::Done& done);
  void OnProbeDone(const http::LoadClient::Done& done);
  void Record(const http::LoadClient::Done& done, const Pending& pending);

  const CellSpec& spec_;
  const PreparedRequests& prepared_;
  const size_t answer_bytes_min_;
  http::LoadClient client_;
  std::vector<Pending> pending_;
  std::vector<std::string> wires_;
  std::string probe_wire_;
  CellResult result_;
  size_t next_request_ = 0;

  bool closed_ = false;                    // a client sends again on each answer …
  Clock::time_point stop_;                 // … until this
  size_t requests_left_ = 0;               // … or so many have been sent
  std::deque<Clock::time_point> waiting_;  // open loop: due, without a free connection
  std::vector<int> free_;                  // open loop: connections without a request
  bool probing_ = false;
  Clock::time_point probe_due_;
  Clock::time_point first_sent_;
  Clock::time_point last_done_;
};

}  // namespace hearth::bench
