#include "aws/instance_metadata.h"

#include <algorithm>
#include <charconv>

#include "aws/region.h"

namespace hearth::aws {

namespace {

constexpr size_t kTokenBytesMax = 1024;

int Number(const std::string& text, int fallback, int max) {
  int out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return fallback;
  return std::clamp(out, 1, max);
}

std::string Choice(const Env& env, const Profiles& profiles, std::string_view variable,
                   std::string_view key) {
  const std::string said = FirstSet(env, {variable});
  return said.empty() ? profiles.Setting(key) : said;
}

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

InstanceMetadata::InstanceMetadata(const Env& env, const Profiles& profiles, const Ask& ask)
    : env_(env), profiles_(profiles), ask_(ask) {
  limits_.time = std::chrono::seconds(Number(
      Choice(env, profiles, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1, 10));
  limits_.tries = Number(
      Choice(env, profiles, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"),
      1, 5);
}

Status InstanceMetadata::Begin() {
  if (IsTrue(FirstSet(env_, {"AWS_EC2_METADATA_DISABLED"}))) {
    return Fail(Code::kNotFound, "AWS_EC2_METADATA_DISABLED is set");
  }
  std::string at =
      Choice(env_, profiles_, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  if (at.empty()) {
    const std::string mode = Choice(env_, profiles_, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                    "ec2_metadata_service_endpoint_mode");
    const bool six = mode.size() == 4 && (mode[0] == 'i' || mode[0] == 'I') && mode[3] == '6';
    at = six ? "http://[fd00:ec2::254]/" : "http://169.254.169.254/";
  }
  auto base = http::ParseUrl(at);
  if (!base) {
    return Fail(Code::kInvalidArgument, "AWS_EC2_METADATA_SERVICE_ENDPOINT: {}",
                base.error().message);
  }
  if (!base->target.ends_with('/')) base->target += '/';
  http::Url url = *base;
  url.target += "latest/api/token";
  const http::Outgoing request{.method = "PUT",
                               .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}}};
  const auto answer = ask_(url, request, limits_);
  if (answer && answer->status == 200) {
    if (answer->body.empty() || answer->body.size() > kTokenBytesMax || !IsVisible(answer->body)) {
      return Fail(Code::kCorrupt, "{} is not EC2's metadata: its token is malformed", url.Origin());
    }
    token_ = answer->body;
    base_ = *std::move(base);
    return {};
  }
  // A container may be one hop too far for the token's answer to come back; v1's answers come.
  const bool silent = !answer && answer.error().code == Code::kDeadlineExceeded;
  const bool without =
      answer && (answer->status == 403 || answer->status == 404 || answer->status == 405);
  if (!silent && !without) {
    return Fail(Code::kNotFound, "no instance metadata at {} ({})", url.Origin(),
                answer ? fmt::format("status {}", answer->status) : answer.error().message);
  }
  if (IsTrue(Choice(env_, profiles_, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"))) {
    return Fail(Code::kNotFound, "no token from {}, and AWS_EC2_METADATA_V1_DISABLED is set",
                url.Origin());
  }
  base_ = *std::move(base);
  return {};
}

Result<std::string> InstanceMetadata::Get(std::string_view path) {
  if (!base_) {
    if (Status begun = Begin(); !begun) return Forward(begun);
  }
  http::Url url = *base_;
  url.target.append("latest/meta-data/").append(path);
  http::Outgoing request;
  if (!token_.empty()) request.headers = {{"x-aws-ec2-metadata-token", token_}};
  const auto answer = ask_(url, request, limits_);
  if (!answer) {
    return Fail(Code::kNotFound, "no instance metadata at {} ({})", url.Origin(),
                answer.error().message);
  }
  if (answer->status != 200 || answer->body.empty()) {
    return Fail(Code::kNotFound, "the instance's metadata at {} has no {} (status {})",
                url.Origin(), path, answer->status);
  }
  return answer->body;
}

std::string InstanceRegion(const Env& env, const Profiles& profiles, const Ask& ask) {
  auto zone = InstanceMetadata(env, profiles, ask).Get("placement/availability-zone/");
  if (!zone || zone->empty()) return "";
  zone->pop_back();  // "eu-west-1a"
  return IsRegion(*zone) ? *zone : "";
}

}  // namespace hearth::aws
