#include "doctor/image_size.h"

#include <fmt/format.h>

#include <algorithm>

#include "doctor/finding.h"

namespace hearth::doctor {
namespace {

constexpr int64_t kBakeBelow = 2'000'000'000;
constexpr int64_t kInitAbove = 5'000'000'000;
constexpr double kSlowBytes = 22e6;  // a second
constexpr double kFastBytes = 33e6;

std::string PullTime(int64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return fmt::format("{} to {}", InTime(size / kFastBytes), InTime(size / kSlowBytes));
}

std::string PullLine(const ImageSize& image) {
  if (image.pull_seconds) {
    return fmt::format("pulling it took {} (pullStartedAt to pullStoppedAt)",
                       InTime(*image.pull_seconds));
  }
  return fmt::format(
      "pulling it takes about {} at 22 to 33 MB/s; every task does, Fargate keeps "
      "no image",
      PullTime(image.bytes));
}

std::string InitLine(const ImageSize& image) {
  if (image.model_bytes <= 0 || image.model_bytes >= image.bytes) {
    return "an init container pulls the model from S3 while the image holds only the server";
  }
  const int64_t rest = image.bytes - image.model_bytes;
  return fmt::format(
      "an init container: {} of image ({}), and the model's {} from S3 by parallel "
      "ranges",
      InGb(rest), PullTime(rest), InGb(image.model_bytes));
}

}  // namespace

Finding JudgeImageSize(const ImageSize& image) {
  const std::string title = fmt::format("{}: {} {}", image.name, InGb(image.bytes), image.what);
  if (image.bytes < kBakeBelow) {
    return Ok(title, {PullLine(image), "under 2 GB: a model baked in is the simplest"});
  }
  if (image.bytes <= kInitAbove) {
    return Ok(title, {PullLine(image),
                      fmt::format(
                          "2 to 5 GB: both ways do. Baked in: {} at each start",
                          image.pull_seconds ? InTime(*image.pull_seconds) : PullTime(image.bytes)),
                      InitLine(image)});
  }
  return Ng(fmt::format("{}: too large to be pulled at each start", title),
            {PullLine(image), InitLine(image)},
            "keep the model out of the image: put it on S3 and set `[model] source = "
            "\"s3://BUCKET/PREFIX\"` in hearth.toml; `hearth ecs apply` makes an init container "
            "that pulls it");
}

}  // namespace hearth::doctor
