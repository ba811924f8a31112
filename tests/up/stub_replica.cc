// stub_replica FOLDER (--port N [--address A] | --socket PATH) [--slots N] [--service MS]
// [--version WORD]: a replica that is well known and ready within a millisecond, and that can be
// made to fail as the words of stub_faults.h say, which it finds in FOLDER while it runs.
//
// GET /ready and /health say 200. Any other request takes the service time, and its answer says who
// answered what: {"id": X-Request-Id, "name", "pid", "version", "crc": of the body, "pad"}. What it
// begins to work on is a line of FOLDER/executed: id, name, pid, how many it works on, path.
// SIGTERM ends it with 0 when what it works on is answered.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stub_faults.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kLookEvery = milliseconds(10);  // at the words
constexpr size_t kPadBytes = 600;

volatile std::sig_atomic_t told_to_end = 0;

uint32_t Crc32(const std::string& bytes) {
  uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Settings {
  std::string folder, socket, version, address = "127.0.0.1";
  int port = 0;
  int slots = 0;
  milliseconds service{1};
};

struct Request {
  std::string path, id, body;
};

struct Connection {
  int fd = -1;
  std::string in, out;
  size_t sent = 0;
  size_t sendable = SIZE_MAX;  // of `out`: a fault sends no more
  bool working = false;
  Request request;
  Clock::time_point due;  // when the work is done, or the next byte may go
  enum { kKeep, kClose, kReset, kHalf } then = kKeep;
  bool trickles = false;
};

class Stub {
 public:
  explicit Stub(Settings settings)
      : settings_(std::move(settings)),
        name_(Variable("HEARTH_REPLICA_NAME")),
        nonce_(Variable("HEARTH_REPLICA_NONCE")),
        began_(Clock::now()) {
    AddWords(settings_.folder + "/born", &born_);
  }

  int Run() {
    if (born_.Has("exit")) {
      std::fprintf(stderr, "cannot find the model\n");
      return born_.Value("exit");
    }
    while (true) {
      Look();
      if (told_to_end != 0 && !AnyWork()) return 0;
      for (size_t i = connections_.size(); i-- > 0;) Advance(*connections_[i]);
      std::erase_if(connections_, [](const auto& one) { return one->fd < 0; });
      Wait();
    }
  }

 private:
  bool Past(int ms) const { return Clock::now() - began_ >= milliseconds(ms); }

  // The faults of this moment, and those that are of the whole process.
  void Look() {
    faults_ = born_;
    AddWords(settings_.folder + "/all", &faults_);
    AddWords(settings_.folder + "/" + name_, &faults_);
    if (faults_.Has("dies") && Past(faults_.Value("dies"))) ::_exit(3);
    if (faults_.Has("oom")) TakeMemory();
    const bool listen = !faults_.Has("refuse") && told_to_end == 0 &&
                        (!faults_.Has("unborn") || Past(faults_.Value("unborn")));
    if (listen && listener_ < 0) Listen();
    if (!listen && listener_ >= 0) Deafen();
  }

  void Listen() {
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (settings_.socket.empty()) {
      auto* in = reinterpret_cast<sockaddr_in*>(&storage);
      in->sin_family = AF_INET;
      in->sin_port = htons(static_cast<uint16_t>(settings_.port));
      in->sin_addr.s_addr = ::inet_addr(settings_.address.c_str());
      size = sizeof *in;
    } else {
      auto* un = reinterpret_cast<sockaddr_un*>(&storage);
      un->sun_family = AF_UNIX;
      settings_.socket.copy(un->sun_path, sizeof un->sun_path - 1);
      ::unlink(settings_.socket.c_str());
      size = sizeof *un;
    }
    listener_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
        ::listen(listener_, 128) != 0) {
      std::perror("stub_replica: listen");
      std::exit(1);
    }
  }

  // What idles is closed; what is at work is answered first.
  void Deafen() {
    ::close(std::exchange(listener_, -1));
    for (const auto& one : connections_) {
      if (!one->working && one->out.empty() && one->in.empty()) Close(*one, /*reset=*/false);
    }
  }

  [[noreturn]] static void TakeMemory() {
    while (true) {
      constexpr size_t kPiece = size_t{1} << 20;
      char* piece = static_cast<char*>(std::malloc(kPiece));
      if (piece == nullptr) std::abort();
      for (size_t at = 0; at < kPiece; at += 4096) static_cast<volatile char*>(piece)[at] = 1;
    }
  }

  int Work() const {
    return static_cast<int>(
        std::ranges::count_if(connections_, [](const auto& one) { return one->working; }));
  }
  bool AnyWork() const {
    return std::ranges::any_of(connections_,
                               [](const auto& one) { return one->working || !one->out.empty(); });
  }

  void Wait() {
    std::vector<pollfd> polled;
    auto until = Clock::now() + kLookEvery;
    for (const auto& one : connections_) {
      const bool write = !one->out.empty() && !one->trickles;
      polled.push_back({one->fd, static_cast<int16_t>(write ? POLLIN | POLLOUT : POLLIN), 0});
      if (one->working || one->trickles) until = std::min(until, one->due);
    }
    if (listener_ >= 0) polled.push_back({listener_, POLLIN, 0});
    const auto left = std::max(until - Clock::now(), Clock::duration::zero());
    const timespec wait{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(left).count()};
    if (::ppoll(polled.data(), polled.size(), &wait, nullptr) <= 0) return;
    const size_t count = connections_.size();
    for (size_t i = 0; i < count; ++i) {
      if ((polled[i].revents & ~POLLOUT) != 0) Read(*connections_[i]);
    }
    if (listener_ >= 0 && polled.back().revents != 0) Accept();
  }

  void Accept() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) return;
      connections_.push_back(std::make_unique<Connection>());
      connections_.back()->fd = fd;
    }
  }

  // To the end of what there is: what its client has given up is not begun.
  static void Read(Connection& connection) {
    while (connection.fd >= 0) {
      std::array<char, 65536> bytes{};
      const ssize_t n = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (n <= 0) return Close(connection, /*reset=*/false);
      connection.in.append(bytes.data(), static_cast<size_t>(n));
    }
  }

  static void Close(Connection& connection, bool reset) {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    if (reset) ::setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(connection.fd, -1));
    connection.working = false;
    connection.out.clear();
  }

  void Advance(Connection& connection) {
    if (connection.fd < 0) return;
    if (!connection.working && connection.out.empty()) Take(connection);
    if (connection.working && Clock::now() >= connection.due) Answer(connection);
    Write(connection);
  }

  // A whole request, if there is one. Bodies have a Content-Length: the gateway keeps the client's.
  void Take(Connection& connection) {
    const size_t head_end = connection.in.find("\r\n\r\n");
    if (head_end == std::string::npos || faults_.Has("silent")) return;
    const std::string head = connection.in.substr(0, head_end + 2);
    const std::string length = HeaderOf(head, "content-length");
    const size_t whole = head_end + 4 + std::strtoul(length.c_str(), nullptr, 10);
    if (connection.in.size() < whole) return;
    const size_t path_at = head.find(' ') + 1;
    Request request{.path = head.substr(path_at, head.find(' ', path_at) - path_at),
                    .id = HeaderOf(head, "x-request-id"),
                    .body = connection.in.substr(head_end + 4, whole - head_end - 4)};
    if (request.path == "/ready" || request.path == "/health") {
      connection.in.erase(0, whole);
      const bool good = request.path == "/ready" ? Ready() : !faults_.Has("sick");
      connection.out = Print(good ? "200 OK" : "503 Service Unavailable", "{}");
      return;
    }
    if (faults_.Has("silent_work")) return;
    connection.in.erase(0, whole);
    connection.request = std::move(request);
    connection.working = true;
    connection.due = Clock::now() + settings_.service + milliseconds(faults_.Value("slow"));
    WriteDown(connection.request);
  }

  // A line is one write: several replicas append to the file.
  void WriteDown(const Request& request) {
    const std::string line = request.id + "\t" + name_ + "\t" + std::to_string(::getpid()) + "\t" +
                             std::to_string(Work()) + "\t" + request.path + "\n";
    const std::string path = settings_.folder + "/executed";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      std::perror("stub_replica: executed");
      ::_exit(1);
    }
    ::close(fd);
  }

  static std::string HeaderOf(const std::string& head, const std::string& name) {
    const size_t at = Lower(head).find("\r\n" + name + ":");
    if (at == std::string::npos) return "";
    size_t begin = at + name.size() + 3;
    while (head[begin] == ' ') ++begin;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }

  bool Ready() const {
    if (faults_.Has("not_ready") || faults_.Has("sick")) return false;
    if (faults_.Has("start") && !Past(faults_.Value("start"))) return false;
    if (faults_.Has("lasts") && Past(faults_.Value("lasts"))) return false;
    if (!faults_.Has("flap")) return true;
    return (Clock::now() - began_) / milliseconds(faults_.Value("flap")) % 2 == 0;
  }

  std::string Print(const std::string& status, const std::string& body) const {
    std::string out = "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n";
    if (settings_.slots > 0) out += "X-Hearth-Slots: " + std::to_string(settings_.slots) + "\r\n";
    if (listener_ < 0) out += "Connection: close\r\n";
    if (!nonce_.empty()) out += "X-Hearth-Nonce: " + nonce_ + "\r\n";
    return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  void Answer(Connection& connection) {
    connection.working = false;
    const Request& request = connection.request;
    const std::string body =
        R"({"id": ")" + request.id + R"(", "name": ")" + name_ + R"(", "pid": )" +
        std::to_string(::getpid()) + R"(, "version": ")" + settings_.version + R"(", "crc": )" +
        std::to_string(Crc32(request.body)) + R"(, "pad": ")" + std::string(kPadBytes, 'x') + "\"}";
    connection.out = Print("200 OK", body);
    connection.sent = 0;
    const size_t middle = connection.out.size() - kPadBytes / 2;
    const bool first = faults_.Has("reset_first");
    if (faults_.Has("garble")) connection.out = "this is not HTTP\r\n\r\n";
    if (faults_.Has("twice")) connection.out += connection.out;
    if (faults_.Has("close") || faults_.Has("garble")) connection.then = Connection::kClose;
    if (faults_.Has("half")) connection.then = Connection::kHalf;
    if (faults_.Has("reset") || first) connection.then = Connection::kReset;
    if (faults_.Has("half") || faults_.Has("reset") || first) {
      connection.out.resize(first ? 0 : middle);
    }
    connection.trickles = faults_.Has("trickle");
    if (connection.out.empty()) Ended(connection);
  }

  void Write(Connection& connection) {
    if (connection.fd < 0 || connection.out.empty()) return;
    if (connection.trickles && Clock::now() < connection.due) return;
    const size_t left = connection.out.size() - connection.sent;
    const ssize_t n = ::send(connection.fd, connection.out.data() + connection.sent,
                             connection.trickles ? size_t{1} : left, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) Close(connection, /*reset=*/false);
      return;
    }
    connection.sent += static_cast<size_t>(n);
    connection.due = Clock::now() + milliseconds(faults_.Value("trickle"));
    if (connection.sent == connection.out.size()) Ended(connection);
  }

  static void Ended(Connection& connection) {
    connection.out.clear();
    connection.sent = 0;
    connection.trickles = false;
    switch (std::exchange(connection.then, Connection::kKeep)) {
      case Connection::kKeep:
        break;
      case Connection::kClose:
        return Close(connection, /*reset=*/false);
      case Connection::kReset:
        return Close(connection, /*reset=*/true);
      case Connection::kHalf:
        ::shutdown(connection.fd, SHUT_WR);
        break;
    }
  }

  Settings settings_;
  const std::string name_, nonce_;
  const Clock::time_point began_;
  Faults born_, faults_;
  int listener_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int count, char** words) {
  std::signal(SIGTERM, [](int) { told_to_end = 1; });
  Settings settings;
  settings.folder = count > 1 ? words[1] : ".";
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string flag = words[i];
    if (flag == "--port") settings.port = std::atoi(words[i + 1]);
    if (flag == "--address") settings.address = words[i + 1];  // in a container 0.0.0.0
    if (flag == "--socket") settings.socket = words[i + 1];
    if (flag == "--slots") settings.slots = std::atoi(words[i + 1]);
    if (flag == "--service") settings.service = milliseconds(std::atoi(words[i + 1]));
    if (flag == "--version") settings.version = words[i + 1];
  }
  return Stub(settings).Run();
}
