// What the connections of one server share. All of it belongs to the I/O thread, except the
// counters and the mailbox.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "http/mailbox.h"
#include "http/request_parser.h"
#include "http/server.h"

namespace hearth::http {

using Descriptor =
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

struct Core {
  static constexpr size_t kScratchBytes = size_t{64} * 1024;
  // An answer of up to this size is sent even when the budget is used up (it is counted all the
  // same): `/health` and errors must get through. With connections_max it is bounded too.
  static constexpr size_t kSmallAnswer = size_t{64} * 1024;

  Core(const ServerLimits& server_limits, Handlers server_handlers);
  ~Core();

  // Takes `bytes` of the process-wide budget, or counts a refusal.
  bool TryCharge(size_t bytes);
  void Charge(size_t bytes);  // whatever the budget says
  void Release(size_t bytes);

  Response PrintError(const Refusal& refusal) const;

  void Add(const std::shared_ptr<ServerConnection>& connection);
  void Remove(ServerConnection& connection);
  void DeliverAnswers();  // what the mailbox holds

  boost::asio::io_context io{1};  // first: the connections' descriptors live in it
  const ServerLimits limits;
  const Handlers handlers;
  ServerStats stats;
  std::shared_ptr<Mailbox> mailbox;
  std::unique_ptr<char[]>
      scratch;  // every read goes here first: an idle connection holds no buffer
  std::vector<std::shared_ptr<ServerConnection>> connections;
  size_t refused_open = 0;        // among them, those over connections_max that are being told so
  size_t large_send_buffers = 0;  // lent to connections, of kLargeSendBuffers
  bool draining = false;
  std::function<void()> on_removed;  // after each Remove
};

}  // namespace hearth::http
