// A small embedding server for the tests of this room: fake_server PORT READY_AFTER_MS [exit]
// It answers /health at once, /ready after READY_AFTER_MS, and the three request forms with vectors
// of 4 numbers; with `exit` it ends instead of becoming ready.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <string>

#include "http/server.h"

namespace {
namespace json = boost::json;
using hearth::http::Clock;

constexpr const char* kVector = "[0.5,-0.5,0.5,0.5]";

std::string Repeat(const std::string& item, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i > 0 ? "," : "") + item;
  return out;
}

hearth::http::Response Embed(const std::string& body) {
  boost::system::error_code error;
  const json::value root = json::parse(body, error);
  const json::object* object = error ? nullptr : root.if_object();
  if (object == nullptr) return {.status = 400, .body = R"({"error":"not an object"})"};
  if (object->contains("text")) return {.body = fmt::format(R"({{"embedding":{}}})", kVector)};
  if (object->contains("inputs")) {
    const size_t count = object->at("inputs").as_array().size();
    return {.body = "[" + Repeat(kVector, count) + "]"};
  }
  const size_t count = object->at("input").as_array().size();
  const std::string item = fmt::format(R"({{"embedding":{}}})", kVector);
  return {.body = R"({"data":[)" + Repeat(item, count) + "]}"};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  const Clock::time_point ready_at = Clock::now() + std::chrono::milliseconds(std::atoi(argv[2]));
  const bool ends = argc > 3;
  hearth::http::Handlers handlers;
  handlers.on_request = [&](const hearth::http::Request& request,
                            hearth::http::Responder responder) {
    const bool ready = Clock::now() >= ready_at;
    if (ready && ends) {
      fmt::print("cannot load: this server is made to fail\n");
      std::fflush(stdout);
      std::_Exit(3);
    }
    if (request.path == "/health") return responder.Send({.body = R"({"status":"alive"})"});
    if (request.path == "/ready") return responder.Send({.status = ready ? 200 : 503});
    return responder.Send(ready ? Embed(request.body) : hearth::http::Response{.status = 503});
  };
  handlers.print_error = [](hearth::Code, int status, std::string_view) {
    return hearth::http::Response{.status = status};
  };
  hearth::http::Listen listen;
  listen.port = static_cast<uint16_t>(std::atoi(argv[1]));
  auto server = hearth::http::Server::Open(listen, {}, std::move(handlers));
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 1;
  }
  (*server)->OnSignal([&](int) { (*server)->Stop(Clock::now()); });
  (*server)->Run();
  return 0;
}
