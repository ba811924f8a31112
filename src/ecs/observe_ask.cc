#include "ecs/observe_ask.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "ecs/failure_kind.h"

namespace hearth::ecs {
namespace {

// Where IAM's prefix is another than the API's name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kPrefixes = {
    {{"elbv2", "elasticloadbalancing"}}};

}  // namespace

std::string PermissionOf(const aws::ServiceRequest& request) {
  for (const auto& [name, prefix] : kPrefixes) {
    if (request.service == name) return fmt::format("{}:{}", prefix, request.action);
  }
  return fmt::format("{}:{}", request.service, request.action);
}

tl::unexpected<Error> FailAsk(const aws::ServiceRequest& request,
                              const aws::ServiceFailure& failure) {
  if (!IsDenied(failure)) return tl::unexpected<Error>(failure.error);
  return Fail(failure.error.code, "{}; hearth needs the permission {}", failure.error.message,
              PermissionOf(request));
}

Result<std::optional<boost::json::object>> AskFor(const aws::CallService& call,
                                                  const aws::ServiceRequest& request,
                                                  std::string_view none) {
  aws::ServiceAnswer answer = call(request);
  if (answer) return std::optional<boost::json::object>(std::move(*answer));
  if (!none.empty() && answer.error().said.code.starts_with(none)) {
    return std::optional<boost::json::object>();
  }
  return FailAsk(request, answer.error());
}

}  // namespace hearth::ecs
