#include "http/scripted_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <utility>

namespace hearth::http::testing {

Peer::Peer(UniqueFd fd, const Cancel& over) : fd_(std::move(fd)), over_(over) {}

Peer::~Peer() { SSL_free(ssl_); }

// False when the test is over.
bool Peer::WaitReadable() {
  std::array<pollfd, 2> watched{{{fd_.get(), POLLIN, 0}, {over_.fd(), POLLIN, 0}}};
  ::poll(watched.data(), watched.size(), -1);
  return watched[1].revents == 0;
}

bool Peer::StartTls(SSL_CTX* context) {
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, fd_.get());
  // The client's first message only: after it, it answers or closes at once.
  return WaitReadable() && SSL_accept(ssl_) == 1;
}

bool Peer::ReadByte(std::string* to) {
  if ((ssl_ == nullptr || SSL_pending(ssl_) == 0) && !WaitReadable()) return false;
  char byte = 0;
  const auto n = ssl_ != nullptr ? SSL_read(ssl_, &byte, 1) : ::recv(fd_.get(), &byte, 1, 0);
  if (n != 1) return false;
  to->push_back(byte);
  return true;
}

std::string Peer::ReadHead() {
  std::string head;
  while (!head.ends_with("\r\n\r\n") && ReadByte(&head)) {
  }
  return head;
}

std::string Peer::ReadBytes(size_t count) {
  std::string bytes;
  while (bytes.size() < count && ReadByte(&bytes)) {
  }
  return bytes;
}

bool Peer::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ssl_ != nullptr
                          ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                          : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

void Peer::Hold() {
  char byte = 0;
  while (WaitReadable() && ::recv(fd_.get(), &byte, 1, 0) == 1) {
  }
}

void Peer::Cut() { fd_.Reset(); }

void Peer::Goodbye() { SSL_shutdown(ssl_); }

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd_.get(), generic, size), 0);
  EXPECT_EQ(::listen(fd_.get(), 16), 0);
  EXPECT_EQ(::getsockname(fd_.get(), generic, &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  over_.Fire();
  ::shutdown(fd_.get(), SHUT_RDWR);
  thread_.join();
}

void ScriptedServer::Serve() {
  // OpenSSL's socket writes raise it when a client hangs up: blocked, for this thread only.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    UniqueFd client(::accept(fd_.get(), nullptr, nullptr));
    if (!client.valid()) return;
    ++connections_;
    Peer peer(std::move(client), over_);
    script_(peer);
  }
}

}  // namespace hearth::http::testing
