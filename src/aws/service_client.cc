#include "aws/service_client.h"

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include "aws/instance_metadata.h"
#include "aws/profile_file.h"
#include "aws/region.h"
#include "aws/retry.h"
#include "aws/service_failure.h"
#include "aws/service_place.h"
#include "base/backoff.h"

namespace hearth::aws {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds kTryTime{30'000};
constexpr size_t kServiceBytesMax = size_t{8} * 1024 * 1024;
constexpr BackoffLimits kShort{.first = milliseconds(200), .cap = milliseconds(5'000)};
constexpr BackoffLimits kLong{.first = milliseconds(1'000), .cap = milliseconds(20'000)};
constexpr seconds kSkewMin{60};  // AWS takes five minutes

http::Outgoing Outgoing(const ServiceFacts& service, const ServiceRequest& request) {
  http::Outgoing out{.method = "POST", .headers = {{"User-Agent", "hearth"}}};
  if (service.protocol == Protocol::kJson) {
    out.headers.emplace_back("Content-Type", "application/x-amz-json-1.1");
    out.headers.emplace_back("X-Amz-Target", std::string(service.target_prefix) + request.action);
    out.body = boost::json::serialize(request.input);
  } else {
    out.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    out.body = QueryBody(service, request);
  }
  return out;
}

Result<boost::json::object> ReadAnswer(const ServiceFacts& service, const ServiceRequest& request,
                                       const std::string& body) {
  if (service.protocol != Protocol::kJson) return QueryAnswer(service, request.action, body);
  if (body.empty()) return boost::json::object();  // of calls that only do something
  boost::json::error_code failed;
  boost::json::value value = boost::json::parse(body, failed);
  boost::json::object* object = failed ? nullptr : value.if_object();
  if (object != nullptr) return std::move(*object);
  return Fail(Code::kCorrupt, "cannot use the answer to {}: it is no JSON object", request.action);
}

bool IsSame(const Credentials& a, const Credentials& b) {
  return a.access_key_id == b.access_key_id && a.session_token == b.session_token &&
         a.secret_access_key == b.secret_access_key;
}

ServiceWorld Complete(ServiceWorld world, const ServiceClientOptions& options) {
  if (!world.ask) world.ask = NetworkAsk(options.env, options.cancel);
  if (!world.now) world.now = [] { return std::chrono::system_clock::now(); };
  if (!world.steady_now) world.steady_now = [] { return std::chrono::steady_clock::now(); };
  if (!world.wait) {
    world.wait = [cancel = options.cancel](milliseconds wait) {
      if (cancel != nullptr) return SleepUnless(*cancel, wait);
      std::this_thread::sleep_for(wait);
      return true;
    };
  }
  return world;
}

Result<std::string> RegionOf(const ServiceClientOptions& options, const Profiles& profiles,
                             const Ask& ask) {
  std::string region = options.region;
  if (region.empty()) region = FindRegion(options.env, profiles);
  if (region.empty()) region = InstanceRegion(options.env, profiles, ask);
  if (IsRegion(region)) return region;
  if (!region.empty()) return Fail(Code::kInvalidArgument, "\"{:.60}\" is no AWS region", region);
  return Fail(Code::kInvalidArgument,
              "no AWS region: set `region` in [ecs], AWS_REGION or AWS_DEFAULT_REGION, or `region` "
              "in the profile \"{:.60}\"",
              profiles.name);
}

}  // namespace

struct ServiceClient::State {
  State(ServiceClientOptions with, ServiceWorld outside)
      : options(std::move(with)),
        world(std::move(outside)),
        chain(options.env, options.profile, world.ask) {}

  const ServiceClientOptions options;
  const ServiceWorld world;
  std::string region;
  std::map<std::string_view, ServicePlace> places;  // of every service
  CredentialChain chain;
  std::atomic<seconds> clock_offset{seconds(0)};  // how far AWS's clock is ahead
};

namespace {

enum class Again { kNo, kAtOnce, kSoon, kLater };

}  // namespace

// One call with its tries.
class ServiceClient::Tries {
 public:
  Tries(State* state, const ServiceFacts& service, const ServiceRequest& request)
      : state_(*state),
        service_(service),
        request_(request),
        place_(state->places.at(service.name)),
        deadline_(state->world.steady_now() + state->options.call_time) {}

  ServiceAnswer Run() {
    for (int tries = 1, failed = 0;; ++tries) {
      if (IsCancelled()) return Cancelled(ServiceFailure());
      Again again = Again::kNo;
      ServiceAnswer answer = TryOnce(&again);
      if (answer) return answer;
      maybe_done_ |= answer.error().maybe_done;
      answer.error().maybe_done = maybe_done_;
      if (again == Again::kNo || (maybe_done_ && !IsRepeatable(request_))) return answer;
      // Each of the reasons for this comes once.
      if (again == Again::kAtOnce) continue;
      ++failed;
      const milliseconds wait = WaitAfter(failed, again);
      if (failed >= state_.options.tries || wait >= TimeLeft()) {
        if (tries > 1)
          answer.error().error.message += fmt::format("; given up after {} tries", tries);
        return answer;
      }
      if (!state_.world.wait(wait)) return Cancelled(std::move(answer.error()));
    }
  }

 private:
  bool IsCancelled() const {
    return state_.options.cancel != nullptr && state_.options.cancel->fired();
  }
  ServiceAnswer Cancelled(ServiceFailure failure) const {
    failure.error = {
        Code::kCancelled,
        fmt::format("cannot {} {}: told to stop{}{}", request_.service, request_.action,
                    failure.error.message.empty() ? "" : " after: ", failure.error.message)};
    failure.maybe_done = maybe_done_;
    return tl::unexpected<ServiceFailure>(std::move(failure));
  }
  milliseconds TimeLeft() const {
    return std::chrono::duration_cast<milliseconds>(deadline_ - state_.world.steady_now());
  }
  // Throttled: at least half of the bound, so that a try that comes early does not cost another.
  milliseconds WaitAfter(int failed, Again again) {
    const double chance = std::uniform_real_distribution<double>(0, 1)(random_);
    if (again == Again::kLater) return Backoff(failed, 0.5 + chance / 2, kLong);
    return Backoff(failed, chance, kShort);
  }

  ServiceAnswer TryOnce(Again* again) {
    const auto offset = state_.clock_offset.load();
    const auto now = state_.world.now() + offset;
    const auto signer = state_.chain.Get(now);
    if (!signer) return Failed(ServiceFailure{.error = signer.error()});
    http::Outgoing outgoing = Outgoing(service_, request_);
    const Status ready =
        Sign(place_.url, &outgoing, *signer,
             {.region = place_.region, .service = std::string(service_.signing_name), .now = now});
    if (!ready) return Failed(FailureOf(request_, place_.url, ready.error()));
    bool sent = false;
    const auto answer =
        state_.world.ask(place_.url, outgoing,
                         {.time = std::max(milliseconds(1), std::min(kTryTime, TimeLeft())),
                          .tries = 1,
                          .through_proxy = true,
                          .answer_bytes_max = kServiceBytesMax,
                          .sent = &sent});
    if (!answer) {
      *again = MayAnswerYet(answer.error()) ? Again::kSoon : Again::kNo;
      ServiceFailure failure = FailureOf(request_, place_.url, answer.error());
      failure.maybe_done = sent;
      return Failed(std::move(failure));
    }
    if (answer->status >= 200 && answer->status < 300) return Read(*answer);
    ServiceError said = SaidBy(*answer, *signer);
    *again = AfterRefusal(*answer, said, *signer, offset);
    return Failed(FailureOf(request_, place_.url, *answer, std::move(said)));
  }

  ServiceAnswer Read(const http::Answer& answer) const {
    auto read = ReadAnswer(service_, request_, answer.body);
    if (read) return *std::move(read);
    ServiceFailure failure = FailureOf(request_, place_.url, read.error());
    failure.http_status = answer.status;
    failure.maybe_done = true;
    return Failed(std::move(failure));
  }

  Again AfterRefusal(const http::Answer& answer, const ServiceError& said, const Credentials& used,
                     seconds used_offset) {
    const bool clock_wrong = IsClockWrong(answer.status, said.code, said.message);
    if (clock_wrong && !clock_set_) {
      const auto offset = ClockOffset(answer.Header("Date"), state_.world.now());
      if (offset && std::chrono::abs(*offset - used_offset) > kSkewMin) {
        clock_set_ = true;
        state_.clock_offset = *offset;
        return Again::kAtOnce;
      }
    }
    // EC2's word for an old signature and for old credentials: with the right time it is these.
    if (IsExpired(said.code) || said.code == "RequestExpired") return AfterExpiry(used);
    switch (RetryFor(answer.status, said.code)) {
      case Retry::kThrottled:
        return Again::kLater;
      case Retry::kTransient:
        return Again::kSoon;
      case Retry::kNever:
      case Retry::kClockSkew:
        break;
    }
    return Again::kNo;
  }

  Again AfterExpiry(const Credentials& used) {
    if (refreshed_) return Again::kNo;
    refreshed_ = true;
    state_.chain.Forget(used);
    const auto fresh = state_.chain.Get(state_.world.now() + state_.clock_offset.load());
    return fresh && !IsSame(*fresh, used) ? Again::kAtOnce : Again::kNo;
  }

  static ServiceAnswer Failed(ServiceFailure failure) {
    return tl::unexpected<ServiceFailure>(std::move(failure));
  }

  State& state_;
  const ServiceFacts& service_;
  const ServiceRequest& request_;
  const ServicePlace& place_;
  const SteadyTime deadline_;
  std::minstd_rand random_{std::random_device{}()};
  bool maybe_done_ = false;
  bool clock_set_ = false;
  bool refreshed_ = false;
};

ServiceClient::ServiceClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
ServiceClient::~ServiceClient() = default;

Result<std::unique_ptr<ServiceClient>> ServiceClient::Make(ServiceClientOptions options,
                                                           ServiceWorld world) {
  world = Complete(std::move(world), options);
  const auto profiles = LoadProfiles(options.env, options.profile);
  if (!profiles) return tl::unexpected<Error>(profiles.error());
  auto region = RegionOf(options, *profiles, world.ask);
  if (!region) return Forward(region);
  auto state = std::make_unique<State>(std::move(options), std::move(world));
  for (const ServiceFacts& service : AllServices()) {
    auto place = PlaceOf(service, state->options.env, *profiles, *region);
    if (!place) return Forward(place);
    state->places.emplace(service.name, *std::move(place));
  }
  state->region = *std::move(region);
  return std::unique_ptr<ServiceClient>(new ServiceClient(std::move(state)));
}

const std::string& ServiceClient::region() const { return state_->region; }

ServiceAnswer ServiceClient::Call(const ServiceRequest& request) {
  const ServiceFacts* service = FindService(request.service);
  if (service == nullptr) {
    return tl::unexpected<ServiceFailure>(
        ServiceFailure{.error = {Code::kInternal,
                                 fmt::format("no service \"{:.60}\" is known", request.service)}});
  }
  return Tries(state_.get(), *service, request).Run();
}

}  // namespace hearth::aws
