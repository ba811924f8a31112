#include "serve/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/encoder.h"
#include "model/model.h"
#include "serve/batcher.h"

namespace hearth::serve {
namespace {

constexpr int64_t kKiB = 1024;
constexpr int64_t kMiB = 1024 * kKiB;

// Program, libraries, heap, tables and the I/O thread's scratch of an idle replica: an upper
// estimate (its private memory was measured at 3.6 MB).
constexpr int64_t kProcess = 10 * kMiB;
// Of a worker's stack, what is ever touched: an upper estimate.
constexpr int64_t kStack = 256 * kKiB;
// What parsing one byte of a body can take, at worst, while a worker does it. Measured as the
// growth of VmHWM by one body of 2 MB: 49 for "[1],[1],…" (a JSON value and a list each, then an
// input and its ids), 40 for "1,1,…", 3 for deep nesting in a field that is ignored.
constexpr int64_t kParsePerByte = 52;
// Characters of one printed float with its comma, and what stands around one vector.
constexpr int64_t kPrintedFloat = 13;
constexpr int64_t kPrintedVector = 64;
// Of a connection: its object, parser and Asio's registration; an upper estimate.
constexpr int64_t kConnection = 4 * kKiB;
// What arrived behind a request that is being answered (Core::kScratchBytes at most).
constexpr int64_t kReadAhead = 64 * kKiB;
// An answer of up to this size is sent even when the budget of bytes is used up.
constexpr int64_t kSmallAnswer = 64 * kKiB;
// A list that grows holds up to twice what it is filled with.
constexpr int64_t kGrowth = 2;

// Rounded up.
int64_t InMiB(int64_t bytes) { return (bytes + kMiB - 1) / kMiB; }

struct Plan {
  MemoryPlan plan;

  // In whole MiB: people write container limits so, and the kernel rounds them down to a page.
  void Add(std::string_view name, std::string_view what, int64_t exact, bool reclaimable = false) {
    const int64_t bytes = InMiB(exact) * kMiB;
    plan.items.push_back({name, what, bytes, reclaimable});
    plan.needed += bytes;
    if (!reclaimable) plan.unreclaimable += bytes;
  }
};

}  // namespace

int ForwardTokensMax(const ServeOptions& options, int32_t model_max_tokens) {
  const int64_t text = std::min<int64_t>(model_max_tokens, options.batch_tokens_max);
  return static_cast<int>(
      std::max(text, std::min(options.forward_tokens, options.batch_tokens_max)));
}

ModelSizes SizesOf(const model::Model& model, const ServeOptions& options, int workers) {
  const model::ModelConfig& config = model.config();
  return {
      .file = static_cast<int64_t>(model.file_bytes()),
      .encoder = static_cast<int64_t>(model.encoder_bytes()),
      .hidden_size = config.hidden_size,
      .max_tokens = config.max_tokens,
      .worker_scratch = static_cast<int64_t>(model::Encoder::ScratchBytes(
          config, ForwardTokensMax(options, config.max_tokens), Batcher::TeamMembers(workers)))};
}

MemoryPlan PlanMemory(const ModelSizes& model, const ServeOptions& options, int workers,
                      std::optional<int64_t> limit) {
  const auto body = static_cast<int64_t>(options.http.body_bytes_max);
  const auto connections = static_cast<int64_t>(options.http.connections_max);
  const int64_t vector = int64_t{model.hidden_size} * 4;
  const int64_t texts = std::min(options.client_batch_max, options.queued_texts_max);
  const int64_t answer = texts * (model.hidden_size * kPrintedFloat + kPrintedVector);
  Plan made;
  made.Add("weights", "weights that every forward reads (page cache)", model.encoder, true);
  made.Add("process", "program, libraries, heap of an idle replica", kProcess);
  made.Add("workers", "scratch memory and stacks of the workers",
           workers * (model.worker_scratch + kStack));
  made.Add("parsing", "one body at --payload-limit being parsed by each worker",
           workers * body * kParsePerByte);
  made.Add("bodies", "bodies and answers (--max-buffered-bytes)",
           static_cast<int64_t>(options.http.buffered_bytes_max));
  made.Add("printing", "one answer at --max-client-batch-size being printed by each worker",
           workers * answer);
  // The requests whose texts wait, and one that each worker has just prepared. A request keeps room
  // for all of its vectors until its last one.
  made.Add("queue", "tokens and vectors of what waits (--max-queued-texts, --max-queued-tokens)",
           kGrowth * options.queued_tokens_max * 4 +
               (kGrowth * options.queued_texts_max + workers * texts) * vector);
  made.Add("connections", "buffers of each connection (--max-connections)",
           connections * (kConnection + kReadAhead + kSmallAnswer +
                          static_cast<int64_t>(options.http.header_bytes_max)));
  made.Add("sockets", "the kernel's buffers of each connection",
           connections * static_cast<int64_t>(http::kSocketBytesMax) +
               static_cast<int64_t>(http::kLargeSendBuffers * http::kLargeSendBytes));
  made.plan.limit = limit;
  return std::move(made.plan);
}

Status CheckFits(const MemoryPlan& plan) {
  if (!plan.limit || plan.needed <= *plan.limit) return {};
  std::vector<MemoryItem> items = plan.items;
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  std::string largest;
  for (size_t i = 0; i < std::min<size_t>(items.size(), 3); ++i) {
    largest += fmt::format("{}{} MiB {}", i == 0 ? "" : ", ", InMiB(items[i].bytes), items[i].what);
  }
  return Fail(Code::kUnsupported,
              "needs {} MiB, the container has {} MiB ({}); lower --max-connections, "
              "--payload-limit, --max-buffered-bytes or --workers, raise memory, or start all the "
              "same with --force",
              InMiB(plan.needed), *plan.limit / kMiB, largest);
}

}  // namespace hearth::serve
