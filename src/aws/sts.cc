#include "aws/sts.h"

#include "aws/canonical.h"
#include "aws/credential_json.h"
#include "aws/instance_metadata.h"
#include "aws/iso_time.h"
#include "aws/region.h"
#include "aws/retry.h"
#include "aws/service_error.h"
#include "aws/service_failure.h"
#include "aws/xml_read.h"

namespace hearth::aws {

namespace {

constexpr std::string_view kGlobalHost = "sts.amazonaws.com";
constexpr std::string_view kGlobalRegion = "us-east-1";
constexpr AskLimits kLimits{.time = std::chrono::seconds(10), .tries = 3, .through_proxy = true};

struct StsPlace {
  http::Url url;
  std::string region;  // that it is signed for
};

Result<StsPlace> PlaceOf(const Lookup& lookup) {
  std::string region = FindRegion(lookup.env, lookup.chosen);
  const auto given = GivenEndpoint(lookup.env, lookup.chosen, "sts");
  if (region.empty() && !given) region = InstanceRegion(lookup.env, lookup.chosen, lookup.ask);
  if (region == "aws-global") region.clear();
  std::string at = given.value_or("https://" + std::string(kGlobalHost));
  if (!given && !region.empty()) {
    auto host = ServiceHost("sts", region, FindVariant(lookup.env, lookup.chosen));
    if (!host) return Forward(host);
    at = "https://" + *host;
  }
  auto url = http::ParseUrl(at);
  if (!url) return Fail(url.error().code, "the endpoint of STS: {}", url.error().message);
  return StsPlace{*std::move(url), region.empty() ? std::string(kGlobalRegion) : region};
}

Result<http::Answer> AskOnce(const Lookup& lookup, const StsQuestion& question,
                             const StsPlace& place, std::chrono::system_clock::time_point now) {
  http::Outgoing request{
      .method = "POST",
      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                  {"Accept", "text/xml"}},
      .body = StsForm(question)};
  if (question.signer != nullptr) {
    const Status ready = Sign(place.url, &request, *question.signer,
                              {.region = place.region, .service = "sts", .now = now});
    if (!ready) return tl::unexpected<Error>(ready.error());
  }
  auto answer = lookup.ask(place.url, request, kLimits);
  if (answer) return answer;
  return Fail(answer.error().code, "cannot ask {} for {}: {}", place.url.Origin(), question.action,
              answer.error().message);
}

}  // namespace

std::string StsForm(const StsQuestion& question) {
  std::string out = "Action=" + question.action + "&Version=2011-06-15";
  for (const auto& [name, value] : question.fields) {
    out += "&" + name + "=" + PercentEncode(value);
  }
  return out;
}

Result<Credentials> ReadStsAnswer(std::string_view body, const StsQuestion& question) {
  const auto root = ReadXml(body);
  if (!root) {
    return Fail(Code::kCorrupt, "cannot use the answer to {}: {}", question.action,
                root.error().message);
  }
  const XmlElement* result = root->Child(question.action + "Result");
  const XmlElement* keys = result == nullptr ? nullptr : result->Child("Credentials");
  if (keys == nullptr) {
    return Fail(Code::kCorrupt, "cannot use the answer to {}: <{:.60}> holds no credentials",
                question.action, root->name);
  }
  Credentials out{.access_key_id = std::string(keys->TextOf("AccessKeyId")),
                  .secret_access_key = std::string(keys->TextOf("SecretAccessKey")),
                  .session_token = std::string(keys->TextOf("SessionToken")),
                  .expiration = ParseIsoTime(keys->TextOf("Expiration")),
                  .source = question.source};
  if (!out.expiration || out.session_token.empty()) {
    return Fail(Code::kCorrupt, "cannot use the answer to {}: it has no SessionToken or Expiration",
                question.action);
  }
  if (Status fit = CheckCredentials(out); !fit) return Forward(fit);
  return out;
}

Result<Credentials> AskSts(const Lookup& lookup, const StsQuestion& question) {
  const auto place = PlaceOf(lookup);
  if (!place) return tl::unexpected<Error>(place.error());
  auto answer = AskOnce(lookup, question, *place, lookup.now);
  if (!answer) return Forward(answer);
  const auto read = [&question](const http::Answer& one) {
    if (one.status == 200) return ServiceError();
    return question.signer == nullptr ? ReadServiceError(one) : SaidBy(one, *question.signer);
  };
  ServiceError said = read(*answer);
  if (question.signer != nullptr && answer->status != 200 &&
      IsClockWrong(answer->status, said.code, said.message)) {
    if (const auto offset = ClockOffset(answer->Header("Date"), lookup.now)) {
      answer = AskOnce(lookup, question, *place, lookup.now + *offset);
      if (!answer) return Forward(answer);
      said = read(*answer);
    }
  }
  if (answer->status == 200) return ReadStsAnswer(answer->body, question);
  const bool refused = answer->status >= 400 && answer->status < 500;
  return Fail(refused ? Code::kUnauthorized : Code::kUnavailable, "{} answered {} to {}{}{}: {}",
              place->url.Origin(), answer->status, question.action, said.code.empty() ? "" : ", ",
              Printable(said.code, 60),
              said.message.empty() ? "no reason given" : Printable(said.message, 300));
}

}  // namespace hearth::aws
