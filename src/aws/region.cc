#include "aws/region.h"

#include <algorithm>
#include <array>

#include "http/header_lookup.h"

namespace hearth::aws {

namespace {

struct Partition {
  std::string_view prefix;  // of its regions
  std::string_view suffix;
  std::string_view dualstack;  // S3 keeps `suffix`
};

// botocore's partitions.json; the last one is all the rest.
constexpr std::array<Partition, 7> kPartitions = {{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"", "amazonaws.com", "api.aws"},
}};

const Partition& PartitionOf(std::string_view region) {
  return *std::ranges::find_if(kPartitions,
                               [&](const auto& p) { return region.starts_with(p.prefix); });
}

bool Chosen(const Env& env, const Profiles& profiles, std::string_view variable,
            std::string_view key) {
  const std::string said = FirstSet(env, {variable});
  return IsTrue(said.empty() ? profiles.Setting(key) : said);
}

}  // namespace

bool IsTrue(std::string_view text) { return http::EqualsNoCase(text, "true"); }

bool IsRegion(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string FindRegion(const Env& env, const Profiles& profiles) {
  std::string region = FirstSet(env, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  return region.empty() ? profiles.Setting("region") : region;
}

std::optional<std::string> GivenEndpoint(const Env& env, const Profiles& profiles,
                                         std::string_view service) {
  if (Chosen(env, profiles, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
             "ignore_configured_endpoint_urls")) {
    return std::nullopt;
  }
  std::string variable = "AWS_ENDPOINT_URL_";
  std::string section;
  for (const char c : service) {
    const bool separates = c == '-' || c == ' ';
    variable += separates ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    section += separates ? '_' : c;
  }
  std::string url = FirstSet(env, {variable, "AWS_ENDPOINT_URL"});
  if (url.empty()) url = ValueOf(profiles.services, section + ".endpoint_url");
  if (url.empty()) url = profiles.Setting("endpoint_url");
  if (url.empty()) return std::nullopt;
  return url;
}

std::string_view DnsSuffix(std::string_view region) { return PartitionOf(region).suffix; }

EndpointVariant FindVariant(const Env& env, const Profiles& profiles) {
  return {Chosen(env, profiles, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
          Chosen(env, profiles, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")};
}

Result<std::string> ServiceHost(std::string_view service, std::string_view region,
                                EndpointVariant variant) {
  if (!IsRegion(region)) return Fail(Code::kInvalidArgument, "\"{:.60}\" is no AWS region", region);
  const Partition& partition = PartitionOf(region);
  if (service == "s3") {
    return fmt::format("s3{}{}.{}.{}", variant.fips ? "-fips" : "",
                       variant.dualstack ? ".dualstack" : "", region, partition.suffix);
  }
  // GovCloud's STS is validated as it is.
  const bool plain = service == "sts" && region.starts_with("us-gov-") && !variant.dualstack;
  return fmt::format("{}{}.{}.{}", service, variant.fips && !plain ? "-fips" : "", region,
                     variant.dualstack ? partition.dualstack : partition.suffix);
}

bool UsesPathStyle(const Profiles& profiles, bool endpoint_given, std::string_view bucket) {
  const std::string style = profiles.Setting("s3.addressing_style");
  return (endpoint_given && style != "virtual") || bucket.find('.') != std::string_view::npos ||
         style == "path";
}

}  // namespace hearth::aws
