// EmbedWork: one embedding request on its way through the batcher: parse, check, tokenise; then
// normalise, print, send.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/server.h"
#include "model/model.h"
#include "serve/batcher.h"
#include "serve/metrics.h"
#include "serve/routes.h"
#include "serve/wire.h"

namespace hearth::serve {

// What every request is checked against. Immutable once the replica is ready.
struct EmbedContext {
  std::shared_ptr<const model::Model> model;
  std::string model_name;
  int32_t max_tokens = 0;  // of one text, with [CLS] and [SEP]
  int64_t client_batch_max = 0;
  bool auto_truncate = true;
  std::string default_prompt;  // resolved: the text itself
  ServeMetrics* metrics = nullptr;
};

class EmbedWork : public Work {
 public:
  // `route` is one of Routes(); `context` outlives the work.
  EmbedWork(const EmbedContext& context, const Route& route, std::string body,
            http::Responder responder, Clock::time_point deadline);

  Clock::time_point deadline() const override { return deadline_; }
  bool wanted() const override { return !responder_.gone(); }
  Status Prepare(text::Encoding* scratch, PreparedTexts* texts) override;
  void Finish(PreparedTexts& texts, const StageTimes& times) override;
  void Fail(const Error& error) override;

 private:
  const EmbedContext& context_;
  const Route& route_;
  std::string body_;
  http::Responder responder_;
  Clock::time_point deadline_;
  EmbedRequest request_;
  int64_t characters_ = 0;
  bool too_many_ = false;  // inputs: counted as TEI counts it
};

// Appends the ids of every input of `request` to `texts`: prompts, truncation, [CLS] and [SEP] as
// docs/serving.md says. Pure. kUnprocessable naming the input that has too many tokens or an id out
// of range.
Status Tokenize(const EmbedContext& context, const EmbedRequest& request, text::Encoding* scratch,
                PreparedTexts* texts);

}  // namespace hearth::serve
