#include "serve/embed_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "model/encoder.h"
#include "serve/wire_forms.h"

namespace hearth::serve {
namespace {

// What messages call input `i`.
std::string NameOfInput(const EmbedRequest& request, size_t i) {
  if (request.form == Form::kSeed) return "text";
  const std::string_view field = request.form == Form::kTei ? "inputs" : "input";
  return request.list ? fmt::format("{}[{}]", field, i) : std::string(field);
}

Status TooLong(const EmbedRequest& request, size_t i, int32_t tokens_max) {
  return Fail(Code::kUnprocessable,
              "`{}` has more than {} tokens, the limit: shorten it, or ask for it to be cut with "
              "`truncate` or --auto-truncate",
              NameOfInput(request, i), tokens_max);
}

// Token ids are taken as they are. [CLS] and [SEP] are put around them unless they are there
// already.
Status AppendIds(const EmbedContext& context, const EmbedRequest& request, size_t i, bool truncate,
                 PreparedTexts* texts) {
  std::span<const int32_t> ids = std::get<std::vector<int32_t>>(request.inputs[i]);
  const text::Tokenizer& tokenizer = context.model->tokenizer();
  for (size_t k = 0; k < ids.size(); ++k) {
    if (ids[k] >= tokenizer.vocab_size()) {
      return Fail(Code::kUnprocessable, "`{}[{}]` is token {}, but the vocabulary has only {}",
                  NameOfInput(request, i), k, ids[k], tokenizer.vocab_size());
    }
  }
  if (!ids.empty() && ids.front() == tokenizer.cls_id()) ids = ids.subspan(1);
  if (!ids.empty() && ids.back() == tokenizer.sep_id()) ids = ids.first(ids.size() - 1);
  const auto room = static_cast<size_t>(context.max_tokens - 2);
  if (ids.size() > room) {
    if (!truncate) return TooLong(request, i, context.max_tokens);
    ids = request.side == text::TruncationSide::kRight ? ids.first(room) : ids.last(room);
  }
  texts->ids.push_back(tokenizer.cls_id());
  texts->ids.insert(texts->ids.end(), ids.begin(), ids.end());
  texts->ids.push_back(tokenizer.sep_id());
  texts->lengths.push_back(static_cast<int32_t>(ids.size()) + 2);
  return {};
}

Result<std::string_view> PromptOf(const EmbedContext& context, const EmbedRequest& request) {
  if (!request.prompt_name) return std::string_view(context.default_prompt);
  const auto& prompts = context.model->config().prompts;
  const auto found = prompts.find(*request.prompt_name);
  if (found != prompts.end()) return std::string_view(found->second);
  std::string known;
  for (const auto& [name, text] : prompts) known += fmt::format(" \"{}\"", name);
  return Fail(Code::kUnprocessable, "`prompt_name` \"{}\" is not among the model's prompts:{}",
              *request.prompt_name, known.empty() ? " it has none" : known);
}

std::string Milliseconds(Clock::duration duration) {
  return fmt::format("{:.3f}", std::chrono::duration<double, std::milli>(duration).count());
}

}  // namespace

Status Tokenize(const EmbedContext& context, const EmbedRequest& request, text::Encoding* scratch,
                PreparedTexts* texts) {
  const auto prompt = PromptOf(context, request);
  if (!prompt) return hearth::Fail(prompt.error().code, prompt.error().message);
  const bool truncate = request.truncate.value_or(context.auto_truncate);
  text::EncodeOptions options;
  options.max_tokens = context.max_tokens;
  options.side = request.side;
  std::string prompted;
  texts->lengths.reserve(request.inputs.size());
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const auto* text = std::get_if<std::string>(&request.inputs[i]);
    if (text == nullptr) {
      if (Status status = AppendIds(context, request, i, truncate, texts); !status) return status;
      continue;
    }
    std::string_view whole = *text;
    if (!prompt->empty()) {
      prompted.assign(*prompt).append(*text);
      whole = prompted;
    }
    context.model->tokenizer().Encode(whole, options, scratch);
    if (scratch->truncated && !truncate) return TooLong(request, i, context.max_tokens);
    texts->ids.insert(texts->ids.end(), scratch->ids.begin(), scratch->ids.end());
    texts->lengths.push_back(static_cast<int32_t>(scratch->ids.size()));
  }
  return {};
}

