#include "serve/loader.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "kernels/kernels.h"
#include "serve/batcher.h"

namespace hearth::serve {
namespace {

constexpr std::chrono::seconds kProgressPeriod{1};

// Milliseconds since the last call.
class Stopwatch {
 public:
  double Lap() {
    const Clock::time_point now = Clock::now();
    return std::chrono::duration<double, std::milli>(now - std::exchange(last_, now)).count();
  }

 private:
  Clock::time_point last_ = Clock::now();
};

// One short text through tokenizer and model: touches the code and pages that the first request
// will need, and proves that the file computes something.
Status FirstForward(const LoadedModel& loaded) {
  text::Encoding encoding;
  text::EncodeOptions options;
  options.max_tokens = loaded.max_tokens;
  loaded.model->tokenizer().Encode("warm", options, &encoding);
  const auto length = static_cast<int32_t>(encoding.ids.size());
  encoding.type_ids.assign(encoding.ids.size(), 0);
  std::vector<float> vector(static_cast<size_t>(loaded.model->config().hidden_size));
  loaded.encoders.front()->Forward({encoding.ids, encoding.type_ids, {&length, 1}}, vector,
                                   nullptr);
  if (!std::all_of(vector.begin(), vector.end(), [](float x) { return std::isfinite(x); })) {
    return Fail(Code::kCorrupt,
                "the model's first vector is not finite: the packed file is damaged or the weights "
                "are (hearth pack --verify FILE)");
  }
  return {};
}

// Says on /ready how far it is, and once a second in the log: a small model says nothing there.
Status ReadWeights(const model::Model& model, const Log& log, Lifecycle* lifecycle) {
  const auto total = static_cast<double>(model.encoder_bytes());
  Clock::time_point said = Clock::now();
  return model.MakeResident([&](size_t bytes) {
    const double share = std::min(1.0, static_cast<double>(bytes) / total);
    lifecycle->SetRead(share);
    if (Clock::now() - said < kProgressPeriod) return;
    said = Clock::now();
    log.Info("Reading weights", {{"bytes", static_cast<int64_t>(bytes)},
                                 {"bytes_total", static_cast<int64_t>(model.encoder_bytes())},
                                 {"percent", std::round(share * 100)}});
  });
}

}  // namespace

Result<LoadedModel> Load(const ServeOptions& options, int workers,
                         std::optional<int64_t> memory_limit, const Log& log,
                         Lifecycle* lifecycle) {
  LoadedModel loaded;
  Stopwatch watch;
  auto opened = model::Model::Open(options.model_path);
  if (!opened) return Forward(opened);
  loaded.model = std::move(*opened);
  loaded.times.open_model = watch.Lap();

  loaded.memory =
      PlanMemory(SizesOf(*loaded.model, options, workers), options, workers, memory_limit);
  if (Status fits = CheckFits(loaded.memory); !fits) {
    if (!options.force) return Forward(fits);
    log.Warn("Started all the same (--force)", {{"why", fits.error().message}});
  }

  lifecycle->SetStep(LoadStep::kReadWeights);
  if (Status status = ReadWeights(*loaded.model, log, lifecycle); !status) return Forward(status);
  loaded.times.read_weights = watch.Lap();

  lifecycle->SetStep(LoadStep::kFirstForward);
  auto kernels = kernels::ChooseKernels(options.cpu_isa);
  if (!kernels) return Forward(kernels);
  loaded.isa = (*kernels)->isa;
  loaded.max_tokens = static_cast<int32_t>(
      std::min<int64_t>(loaded.model->config().max_tokens, options.batch_tokens_max));
  const int tokens_max = ForwardTokensMax(options, loaded.model->config().max_tokens);
  for (int i = 0; i < workers; ++i) {
    loaded.encoders.push_back(std::make_unique<model::Encoder>(loaded.model, **kernels, tokens_max,
                                                               Batcher::TeamMembers(workers)));
  }
  loaded.times.prepare = watch.Lap();
  if (Status status = FirstForward(loaded); !status) return Forward(status);
  loaded.times.first_forward = watch.Lap();
  return loaded;
}

}  // namespace hearth::serve
