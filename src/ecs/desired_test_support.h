// A hearth.toml of the seed's pool, and short ways to a spec and what is made of it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "config/config.h"
#include "ecs/desired.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// What [ecs] cannot do without.
inline constexpr std::string_view kNeeded = R"(
[ecs]
region = "us-east-1"
cluster = "ml-inference"
service = "embedding-warm-pool"
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding-service:1.4.2"
subnets = ["subnet-abc123", "subnet-def456"]
security_groups = ["sg-warm-pool"]
execution_role = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
)";

inline constexpr std::string_view kListener =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/models/50dc6c495c0c9188/"
    "f2f7dc8efc522ab2";

// `before` stands above [ecs], `more` in it and below.
inline std::string FileWith(std::string_view before, std::string_view more = "") {
  return fmt::format("{}\n{}{}\n", before, kNeeded, more);
}

inline Result<EcsSpec> SpecOf(const std::string& text) {
  auto config = config::ParseConfig(text, "hearth.toml");
  if (!config) return Forward(config);
  return MakeSpec(*config);
}

inline EcsSpec GoodSpec(const std::string& text) {
  auto spec = SpecOf(text);
  EXPECT_TRUE(spec) << spec.error().message;
  return spec ? *spec : EcsSpec();
}

// "no error", or the message: one line that begins with the file.
inline std::string RefusalOf(const std::string& text) {
  const auto spec = SpecOf(text);
  if (spec) return "no error";
  EXPECT_EQ(spec.error().message.find('\n'), std::string::npos) << spec.error().message;
  EXPECT_EQ(spec.error().message.find("hearth.toml:"), 0U) << spec.error().message;
  return spec.error().message;
}

// A Wednesday, 12:00 UTC.
inline constexpr std::chrono::sys_seconds kNoon =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + std::chrono::hours(12);

inline Desired GoodDesired(const EcsSpec& spec, std::chrono::sys_seconds now = kNoon) {
  auto desired = MakeDesired(spec, now);
  EXPECT_TRUE(desired) << desired.error().message;
  return desired ? *desired : Desired();
}

inline boost::json::object InputOf(const EcsSpec& spec, Kind kind, std::string_view name = "") {
  const Desired desired = GoodDesired(spec);
  const Resource* found = desired.Find(kind, name);
  return found == nullptr ? boost::json::object() : found->input;
}

inline boost::json::value Json(std::string_view text) { return boost::json::parse(text); }

}  // namespace hearth::ecs
