#include "http/mailbox.h"

namespace hearth::http {
namespace {

thread_local Responder::Impl* dispatching = nullptr;

void Deliver(std::shared_ptr<Responder::Impl> request, std::optional<Response> response) {
  if (request.get() == dispatching) {
    request->answered_inline = true;
    request->inline_answer = std::move(response);
    return;
  }
  // Held here: once put, the request (and with it the last hold on the mailbox) may be gone before
  // Put has returned.
  const std::shared_ptr<Mailbox> mailbox = request->mailbox;
  mailbox->Put({std::move(request), std::move(response)});
}

}  // namespace

void Mailbox::Put(Delivery delivery) {
  Delivery dropped;  // destroyed after the lock is let go
  const MutexLock lock(mutex_);
  if (closed_) {
    dropped = std::move(delivery);
    return;
  }
  deliveries_.push_back(std::move(delivery));
  if (deliveries_.size() == 1) wake_();
}

std::vector<Mailbox::Delivery> Mailbox::TakeAll() {
  std::vector<Delivery> taken;
  const MutexLock lock(mutex_);
  taken.swap(deliveries_);
  return taken;
}

void Mailbox::Close() {
  std::vector<Delivery> dropped;
  std::function<void()> wake;
  const MutexLock lock(mutex_);
  closed_ = true;
  dropped.swap(deliveries_);
  wake.swap(wake_);
}

InlineAnswers::InlineAnswers(Responder::Impl* request) : before_(dispatching) {
  dispatching = request;
}

InlineAnswers::~InlineAnswers() { dispatching = before_; }

Responder::Responder(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Responder::Responder(Responder&&) noexcept = default;

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    if (impl_) Deliver(std::move(impl_), std::nullopt);
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Responder::~Responder() {
  if (impl_) Deliver(std::move(impl_), std::nullopt);
}

void Responder::Send(Response response) {
  if (impl_) Deliver(std::move(impl_), std::move(response));
}

bool Responder::gone() const { return impl_ && impl_->gone.load(std::memory_order_relaxed); }

}  // namespace hearth::http
