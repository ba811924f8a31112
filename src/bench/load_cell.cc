#include "bench/load_cell.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "bench/load_loop.h"
#include "http/client.h"

namespace hearth::bench {
namespace {

constexpr size_t kTexts = 2000;
constexpr size_t kRequestsAtLeast = 64;

// Asks for the first request by itself; returns the size of its answer when it is what the form
// promises.
Result<size_t> FirstAnswer(const CellSpec& spec, const PreparedRequests& prepared,
                           const http::Url& base) {
  const Clock::time_point deadline = Clock::now() + spec.timeout;
  auto connection = http::Connection::Open(base, deadline);
  if (!connection) return Forward(connection);
  const PreparedRequests::One& first = prepared.requests.front();
  const auto answer = connection->RoundTrip(PostOf(prepared.form, first.body), deadline);
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->status != 200) {
    return Fail(Code::kUnavailable, "{} {} answers {}: {}", base.ToString(), PathOf(prepared.form),
                answer->status, answer->body.substr(0, 200));
  }
  const Result<AnswerShape> shape = ReadAnswer(prepared.form, answer->body);
  if (!shape) return tl::unexpected<Error>(shape.error());
  if (shape->vectors != first.texts) {
    return Fail(Code::kCorrupt, "{} texts were sent and {} vectors came back", first.texts,
                shape->vectors);
  }
  return answer->body.size();
}

}  // namespace

size_t CellResult::ErrorCount() const {
  size_t count = 0;
  for (const auto& [what, times] : errors) count += times;
  return count;
}

Result<PreparedRequests> Prepare(const CellSpec& spec, Form form) {
  const size_t count = std::max(kTexts, kRequestsAtLeast * spec.batch);
  const Corpus corpus = MakeCorpus(spec.corpus, count, spec.seed);
  PreparedRequests out;
  out.form = form;
  for (size_t at = 0; at + spec.batch <= count; at += spec.batch) {
    Result<std::string> body = MakeBody(form, std::span(corpus.texts).subspan(at, spec.batch));
    if (!body) return Forward(body);
    const auto tokens = std::span(corpus.tokens).subspan(at, spec.batch);
    out.requests.push_back(
        {.body = std::move(*body),
         .texts = spec.batch,
         .tokens = static_cast<size_t>(std::accumulate(tokens.begin(), tokens.end(), 0))});
  }
  return out;
}

Result<CellResult> RunCell(const CellSpec& spec, const PreparedRequests& prepared,
                           const http::Url& base) {
  const Result<size_t> first = FirstAnswer(spec, prepared, base);
  if (!first) return tl::unexpected<Error>(first.error());
  // Vectors print to nearly the same length; anything under half of it is something else.
  LoadLoop loop(spec, prepared, base, *first / 2);
  if (spec.warmup.count() > 0) {
    loop.RunClosed(spec.warmup, 0);
    std::ignore = loop.Take();
  }
  if (spec.rate > 0) {
    auto arrivals = Arrivals(spec.arrivals, spec.rate, spec.duration, spec.seed);
    if (spec.requests_max > 0 && arrivals.size() > spec.requests_max)
      arrivals.resize(spec.requests_max);
    loop.RunOpen(arrivals);
  } else {
    loop.RunClosed(spec.duration, spec.requests_max);
  }
  return loop.Take();
}

}  // namespace hearth::bench
