#include "cli/model_bringer.h"

#include <pthread.h>

#include <memory>
#include <utility>

namespace hearth::cli {

ModelBringer::ModelBringer(EventLoop& loop, BringOptions options)
    : loop_(loop), options_(std::move(options)) {}

ModelBringer::~ModelBringer() {
  if (thread_.joinable()) thread_.join();
}

void ModelBringer::Bring(const std::string& source, Done done) {
  options_.source = source;
  if (IsAtHand(source, options_.state_dir)) return done(BringModel(options_));
  thread_ = std::thread([this, options = options_, done = std::move(done)] {
    auto brought = std::make_shared<Result<PackedModel>>(BringModel(options));
    loop_.Post([this, brought, done] {
      thread_.join();
      done(std::move(*brought));
    });
  });
  pthread_setname_np(thread_.native_handle(), "model");
}

}  // namespace hearth::cli
