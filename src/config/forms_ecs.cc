#include "config/forms_ecs.h"

#include <algorithm>

namespace hearth::config {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// `least` to `most` letters, digits and characters of `others`.
bool IsOf(std::string_view text, size_t least, size_t most, std::string_view others) {
  return text.size() >= least && text.size() <= most && std::ranges::all_of(text, [&](char c) {
           return IsLetterOrDigit(c) || others.find(c) != std::string_view::npos;
         });
}

// "subnet-0abc": what `prefix` begins, and something behind it.
bool IsId(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) && IsOf(text.substr(prefix.size()), 1, 64, "-");
}

// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE: the resource, where the service is the one wanted.
std::string_view ResourceOf(std::string_view arn, std::string_view service) {
  if (!arn.starts_with("arn:aws")) return "";
  const size_t partition = arn.find(':', 4);
  if (partition == std::string_view::npos) return "";
  std::string_view rest = arn.substr(partition + 1);
  if (!rest.starts_with(service) || !rest.substr(service.size()).starts_with(':')) return "";
  rest.remove_prefix(service.size() + 1);
  for (int skipped = 0; skipped < 2; ++skipped) {
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return "";
    rest.remove_prefix(colon + 1);
  }
  return rest;
}

Wrong OneOf(std::string_view text, std::string_view first, std::string_view second,
            std::string_view third = {}) {
  if (text == first || text == second || (!third.empty() && text == third)) return {};
  if (third.empty()) return fmt::format("must be \"{}\" or \"{}\"", first, second);
  return fmt::format("must be \"{}\", \"{}\" or \"{}\"", first, second, third);
}

}  // namespace

Wrong WrongRegion(std::string_view text) {
  const size_t dash = text.find('-');
  const bool fits = dash != std::string_view::npos && dash >= 2 && text.size() <= 32 &&
                    text.back() >= '0' && text.back() <= '9' &&
                    std::ranges::all_of(text, [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (fits) return {};
  return "must be a region's name such as \"us-east-1\"";
}

Wrong WrongEcsName(std::string_view text) {
  if (IsOf(text, 1, 255, "-_")) return {};
  return text.starts_with("arn:") ? "must be the name alone: what follows the ARN's last \"/\""
                                  : "must be a name of 1 to 255 letters, digits, \"-\" and \"_\"";
}

Wrong WrongImage(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= 1024 && IsLetterOrDigit(text[0]) &&
                    IsOf(text, 1, 1024, "-_./:@+");
  if (fits) return {};
  return "must be an image's name such as "
         "\"123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1.4.2\"";
}

Wrong WrongSubnet(std::string_view text) {
  if (IsId(text, "subnet-")) return {};
  return "must be a subnet's id such as \"subnet-0abc123\"";
}

Wrong WrongSecurityGroup(std::string_view text) {
  if (IsId(text, "sg-")) return {};
  return "must be a security group's id such as \"sg-0abc123\"";
}

Wrong WrongRole(std::string_view text) {
  const std::string_view resource = ResourceOf(text, "iam");
  const bool fits = text.starts_with("arn:")
                        ? resource.starts_with("role/") && IsOf(resource, 6, 2048, "+=,.@-_/")
                        : IsOf(text, 1, 64, "+=,.@-_");
  if (fits) return {};
  return "must be a role's ARN such as \"arn:aws:iam::123456789012:role/app\", or its name";
}

Wrong WrongListener(std::string_view text) {
  const std::string_view resource = ResourceOf(text, "elasticloadbalancing");
  if (resource.starts_with("listener/app/") && IsOf(resource, 14, 512, "-/")) return {};
  if (resource.starts_with("listener/net/")) {
    return "must be the ARN of an application load balancer's listener: a network load balancer "
           "knows nothing of paths such as /ready";
  }
  return "must be the ARN of an ALB's listener: "
         "\"arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/…\"";
}

Wrong WrongArch(std::string_view text) { return OneOf(text, "X86_64", "ARM64"); }

Wrong WrongCapacity(std::string_view text) { return OneOf(text, "FARGATE", "FARGATE_SPOT"); }

Wrong WrongServer(std::string_view text) { return OneOf(text, "auto", "hearth", "other"); }

Wrong WrongLogGroup(std::string_view text) {
  if (IsOf(text, 1, 512, ".-_/#")) return {};
  return "must be 1 to 512 letters, digits, \".\", \"-\", \"_\", \"/\" and \"#\"";
}

Wrong WrongLogPrefix(std::string_view text) {
  if (IsOf(text, 1, 128, ".-_/")) return {};
  return "must be 1 to 128 letters, digits, \".\", \"-\", \"_\" and \"/\"";
}

Wrong WrongTargetGroup(std::string_view text) {
  const bool fits = IsOf(text, 1, 32, "-") && text.front() != '-' && text.back() != '-' &&
                    !text.starts_with("internal-");
  if (fits) return {};
  return "must be 1 to 32 letters, digits and \"-\", not at its ends, and not begin with "
         "\"internal-\"";
}

Wrong WrongRulePattern(std::string_view text) {
  if (IsOf(text, 1, 128, "_-.$/~\"'@:+&*?")) return {};
  return "must be a pattern of 1 to 128 characters such as \"/embed*\" or \"*.example.com\"";
}

Wrong WrongTag(std::string_view text) {
  if (text.starts_with("aws:") || text.starts_with("hearth:")) {
    return "must not begin with \"aws:\" or \"hearth:\": those are AWS's and hearth's own";
  }
  if (!text.empty() && text.size() <= 128) return {};
  return "must be named with 1 to 128 characters";
}

Wrong WrongNamespace(std::string_view text) {
  if (IsOf(text, 1, 255, ".-_/#") && !text.starts_with("AWS/")) return {};
  return "must be 1 to 255 letters, digits, \".\", \"-\", \"_\", \"/\" and \"#\", and not begin "
         "with \"AWS/\"";
}

}  // namespace hearth::config
