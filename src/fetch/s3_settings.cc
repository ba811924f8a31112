#include "fetch/s3_settings.h"

#include <chrono>
#include <memory>
#include <string_view>

#include "aws/ask.h"
#include "aws/credentials.h"
#include "aws/instance_metadata.h"
#include "aws/profile_file.h"
#include "aws/region.h"
#include "aws/sigv4.h"

namespace hearth::fetch {
namespace {

using std::chrono::system_clock;

SignRequest Signer(std::shared_ptr<aws::CredentialChain> chain) {
  return [chain = std::move(chain)](const http::Url& url, const std::string& region,
                                    http::Outgoing* request) -> Status {
    const auto now = system_clock::now();
    auto credentials = chain->Get(now);
    if (!credentials) return Forward(credentials);
    return aws::Sign(url, request, *credentials,
                     {.region = region,
                      .service = "s3",
                      .now = now,
                      .double_encode_path = false,
                      .content_sha256_header = true});
  };
}

}  // namespace

Result<S3Settings> ReadS3Settings(const std::string& bucket, const PullOptions& options) {
  auto profiles = aws::LoadProfiles(options.env, "");
  if (!profiles) return Forward(profiles);
  S3Settings out;
  out.bucket = bucket;
  out.region = aws::FindRegion(options.env, *profiles);
  const auto endpoint = aws::GivenEndpoint(options.env, *profiles, "s3");
  if (endpoint) {
    auto url = http::ParseUrl(*endpoint);
    if (!url) return Fail(Code::kUsage, "AWS_ENDPOINT_URL: {}", url.error().message);
    out.endpoint = *std::move(url);
  }
  out.path_style = aws::UsesPathStyle(*profiles, endpoint.has_value(), bucket);
  if (!options.sign) return out;
  const aws::Ask ask = aws::NetworkAsk(options.env, options.cancel);
  auto chain = std::make_shared<aws::CredentialChain>(options.env, "", ask);
  const auto first = chain->Get(system_clock::now());
  if (!first) {
    return Fail(first.error().code, "{}; for public objects add --no-sign-request",
                first.error().message);
  }
  // Only where the instance's metadata is known to be there: asking takes time elsewhere.
  if (out.region.empty() && first->source == aws::kInstanceSource) {
    out.region = aws::InstanceRegion(options.env, *profiles, ask);
  }
  out.sign = Signer(std::move(chain));
  return out;
}

}  // namespace hearth::fetch
