// Asks AWS's services (ECS, Application Auto Scaling, ELB v2, Logs, EC2, IAM, STS, CloudWatch, ECR)
// in API-shaped JSON, whatever the service speaks on the wire. S3 is fetch/s3.h.
//
//   JSON 1.1    POST /  X-Amz-Target: <prefix><Action>, the input as it is
//   Query       POST /  Action=…&Version=…, lists as Name.member.N
//   EC2         as Query, lists as Name.N, with the names of ec2_names.h
//
// Answers of Query and EC2 are XML: they come back as JSON of the same shape, every leaf a text (an
// empty element too): read them with document.h, which takes "12" for 12 and "" for no list. Names
// are the API's, also of EC2 ("Subnets", not "subnetSet"). There is no model behind it: maps (no
// call of hearth sends one) would be written as structures and come back as lists of key and value.
// Oracle: botocore's serializers and parsers (tools/golden/make_aws.py).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "aws/ask.h"
#include "aws/credentials.h"
#include "aws/service_error.h"
#include "base/cancel.h"
#include "base/result.h"

namespace hearth::aws {

enum class Protocol { kJson, kQuery, kEc2 };

struct ServiceFacts {
  std::string_view name;  // botocore's: "ecs", "application-autoscaling", "elbv2", "logs", …
  Protocol protocol;
  std::string_view endpoint_prefix;  // "elasticloadbalancing"; of "ecr": "api.ecr"
  std::string_view signing_name;
  std::string_view endpoint_id;    // in AWS_ENDPOINT_URL_<ID>: "elastic-load-balancing-v2"
  std::string_view target_prefix;  // JSON: "AmazonEC2ContainerServiceV20141113."
  std::string_view version;        // Query, EC2: "2015-12-01"
  bool global = false;             // IAM: one endpoint, signed for us-east-1
};
// nullptr for a name that is none of them.
const ServiceFacts* FindService(std::string_view name);
std::span<const ServiceFacts> AllServices();

// One request as it is planned, printed (`--dry-run`) and sent.
struct ServiceRequest {
  std::string service;  // ServiceFacts::name
  std::string action;   // "CreateService"
  boost::json::object input = {};
};

// Why a call gave nothing: `error` is fit to show; `said.code` is AWS's word for it
// ("ClusterNotFoundException"), empty when AWS did not answer. Codes of `error`: kUnauthorized,
// kNotFound, kOverloaded (throttled), kUnavailable (5xx), kUnprocessable (refused for another
// reason), kCorrupt (an answer that is none), kCancelled, kDeadlineExceeded, those of http::Client.
struct ServiceFailure {
  Error error;
  ServiceError said = {};  // to the last try; without what could hold a secret
  int http_status = 0;     // of the last try; 0: not answered
  // One of the tries may have been carried out: no answer came after it was sent, the server failed
  // (5xx), or its answer could not be read.
  bool maybe_done = false;
};
using ServiceAnswer = tl::expected<boost::json::object, ServiceFailure>;

// How others reach AWS: the real client below, or a test's.
using CallService = std::function<ServiceAnswer(const ServiceRequest& request)>;

struct ServiceClientOptions {
  Env env;
  std::string profile = {};  // --profile; empty: AWS_PROFILE or "default"
  std::string region = {};   // of the file; empty: FindRegion
  const Cancel* cancel = nullptr;
  int tries = 5;                                // of one call, all in all; throttling waits longer
  std::chrono::milliseconds call_time{60'000};  // of one call with its tries
};

// The outside of a client, for tests; what is empty is the real thing.
struct ServiceWorld {
  Ask ask = {};
  std::function<std::chrono::system_clock::time_point()> now = {};         // of signatures
  std::function<std::chrono::steady_clock::time_point()> steady_now = {};  // of call_time
  std::function<bool(std::chrono::milliseconds)> wait = {};                // false: cancelled
};

// Thread: any; calls run where they are made. Retries what retry.h says (throttling, 5xx, broken
// connections, and one try more each with the server's clock and with fresh credentials where the
// old ones have expired). A request that would make a second thing when repeated
// (RegisterTaskDefinition, RunTask without a token, a forced deployment) is not tried again once
// maybe_done. Never logs or returns a secret.
class ServiceClient {
 public:
  // kInvalidArgument: no region (names the places it can come from), an endpoint that is no URL.
  // kNotFound, kCorrupt: the profile (LoadProfiles). Credentials are looked for by the first Call,
  // whose failure says where (kNotFound).
  static Result<std::unique_ptr<ServiceClient>> Make(ServiceClientOptions options,
                                                     ServiceWorld world = {});
  ServiceClient(const ServiceClient&) = delete;
  ServiceClient& operator=(const ServiceClient&) = delete;
  ~ServiceClient();

  ServiceAnswer Call(const ServiceRequest& request);
  CallService AsFunction() {
    return [this](const ServiceRequest& r) { return Call(r); };
  }
  const std::string& region() const;

 private:
  struct State;
  class Tries;
  explicit ServiceClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

inline constexpr size_t kPagedItemsMax = 10'000;
inline constexpr int kPagesMax = 1'000;

// All pages of a call as one list: follows `token` (the input's and the output's names of the next
// page's token) and joins `list`. kTooLarge over kPagedItemsMax items or kPagesMax pages; kCorrupt
// when a page names itself as the next one.
struct Paging {
  std::string_view list;       // "serviceArns"
  std::string_view token_in;   // "nextToken"
  std::string_view token_out;  // "nextToken"
};
tl::expected<boost::json::array, ServiceFailure> CallAll(const CallService& call,
                                                         ServiceRequest request,
                                                         const Paging& paging);

// The body of `request` for a service of Query or EC2. Pure.
std::string QueryBody(const ServiceFacts& service, const ServiceRequest& request);

// The answer of Query or EC2 as JSON: the children of <ActionResult> (Query) or of the root (EC2).
// An element whose children are all <member>, <item> or <entry> is a list. kCorrupt. Pure.
Result<boost::json::object> QueryAnswer(const ServiceFacts& service, std::string_view action,
                                        std::string_view xml);

}  // namespace hearth::aws