EmbedWork::EmbedWork(const EmbedContext& context, const Route& route, std::string body,
                     http::Responder responder, Clock::time_point deadline)
    : context_(context),
      route_(route),
      body_(std::move(body)),
      responder_(std::move(responder)),
      deadline_(deadline) {}

Status EmbedWork::Prepare(text::Encoding* scratch, PreparedTexts* texts) {
  auto request = route_.parse(body_);
  if (!request) {
    context_.metrics->request_count[0].Add();
    return Forward(request);
  }
  request_ = std::move(*request);
  std::string().swap(body_);
  const auto inputs = static_cast<int64_t>(request_.inputs.size());
  context_.metrics->request_count[request_.list ? 1 : 0].Add();
  context_.metrics->embed_count.Add(inputs);
  if (inputs > context_.client_batch_max) {
    context_.metrics->CountLimit(Limit::kClientBatch);
    too_many_ = true;
    return hearth::Fail(Code::kUnprocessable,
                        "the request has {} texts, the limit is {} (--max-client-batch-size)",
                        inputs, context_.client_batch_max);
  }
  const int32_t width = context_.model->config().hidden_size;
  if (request_.dimensions && *request_.dimensions > width) {
    return hearth::Fail(Code::kUnprocessable, "`dimensions` is {}, but the model's vectors have {}",
                        *request_.dimensions, width);
  }
  for (const Input& input : request_.inputs) {
    if (const auto* text = std::get_if<std::string>(&input)) {
      // UTF-8: every byte but a continuation begins a character.
      characters_ += std::count_if(text->begin(), text->end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      });
    }
  }
  if (Status status = Tokenize(context_, request_, scratch, texts); !status) return status;
  for (const int32_t length : texts->lengths) {
    context_.metrics->input_length.Observe(static_cast<double>(length));
  }
  request_.inputs.clear();
  return {};
}

void EmbedWork::Finish(PreparedTexts& texts, const StageTimes& times) {
  const auto width = static_cast<size_t>(context_.model->config().hidden_size);
  const size_t dimensions = request_.dimensions ? static_cast<size_t>(*request_.dimensions) : width;
  if (request_.normalize.value_or(context_.model->config().normalize)) {
    for (size_t at = 0; at < texts.vectors.size(); at += width) {
      model::Normalize(std::span(texts.vectors).subspan(at, dimensions));
    }
  }
  const EmbedVectors vectors{.values = texts.vectors,
                             .stride = width,
                             .dimensions = dimensions,
                             .tokens = static_cast<int64_t>(texts.ids.size())};
  http::Response response;
  response.body = PrintVectors(request_, vectors, context_.model_name);
  response.headers = {{"x-compute-type", "cpu"},
                      {"x-compute-time", Milliseconds(times.tokenization + times.inference)},
                      {"x-compute-characters", fmt::format("{}", characters_)},
                      {"x-compute-tokens", fmt::format("{}", vectors.tokens)},
                      {"x-total-time", Milliseconds(times.total)},
                      {"x-tokenization-time", Milliseconds(times.tokenization)},
                      {"x-queue-time", Milliseconds(times.queue)},
                      {"x-inference-time", Milliseconds(times.inference)}};
  context_.metrics->CountSuccess(request_.list, static_cast<int64_t>(texts.lengths.size()), times);
  context_.metrics->CountAnswer(IndexOf(route_), response.status);
  responder_.Send(std::move(response));
}

void EmbedWork::Fail(const Error& error) {
  if (too_many_) {
    context_.metrics->failed_batch_size.Add();
  } else {
    context_.metrics->CountFailure(error);
  }
  http::Response response = ErrorResponse(route_.openai, error);
  context_.metrics->CountAnswer(IndexOf(route_), response.status);
  responder_.Send(std::move(response));
}

}  // namespace hearth::serve
