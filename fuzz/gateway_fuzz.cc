// Any bytes of a client and any bytes of a replica, cut in any way, through a whole gateway on unix
// sockets: no crash, every request has one outcome, no slot is lost, and what reaches the replica
// is a sequence of requests that the strict parser takes (the last may be unfinished).
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "http/connect.h"
#include "http/listen.h"
#include "http/parse_in_pieces.h"
#include "pool/history.h"

namespace {

using namespace std::chrono_literals;
using hearth::EventLoop;
using hearth::UniqueFd;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Takes connections; says its bytes, once each, as soon as it is asked; keeps what it is told.
class Replica final : public EventLoop::Watcher {
 public:
  Replica(EventLoop& loop, const std::string& path, std::string_view answer, size_t step)
      : loop_(loop),
        listener_(hearth::http::OpenListener({.unix_path = path}).value()),
        answer_(answer),
        step_(step) {
    Require(loop.Watch(listener_.fd.get(), EPOLLIN, this).has_value());
  }
  ~Replica() {
    loop_.Forget(listener_.fd.get(), this);
    connections_.clear();
    listener_.RemoveUnixPath();
  }
  void OnEvents(uint32_t /*events*/) override {
    UniqueFd fd(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) connections_.push_back(std::make_unique<Connection>(*this, std::move(fd)));
  }
  void CheckWhatItWasTold() const {
    for (const auto& connection : connections_) {
      const auto parsed = hearth::http::ParseInPieces(connection->told, 1 << 20, 1 << 17);
      Require(!parsed.failure);
    }
  }

 private:
  struct Connection final : EventLoop::Watcher {
    Connection(Replica& of, UniqueFd with) : replica(of), fd(std::move(with)) {
      Require(replica.loop_.Watch(fd.get(), EPOLLIN, this).has_value());
    }
    ~Connection() {
      if (fd.valid()) replica.loop_.Forget(fd.get(), this);
    }
    void OnEvents(uint32_t /*events*/) override {
      char piece[4096];
      const ssize_t n = ::recv(fd.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n > 0) told.append(piece, static_cast<size_t>(n));
      const std::string_view next = replica.answer_.substr(0, replica.step_);
      replica.answer_.remove_prefix(next.size());
      const bool spoken =
          n > 0 && !next.empty() && ::send(fd.get(), next.data(), next.size(), MSG_NOSIGNAL) > 0;
      if (spoken && !replica.answer_.empty()) return;
      replica.loop_.Forget(fd.get(), this);
      fd.Reset();
    }
    Replica& replica;
    UniqueFd fd;
    std::string told;
  };

  EventLoop& loop_;
  hearth::http::Listener listener_;
  std::string_view answer_;
  const size_t step_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

struct Run {
  explicit Run(const std::string& folder) : front(folder + "/front"), back(folder + "/back") {}

  void Client(std::string_view bytes, size_t step);
  void Check();

  const std::string front;
  const std::string back;
  std::unique_ptr<EventLoop> loop = EventLoop::Create().value();
  UniqueFd null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  hearth::Log log{null.get(), hearth::LogFormat::kText, hearth::LogLevel::kError};
  hearth::pool::Dispatcher dispatcher{{}};
  std::vector<hearth::pool::Event> history;
  std::unique_ptr<hearth::gateway::Gateway> gateway;
};

// Writes, a piece a turn; then closes, when the gateway has had some turns for its answers.
void Run::Client(std::string_view bytes, size_t step) {
  const auto url = hearth::http::ParseUrl("unix:" + front).value();
  UniqueFd client = hearth::http::StartConnect(url).value();
  std::function<void()> next = [&] {
    if (!bytes.empty()) {
      const ssize_t n = ::send(client.get(), bytes.data(), std::min(step, bytes.size()),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
      bytes.remove_prefix(n > 0 ? static_cast<size_t>(n) : bytes.size());
      loop->At(loop->now(), next);
      return;
    }
    loop->After(1ms, [&] {
      client.Reset();
      gateway->Stop(loop->now() + 2ms, [this] { loop->Stop(); });
    });
  };
  loop->Post(next);
  loop->Run();
}

void Run::Check() {
  Require(gateway->metrics().requests_open.value() == 0);
  const auto traffic = dispatcher.traffic(loop->now());
  Require(traffic.occupied == 0 && traffic.waiting == 0);
  const auto findings =
      hearth::pool::CheckHistory(history, {.may_repeat = [](std::string_view) { return true; }});
  Require(findings.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string folder = [] {
    std::string name = "/tmp/gateway-fuzz-XXXXXX";
    return std::string(::mkdtemp(name.data()));
  }();
  if (size < 4) return 0;
  const std::string bytes(data + 4, data + size);
  const size_t cut = bytes.size() * data[2] / 255;
  const std::string_view all(bytes);
  Run run(folder);
  hearth::gateway::GatewayOptions options;
  options.limits.listen = "unix:" + run.front;
  options.limits.body_bytes_max = 10'000;
  options.retry_safe = {"/"};
  run.gateway =
      hearth::gateway::Gateway::Open(
          *run.loop, options, -1, run.dispatcher, {},
          [&](const hearth::pool::Event& event) { run.history.push_back(event); }, run.log)
          .value();
  run.gateway->Start();
  Replica replica(*run.loop, run.back, all.substr(cut), 1 + data[1] % 128);
  run.gateway->AddReplica({1}, hearth::http::ParseUrl("unix:" + run.back).value(), 1 + data[3] % 2);
  run.Client(all.substr(0, cut), 1 + data[0] % 128);
  run.Check();
  replica.CheckWhatItWasTold();
  return 0;
}
