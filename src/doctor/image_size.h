// What an image's size means for a start on Fargate, which keeps no image: every task pulls all of
// it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "doctor/check.h"

namespace hearth::doctor {

struct ImageSize {
  std::string name;
  int64_t bytes = 0;
  std::string what;                    // "compressed, in ECR", "on this machine's disk"
  std::optional<double> pull_seconds;  // measured, the longest
  int64_t model_bytes = 0;             // 0: not known
};

// Below 2 GB baked in is right; to 5 GB both ways with their numbers; above, the model belongs into
// an init container that pulls it from S3. The time is estimated at 22 to 33 MB/s (4 GB in 2 to 3
// minutes) where it was not measured.
Finding JudgeImageSize(const ImageSize& image);

}  // namespace hearth::doctor
