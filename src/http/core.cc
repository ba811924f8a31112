#include "http/core.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "http/connection.h"

namespace hearth::http {

Core::Core(const ServerLimits& server_limits, Handlers server_handlers)
    : limits(server_limits),
      handlers(std::move(server_handlers)),
      mailbox(std::make_shared<Mailbox>(
          [this] { boost::asio::post(io, [this] { DeliverAnswers(); }); })),
      scratch(std::make_unique_for_overwrite<char[]>(kScratchBytes)) {}

Core::~Core() { mailbox->Close(); }

bool Core::TryCharge(size_t bytes) {
  const auto used = static_cast<size_t>(stats.buffered_bytes.load(std::memory_order_relaxed));
  if (bytes > 0 && (used > limits.buffered_bytes_max || bytes > limits.buffered_bytes_max - used)) {
    stats.refused_buffer_full.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  Charge(bytes);
  return true;
}

void Core::Charge(size_t bytes) {
  if (bytes > 0) {
    stats.buffered_bytes.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
}

void Core::Release(size_t bytes) {
  if (bytes > 0) {
    stats.buffered_bytes.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  }
}

Response Core::PrintError(const Refusal& refusal) const {
  Response response;
  if (handlers.print_error) {
    response = handlers.print_error(refusal.code, refusal.status, refusal.message);
  } else {
    response.body = "{\"error\":\"" + refusal.message + "\"}";  // our own words: nothing to escape
  }
  response.status = refusal.status;
  if (refusal.status == 503) {
    bool told = false;
    for (const auto& header : response.headers) told = told || header.first == "Retry-After";
    if (!told) response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

void Core::Add(const std::shared_ptr<ServerConnection>& connection) {
  connection->position = connections.size();
  connections.push_back(connection);
  if (connection->over_limit()) {
    ++refused_open;
    return;
  }
  stats.connections_open.fetch_add(1, std::memory_order_relaxed);
  stats.connections_total.fetch_add(1, std::memory_order_relaxed);
}

void Core::Remove(ServerConnection& connection) {
  if (connection.over_limit()) {
    --refused_open;
  } else {
    stats.connections_open.fetch_sub(1, std::memory_order_relaxed);
  }
  const size_t position = connection.position;
  if (position + 1 != connections.size()) {
    connections[position] = std::move(connections.back());
    connections[position]->position = position;
  }
  connections.pop_back();
  if (on_removed) on_removed();
}

void Core::DeliverAnswers() {
  for (Mailbox::Delivery& delivery : mailbox->TakeAll()) {
    Responder::Impl& request = *delivery.request;
    if (request.connection == nullptr) {  // closed meanwhile: nobody to send it to
      Release(std::exchange(request.charged, 0));
      stats.requests_open.fetch_sub(1, std::memory_order_relaxed);
      continue;
    }
    const std::shared_ptr<ServerConnection> connection = request.connection->shared_from_this();
    try {
      connection->Answer(std::move(delivery.response));
    } catch (...) {
      connection->Close();
    }
  }
}

}  // namespace hearth::http
