// For tests of the gateway: one that runs on its own thread, and replicas that say exactly what a
// test scripts. At its end a gateway's history is judged by the checker.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "http/client.h"
#include "http/listen.h"
#include "http/test_support.h"
#include "pool/history.h"

namespace hearth::gateway::testing {

using namespace std::chrono_literals;
using http::testing::Eventually;
using http::testing::Get;
using http::testing::kPatience;
using http::testing::Post;
using http::testing::RawAnswer;
using http::testing::RawClient;

// A connection that the gateway has made, as the replica sees it. Blocking; ends with the replica.
class Peer {
 public:
  Peer(UniqueFd fd, int number) : fd_(std::move(fd)), number_(number) {}

  int number() const { return number_; }  // 1: the first that was made
  int fd() const { return fd_.get(); }

  // Up to and with the next empty line; empty when the gateway has closed.
  std::string ReadHead() {
    size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!More()) return {};
    }
    return Take(end + 4);
  }
  std::string Read(size_t bytes) {
    while (input_.size() < bytes) {
      if (!More()) return {};
    }
    return Take(bytes);
  }
  // A whole request with Content-Length or none; false when the gateway has closed.
  bool ReadRequest(std::string* head, std::string* body) {
    *head = ReadHead();
    if (head->empty()) return false;
    const size_t at = head->find("Content-Length: ");
    const size_t length = at == std::string::npos ? 0 : std::stoul(head->substr(at + 16));
    *body = length == 0 ? std::string() : Read(length);
    return body->size() == length;
  }
  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // Until the gateway closes (or the replica ends).
  void Hold() {
    while (More()) input_.clear();
  }
  void Close() { fd_.Reset(); }
  void Reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.Reset();
  }

 private:
  bool More() {
    std::array<char, 65536> piece;
    const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (n <= 0) return false;
    input_.append(piece.data(), static_cast<size_t>(n));
    return true;
  }
  std::string Take(size_t bytes) {
    std::string taken = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return taken;
  }

  UniqueFd fd_;
  const int number_;
  std::string input_;
};

inline std::string Ok(std::string_view body, std::string_view headers = "") {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), headers,
                     body);
}

// Runs `script` for each connection, on a thread each.
class FakeReplica {
 public:
  using Script = std::function<void(Peer&)>;

  explicit FakeReplica(Script script, const http::Listen& listen = {})
      : script_(std::move(script)), listener_(http::OpenListener(listen).value()) {
    // What it writes must not wait for delayed acknowledgements (acceptor.cc).
    const int bytes = 256 * 1024;
    ::setsockopt(listener_.fd.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    // Blocking, for the threads.
    ::fcntl(listener_.fd.get(), F_SETFL, 0);
    threads_.emplace_back([this] { Accept(); });
  }
  ~FakeReplica() { Stop(); }
  FakeReplica(const FakeReplica&) = delete;
  FakeReplica& operator=(const FakeReplica&) = delete;

  // From then on connections are refused, and those that there are end.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopped_, true)) return;
      for (const auto& peer : peers_) ::shutdown(peer->fd(), SHUT_RDWR);
    }
    ::shutdown(listener_.fd.get(), SHUT_RDWR);
    threads_.front().join();
    listener_.fd.Reset();
    for (size_t i = 1; i < threads_.size(); ++i) threads_[i].join();
    listener_.RemoveUnixPath();
  }

  http::Url url() const { return http::ParseUrl(listener_.address).value(); }
  int connections() const { return connections_.load(); }

 private:
  void Accept() {
    while (true) {
      UniqueFd fd(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd.valid()) return;
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      peers_.push_back(std::make_unique<Peer>(std::move(fd), ++connections_));
      Peer* const peer = peers_.back().get();
      threads_.emplace_back([this, peer] {
        script_(*peer);
        const std::lock_guard guard(mutex_);
        peer->Close();
      });
    }
  }

  const Script script_;
  http::Listener listener_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::atomic<int> connections_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::thread> threads_;
};

// Answers every request with its own first line and body.
inline FakeReplica::Script EchoScript() {
  return [](Peer& peer) {
    std::string head;
    std::string body;
    while (peer.ReadRequest(&head, &body)) {
      const std::string line = head.substr(0, head.find(" HTTP/1.1"));
      if (!peer.Write(Ok(line + " " + body))) return;
    }
  };
}

class TestGateway {
 public:
  struct Sign {
    uint64_t replica;
    pool::Sign sign;
  };

