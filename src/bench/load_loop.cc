#include "bench/load_loop.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace hearth::bench {
namespace {

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

http::Outgoing PostOf(Form form, const std::string& body) {
  http::Outgoing request;
  request.method = "POST";
  request.target = PathOf(form);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  return request;
}

LoadLoop::LoadLoop(const CellSpec& spec, const PreparedRequests& prepared, const http::Url& base,
                   size_t answer_bytes_min)
    : spec_(spec),
      prepared_(prepared),
      answer_bytes_min_(answer_bytes_min),
      client_(base, spec.clients + 1, {},
              [this](const http::LoadClient::Done& done) { OnDone(done); }),
      pending_(static_cast<size_t>(spec.clients) + 1) {
  for (const auto& one : prepared.requests) {
    wires_.push_back(http::Serialize(base, PostOf(prepared.form, one.body)));
  }
  http::Outgoing probe;
  probe.target = spec.probe_path;
  probe_wire_ = http::Serialize(base, probe);
}

CellResult LoadLoop::Take() {
  result_.seconds = std::chrono::duration<double>(last_done_ - first_sent_).count();
  return std::exchange(result_, CellResult{});
}

void LoadLoop::Begin() {
  first_sent_ = Clock::now();
  last_done_ = first_sent_;
  probing_ = !spec_.probe_path.empty();
  probe_due_ = first_sent_;
}

void LoadLoop::SendNext(int connection, Clock::time_point from) {
  At(connection) = {.request = next_request_, .from = from};
  next_request_ = (next_request_ + 1) % wires_.size();
  Send(connection);
}

void LoadLoop::Send(int connection) {
  client_.Send(connection, wires_[At(connection).request], Clock::now() + spec_.timeout);
}

void LoadLoop::SendProbeWhenDue() {
  const Clock::time_point now = Clock::now();
  if (!probing_ || now < probe_due_ || !client_.idle(probe_connection())) return;
  At(probe_connection()).from = probe_due_;
  // A probe that took longer than its period does not bring a burst of late ones.
  probe_due_ = std::max(probe_due_ + spec_.probe_period, now);
  client_.Send(probe_connection(), probe_wire_, now + spec_.timeout);
}

void LoadLoop::Step(Clock::time_point until) {
  SendProbeWhenDue();
  if (probing_ && client_.idle(probe_connection())) until = std::min(until, probe_due_);
  client_.Poll(until);
}

void LoadLoop::Drain() {
  probing_ = false;
  while (client_.in_flight() > 0) client_.Poll(Clock::now() + std::chrono::milliseconds(100));
}

void LoadLoop::RunClosed(std::chrono::nanoseconds duration, size_t requests_max) {
  Begin();
  closed_ = true;
  stop_ = first_sent_ + duration;
  requests_left_ = requests_max > 0 ? requests_max : std::numeric_limits<size_t>::max();
  for (int i = 0; i < spec_.clients && requests_left_ > 0; ++i) {
    --requests_left_;
    SendNext(i, Clock::now());
  }
  while (LoadInFlight() > 0) Step(Clock::now() + std::chrono::milliseconds(100));
  closed_ = false;
  Drain();
}

void LoadLoop::RunOpen(const std::vector<std::chrono::nanoseconds>& arrivals) {
  Begin();
  free_.clear();
  for (int i = spec_.clients - 1; i >= 0; --i) free_.push_back(i);
  const Clock::time_point start = first_sent_;
  const Clock::time_point give_up =
      start + spec_.timeout + (arrivals.empty() ? std::chrono::nanoseconds(0) : arrivals.back());
  size_t next = 0;
  while (next < arrivals.size() || !waiting_.empty() || LoadInFlight() > 0) {
    const Clock::time_point now = Clock::now();
    for (; next < arrivals.size() && start + arrivals[next] <= now; ++next) {
      waiting_.push_back(start + arrivals[next]);
    }
    SendWaiting();
    if (now >= give_up) break;
    const Clock::time_point soon = now + std::chrono::milliseconds(100);
    Step(next < arrivals.size() ? std::min(soon, start + arrivals[next]) : soon);
  }
  if (!waiting_.empty()) result_.errors["no free connection"] += waiting_.size();
  waiting_.clear();
  Drain();
}

void LoadLoop::SendWaiting() {
  while (!waiting_.empty() && !free_.empty()) {
    const int connection = free_.back();
    free_.pop_back();
    SendNext(connection, waiting_.front());
    waiting_.pop_front();
  }
}

void LoadLoop::OnDone(const http::LoadClient::Done& done) {
  if (done.connection == probe_connection()) {
    OnProbeDone(done);
    return;
  }
  Pending& pending = At(done.connection);
  // A server may close a connection between two requests (llama.cpp does after 100): the request
  // goes out once more.
  if (done.error != nullptr && done.error->code == Code::kIo && !done.connected &&
      !pending.repeated) {
    pending.repeated = true;
    ++result_.reconnects;
    Send(done.connection);
    return;
  }
  Record(done, pending);
  if (!closed_) {
    free_.push_back(done.connection);
  } else if (done.done < stop_ && requests_left_ > 0) {
    --requests_left_;
    SendNext(done.connection, Clock::now());
  }
}

void LoadLoop::OnProbeDone(const http::LoadClient::Done& done) {
  if (done.error == nullptr && done.status == 200) {
    result_.probe_latencies.push_back(Milliseconds(done.done - At(probe_connection()).from));
  } else {
    ++result_.errors["probe"];
  }
}

void LoadLoop::Record(const http::LoadClient::Done& done, const Pending& pending) {
  last_done_ = done.done;
  if (done.error != nullptr) {
    ++result_.errors[std::string(TraitsOf(done.error->code).name)];
  } else if (done.status != 200) {
    ++result_.errors["status " + std::to_string(done.status)];
  } else if (done.body.size() < answer_bytes_min_) {
    ++result_.errors["short answer"];
  } else {
    result_.latencies.push_back(Milliseconds(done.done - pending.from));
    result_.texts += prepared_.requests[pending.request].texts;
    result_.tokens += prepared_.requests[pending.request].tokens;
  }
}

}  // namespace hearth::bench
