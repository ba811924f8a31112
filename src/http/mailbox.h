// How answers come back to the I/O thread: any thread puts, the I/O thread takes all at once after
// one wake-up.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "http/server.h"

namespace hearth::http {

class ServerConnection;
class Mailbox;

// A request that a handler has. Shared by its Responder and its connection.
struct Responder::Impl {
  explicit Impl(std::shared_ptr<Mailbox> box) : mailbox(std::move(box)) {}

  const std::shared_ptr<Mailbox> mailbox;
  std::atomic<bool> gone{false};

  // The I/O thread's.
  ServerConnection* connection = nullptr;  // null once the connection is closed
  size_t charged = 0;                      // bytes of the body, counted until the answer comes
  bool answered_inline = false;            // answered while on_request was still running
  std::optional<Response> inline_answer;
};

class Mailbox {
 public:
  struct Delivery {
    std::shared_ptr<Responder::Impl> request;
    std::optional<Response> response;  // none: the Responder was destroyed without an answer
  };

  // `wake` makes the I/O thread call TakeAll soon. It is called under the mailbox's lock (so that
  // Close can promise that it is not called later) and must neither block nor come back here.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Put(Delivery delivery) HEARTH_EXCLUDES(mutex_);  // any thread; dropped after Close
  std::vector<Delivery> TakeAll() HEARTH_EXCLUDES(mutex_);
  void Close() HEARTH_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::function<void()> wake_ HEARTH_GUARDED_BY(mutex_);
  std::vector<Delivery> deliveries_ HEARTH_GUARDED_BY(mutex_);
  bool closed_ HEARTH_GUARDED_BY(mutex_) = false;
};

// While this lives, an answer to `request` that is given on this thread is kept in it instead of
// taking the mailbox.
class InlineAnswers {
 public:
  explicit InlineAnswers(Responder::Impl* request);
  ~InlineAnswers();
  InlineAnswers(const InlineAnswers&) = delete;
  InlineAnswers& operator=(const InlineAnswers&) = delete;

 private:
  Responder::Impl* const before_;
};

}  // namespace hearth::http
