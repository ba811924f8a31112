// What the tests of a server share: a server on its own thread, and a client that writes raw bytes.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "http/server.h"

namespace hearth::http::testing {

using namespace std::chrono_literals;

// How long a test waits for what must happen. Long, for slow machines and sanitizers; never reached
// when all is well.
inline constexpr auto kPatience = 30s;

// Polls until `condition` holds; false when it never did.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class TestServer {
 public:
  explicit TestServer(Handlers handlers, const ServerLimits& limits = {}, const Listen& listen = {})
      : server_(Server::Open(listen, limits, std::move(handlers)).value()),
        thread_([this] { server_->Run(); }) {}
  ~TestServer() { StopAndJoin(Clock::now()); }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  void StopAndJoin(Clock::time_point deadline) {
    if (!thread_.joinable()) return;
    server_->Stop(deadline);
    thread_.join();
  }
  void Join() { thread_.join(); }
  Server& server() { return *server_; }
  const ServerStats& stats() const { return server_->stats(); }
  uint16_t port() const { return server_->port(); }

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

struct RawAnswer {
  int status = 0;  // 0: none came before the connection ended
  std::string head;
  std::string body;
};

// A socket of a client, blocking, with raw bytes in and out.
class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connect(&address, sizeof address);
  }
  explicit RawClient(const std::string& unix_path)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, unix_path.data(), unix_path.size());
    Connect(&address, sizeof address);
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }

  // False when the server has closed.
  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  void HalfClose() { ::shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Reset(); }
  void Reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.Reset();
  }

  // The next answer (an interim one too); status 0 when the connection ended first or patience did.
  RawAnswer Read(bool head_only = false) {
    RawAnswer answer;
    const auto head_end = [this] { return input_.find("\r\n\r\n"); };
    while (head_end() == std::string::npos) {
      if (!More()) return answer;
    }
    answer.head = input_.substr(0, head_end() + 4);
    input_.erase(0, answer.head.size());
    answer.status = std::stoi(answer.head.substr(9, 3));
    const size_t at = answer.head.find("Content-Length: ");
    const size_t length =
        at == std::string::npos || head_only ? 0 : std::stoul(answer.head.substr(at + 16));
    while (input_.size() < length) {
      if (!More()) return {};
    }
    answer.body = input_.substr(0, length);
    input_.erase(0, length);
    return answer;
  }

  // True when the server ends the connection without another byte.
  bool AtEnd() { return input_.empty() && !More() && ended_; }

  RawAnswer Ask(std::string_view bytes) {
    Write(bytes);
    return Read();
  }

 private:
  template <typename Address>
  void Connect(const Address* address, socklen_t size) {
    connected_ =
        ::connect(fd_.get(), static_cast<const sockaddr*>(static_cast<const void*>(address)),
                  size) == 0;
  }

  bool More() {
    pollfd state{fd_.get(), POLLIN, 0};
    if (::poll(&state, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) {
      ADD_FAILURE() << "the server says nothing";
      return false;
    }
    char piece[16384];
    const ssize_t n = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (n <= 0) {
      ended_ = true;
      return false;
    }
    input_.append(piece, static_cast<size_t>(n));
    return true;
  }

  UniqueFd fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

inline std::string Get(std::string_view target, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n{}\r\n", target, headers);
}

inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n{}", target,
                     body.size(), headers, body);
}

// Answers at once with what it was asked: "METHOD path?query body".
inline Handlers Echo() {
  Handlers handlers;
  handlers.on_request = [](const Request& request, Responder responder) {
    Response response;
    response.body =
        fmt::format("{} {}?{} {}", request.method, request.path, request.query, request.body);
    responder.Send(std::move(response));
  };
  return handlers;
}

}  // namespace hearth::http::testing
