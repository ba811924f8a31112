#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "serve/load_printer.h"
#include "serve/wire_forms.h"

namespace hearth::serve {
namespace {

BatcherLimits LimitsFrom(const ServeOptions& options) {
  BatcherLimits limits;
  limits.requests_max = options.requests_max;
  limits.queued_texts_max = options.queued_texts_max;
  limits.queued_tokens_max = options.queued_tokens_max;
  limits.forward_tokens_most = std::min(options.forward_tokens, options.batch_tokens_max);
  return limits;
}

}  // namespace

Service::Service(const ServeOptions& options, const Log& log)
    : options_(options), key_(options.api_key), batcher_(LimitsFrom(options), &metrics_, &log) {}

http::Handlers Service::Handlers() {
  http::Handlers handlers;
  handlers.on_head = [this](const http::RequestHead& head, http::Response* refusal) {
    std::optional<http::Response> refused = Refuse(head, lifecycle_.phase(), key_);
    if (!refused) return true;
    const Route* route = FindRoute(head.method, head.path);
    *refusal = Count(route != nullptr ? IndexOf(*route) : Routes().size(), std::move(*refused));
    return false;
  };
  handlers.on_request = [this](http::Request request, http::Responder responder) {
    OnRequest(std::move(request), std::move(responder));
  };
  handlers.print_error = [this](Code code, int status, std::string_view message) {
    http::Response response = JsonResponse(status, PrintError(false, code, message));
    if (status == 503) response.headers.emplace_back("Retry-After", "1");
    return Count(Routes().size(), std::move(response));
  };
  return handlers;
}

http::Response Service::Count(size_t route, http::Response response) {
  metrics_.CountAnswer(route, response.status);
  return response;
}

void Service::OnRequest(http::Request request, http::Responder responder) {
  const Route* route = FindRoute(request.method, request.path);
  if (route == nullptr) return;  // refused by its head already; the responder answers
  const bool ready = lifecycle_.phase() >= Phase::kReady && context_.model != nullptr;
  if (route->answer != nullptr) {
    const ServiceView view{.lifecycle = &lifecycle_,
                           .options = &options_,
                           .context = ready ? &context_ : nullptr,
                           .start = ready ? &start_ : nullptr,
                           .memory = ready ? &memory_ : nullptr,
                           .server = server_,
                           .metrics = &metrics_,
                           .queue = batcher_.Snapshot()};
    responder.Send(Count(IndexOf(*route), route->answer(view)));
    return;
  }
  auto work = std::unique_ptr<Work>(
      std::make_unique<EmbedWork>(context_, *route, std::move(request.body), std::move(responder),
                                  request.arrived + options_.request_timeout));
  if (const Status status = batcher_.Submit(work); !status) work->Fail(status.error());
}

Status Service::Loaded(LoadedModel loaded) {
  const model::ModelConfig& config = loaded.model->config();
  std::string prompt = options_.default_prompt;
  const std::string& name = options_.default_prompt_name.empty() ? config.default_prompt_name
                                                                 : options_.default_prompt_name;
  if (prompt.empty() && !name.empty()) {
    const auto found = config.prompts.find(name);
    if (found == config.prompts.end()) {
      return Fail(Code::kUnprocessable,
                  "--default-prompt-name \"{}\" is not among the model's {} prompts", name,
                  config.prompts.size());
    }
    prompt = found->second;
  }
  context_.model = loaded.model;
  context_.model_name =
      options_.served_model_name.empty() ? config.name : options_.served_model_name;
  context_.max_tokens = loaded.max_tokens;
  context_.client_batch_max = options_.client_batch_max;
  context_.auto_truncate = options_.auto_truncate;
  context_.default_prompt = std::move(prompt);
  context_.metrics = &metrics_;
  start_ = loaded.times;
  memory_ = std::move(loaded.memory);
  encoders_ = std::move(loaded.encoders);
  std::vector<ForwardFunction> forwards;
  forwards.reserve(encoders_.size());
  for (const auto& encoder : encoders_) {
    forwards.emplace_back(
        [encoder = encoder.get()](const model::PackedTexts& texts, std::span<float> out,
                                  Team* team) { encoder->Forward(texts, out, team); });
  }
  batcher_.SetLoadSlots(SlotsOf(options_, static_cast<int>(forwards.size())));
  batcher_.Start(std::move(forwards), config.hidden_size);
  lifecycle_.SetStep(LoadStep::kDone);
  if (!lifecycle_.MoveTo(Phase::kReady)) {
    return Fail(Code::kUnavailable, "told to stop while loading");
  }
  return {};
}

void Service::WatchLoad(Clock::time_point slot_began) { batcher_.WatchLoad(slot_began, kLoadSlot); }

// What the HTTP server refuses for want of room never comes to the batcher.
std::vector<OfferedLoad::Closed> Service::TakeLoad(Clock::time_point now) {
  int64_t refused = 0;
  if (server_ != nullptr) refused = server_->connections_refused + server_->refused_buffer_full;
  return batcher_.TakeLoad(now, refused - std::exchange(refused_before_, refused));
}

void Service::BeginDrain(std::function<void()> done) {
  lifecycle_.MoveTo(Phase::kDraining);
  batcher_.Drain(std::move(done));
}

}  // namespace hearth::serve
