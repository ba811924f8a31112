#include "gateway/admin.h"

#include <pthread.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "gateway/admin_routes.h"
#include "gateway/listen_address.h"
#include "http/server.h"

namespace hearth::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLastAnswers{1'000};  // answers under way when the pool has ended

http::ServerLimits Limits() {
  http::ServerLimits limits;
  limits.connections_max = 64;
  limits.body_bytes_max = size_t{64} * 1024;
  limits.buffered_bytes_max = size_t{16} * 1024 * 1024;
  limits.request_read_time_max = milliseconds(10'000);
  return limits;
}

}  // namespace

struct Admin::Impl {
  Impl(EventLoop& its_loop, AdminActions its_actions, const Log& its_log)
      : loop(its_loop),
        actions(std::make_shared<const AdminActions>(std::move(its_actions))),
        log(its_log) {}

  void OnRequest(http::Request request, http::Responder responder);

  EventLoop& loop;
  // Shared with what is posted to the loop, which may still lie there when this is gone.
  std::shared_ptr<const AdminActions> actions;
  const Log& log;
  std::unique_ptr<AdminGate> gate;  // set before the thread begins
  std::unique_ptr<http::Server> server;
  std::thread thread;
};

void Admin::Impl::OnRequest(http::Request request, http::Responder responder) {
  const AdminRoute& route = RouteOf(request);
  if (!route.on_loop) {
    responder.Send(route.answer(*actions, request));
    return;
  }
  // std::function must be able to copy what it holds.
  struct Asked {
    http::Request request;
    http::Responder responder;
  };
  auto asked = std::make_shared<Asked>(Asked{std::move(request), std::move(responder)});
  loop.Post([asked, &route, actions = actions, &log = log] {
    if (asked->responder.gone()) return;
    if (route.method == "POST") {
      log.Info("Asked by the admin API", {{"route", route.path}});
    }
    asked->responder.Send(route.answer(*actions, asked->request));
  });
}

Result<std::unique_ptr<Admin>> Admin::Open(const std::string& listen, const std::string& token,
                                           EventLoop& loop, AdminActions actions, const Log& log) {
  auto where = ParseListen(listen);
  if (!where) return Forward(where);
  auto impl = std::make_unique<Impl>(loop, std::move(actions), log);
  Impl* const self = impl.get();
  auto server =
      http::Server::Open(*where, Limits(),
                         {.on_head =
                              [self](const http::RequestHead& head, http::Response* refusal) {
                                auto refused = self->gate->Refuse(head);
                                if (refused) *refusal = std::move(*refused);
                                return !refused;
                              },
                          .on_request =
                              [self](http::Request request, http::Responder responder) {
                                self->OnRequest(std::move(request), std::move(responder));
                              },
                          .print_error =
                              [](Code code, int status, std::string_view message) {
                                return AdminError(status, TraitsOf(code).name, message);
                              }});
  if (!server) return Forward(server);
  impl->server = *std::move(server);
  impl->gate = std::make_unique<AdminGate>(impl->server->address(), token);
  impl->thread = std::thread([self] { self->server->Run(); });
  pthread_setname_np(impl->thread.native_handle(), "admin");
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Admin::~Admin() {
  impl_->server->Stop(http::Clock::now() + kLastAnswers);
  impl_->thread.join();
}

std::string Admin::address() const { return impl_->server->address(); }

}  // namespace hearth::gateway
