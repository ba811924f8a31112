// For tests of the client: a server on loopback that says exactly what a test scripts, plain or
// under TLS.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/cancel.h"
#include "base/unique_fd.h"

namespace hearth::http::testing {

// One accepted connection. Blocking; every wait ends when the server is destroyed.
class Peer {
 public:
  Peer(UniqueFd fd, const Cancel& over);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Shakes hands; false when that failed. From then on all bytes are encrypted.
  bool StartTls(SSL_CTX* context);
  // The bytes up to and with the next empty line; what came before the end if it ended.
  std::string ReadHead();
  std::string ReadBytes(size_t count);  // fewer if it ended before
  bool Write(std::string_view bytes);
  void Hold();     // until the client closes or the test is over
  void Cut();      // closes the socket without a goodbye (TLS: no close_notify)
  void Goodbye();  // TLS: close_notify

 private:
  bool WaitReadable();
  bool ReadByte(std::string* to);

  UniqueFd fd_;
  const Cancel& over_;
  SSL* ssl_ = nullptr;
};

// Runs `script` for each connection, one after the other, on a thread of its own.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  uint16_t port() const { return port_; }
  int connections() const { return connections_.load(); }

 private:
  void Serve();

  const Script script_;
  Cancel over_;
  UniqueFd fd_;
  uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

}  // namespace hearth::http::testing
