// How S3 is reached: region, endpoint and signatures, from the environment and the profile (aws/).
#pragma once

#include <string>

#include "base/result.h"
#include "fetch/pull.h"
#include "fetch/s3.h"

namespace hearth::fetch {

// Anonymous when `options.sign` is false; else the credentials are looked for now, so that a pull
// without any fails at once and says where it looked.
Result<S3Settings> ReadS3Settings(const std::string& bucket, const PullOptions& options);

}  // namespace hearth::fetch