  explicit TestGateway(GatewayOptions options = {}, int inherited_fd = -1, bool may_repeat = true)
      : may_repeat_(may_repeat),
        log_fd_(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
        log_(log_fd_.get(), LogFormat::kText, LogLevel::kDebug),
        dispatcher_({.hold_requests = options.limits.hold_requests}) {
    if (options.limits.listen == config::Gateway{}.listen) options.limits.listen = "127.0.0.1:0";
    GatewayEvents events;
    events.on_sign = [this](pool::ReplicaId replica, pool::Sign sign) {
      const std::lock_guard lock(mutex_);
      signs_.push_back({replica.value, sign});
    };
    events.on_pressure = [this] { ++pressure_; };
    events.on_idle = [this](pool::ReplicaId) { ++idle_; };
    events.on_request_end = [this](double, int status) {
      const std::lock_guard lock(mutex_);
      ends_.push_back(status);
    };
    gateway_ = Gateway::Open(
                   *loop_, options, inherited_fd, dispatcher_, std::move(events),
                   [this](const pool::Event& event) { history_.push_back(event); }, log_)
                   .value();
    gateway_->Start();
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~TestGateway() { End(); }
  TestGateway(const TestGateway&) = delete;
  TestGateway& operator=(const TestGateway&) = delete;

  // Runs `call` on the loop and waits for it.
  void Do(const std::function<void(Gateway&)>& call) {
    std::promise<void> done;
    loop_->Post([&] {
      call(*gateway_);
      done.set_value();
    });
    done.get_future().wait();
  }
  void Add(uint64_t id, const FakeReplica& replica, int slots = 1) {
    Add(id, replica.url(), slots);
  }
  void Add(uint64_t id, const http::Url& url, int slots = 1) {
    Do([&](Gateway& gateway) { gateway.AddReplica({id}, url, slots); });
  }
  // In the background; `stopped` says when it is done.
  void Stop(EventLoop::Clock::duration patience) {
    Do([&](Gateway& gateway) {
      gateway.Stop(EventLoop::Clock::now() + patience, [this] { stopped_ = true; });
    });
  }
  bool stopped() const { return stopped_.load(); }

  void End() {
    if (!thread_.joinable()) return;
    Stop(0s);
    EXPECT_TRUE(Eventually([this] { return stopped_.load(); }));
    loop_->Stop();
    thread_.join();
    const auto findings = pool::CheckHistory(
        history_, {.may_repeat = [this](std::string_view) { return may_repeat_; }});
    for (const std::string& finding : findings) ADD_FAILURE() << finding << "\n" << HistoryText();
  }

  uint16_t port() const {
    const std::string address = gateway_->address();
    return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  std::string address() const { return gateway_->address(); }
  const GatewayMetrics& metrics() const { return gateway_->metrics(); }
  std::vector<Sign> signs() {
    const std::lock_guard lock(mutex_);
    return signs_;
  }
  std::vector<int> ends() {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  int pressure() const { return pressure_.load(); }
  int idle() const { return idle_.load(); }
  int Waiting() {
    int waiting = 0;
    Do([&](Gateway&) { waiting = dispatcher_.traffic(EventLoop::Clock::now()).waiting; });
    return waiting;
  }
  int Occupied() {
    int occupied = 0;
    Do([&](Gateway&) { occupied = dispatcher_.traffic(EventLoop::Clock::now()).occupied; });
    return occupied;
  }
  // After End.
  int Count(pool::EventKind kind) const {
    int count = 0;
    for (const pool::Event& event : history_) count += event.kind == kind ? 1 : 0;
    return count;
  }

 private:
  std::string HistoryText() const {
    std::string text;
    for (const pool::Event& event : history_) text += pool::HistoryLine(event);
    return text.substr(0, 4000);
  }

  const bool may_repeat_;
  const UniqueFd log_fd_;
  const Log log_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
  pool::Dispatcher dispatcher_;
  std::vector<pool::Event> history_;  // of the loop's thread, until End
  std::mutex mutex_;
  std::vector<Sign> signs_;
  std::vector<int> ends_;
  std::atomic<int> pressure_ = 0;
  std::atomic<int> idle_ = 0;
  std::atomic<bool> stopped_ = false;
  std::unique_ptr<Gateway> gateway_;
  std::thread thread_;
};

// A whole answer, chunks joined, from a connection of its own.
inline Result<http::Answer> Ask(const TestGateway& gateway, const std::string& wire,
                                bool head_only = false) {
  const auto deadline = http::Clock::now() + kPatience;
  Result<http::Connection> connection =
      http::Connection::Open(http::ParseUrl(gateway.address()).value(), deadline);
  if (!connection) return Forward(connection);
  return connection->RoundTripRaw(wire, deadline, head_only);
}

// All that comes on `client` until it ends.
inline std::string ReadToEnd(const RawClient& client, bool* reset = nullptr) {
  std::string all;
  std::array<char, 65536> piece;
  while (true) {
    pollfd state{client.fd(), POLLIN, 0};
    if (::poll(&state, 1, 30'000) <= 0) {
      ADD_FAILURE() << "the gateway says nothing";
      return all;
    }
    const ssize_t n = ::recv(client.fd(), piece.data(), piece.size(), 0);
    if (n <= 0) {
      if (reset != nullptr) *reset = n < 0;
      return all;
    }
    all.append(piece.data(), static_cast<size_t>(n));
  }
}

}  // namespace hearth::gateway::testing
