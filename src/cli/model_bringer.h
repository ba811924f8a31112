// ModelBringer: brings models for an event loop that must not wait: on a thread `model`, which is
// there only meanwhile. Loop thread.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/event_loop.h"
#include "cli/pool_model.h"

namespace hearth::cli {

class ModelBringer {
 public:
  using Done = std::function<void(Result<PackedModel>)>;

  // `loop` and what `options` points to outlive it; options.source is looked at by Bring only.
  ModelBringer(EventLoop& loop, BringOptions options);
  ~ModelBringer();  // options.cancel has been fired, or this waits for the end of a transfer
  ModelBringer(const ModelBringer&) = delete;
  ModelBringer& operator=(const ModelBringer&) = delete;

  // `done` is called on the loop: at once, before this returns, when the model is at hand. One at a
  // time: not while busy.
  void Bring(const std::string& source, Done done);
  bool busy() const { return thread_.joinable(); }

 private:
  EventLoop& loop_;
  BringOptions options_;
  std::thread thread_;
};

}  // namespace hearth::cli
