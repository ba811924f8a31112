#include "aws/credentials.h"

#include <algorithm>
#include <array>

#include "aws/credential_json.h"
#include "aws/credential_provider.h"
#include "aws/instance_metadata.h"

namespace hearth::aws {

namespace {

using std::chrono::minutes;

constexpr minutes kEarly{15};
constexpr minutes kPause{1};

// FromEnvironment comes before: it does not need the files.
constexpr std::array<Provider, 6> kOfProfile = {FromWebIdentity, FromSso,     FromSharedFile,
                                                FromLogin,       FromProcess, FromConfigFile};

std::string Joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : "; ") + part;
  return out;
}

}  // namespace

std::span<const Provider> ProfileProviders() { return kOfProfile; }

Found FirstOf(std::span<const Provider> providers, const Lookup& lookup) {
  for (const Provider provider : providers) {
    Found found = provider(lookup);
    if (!found || *found) return found;
  }
  return std::nullopt;
}

Result<Credentials> CredentialChain::Find(TimePoint now) const {
  std::vector<std::string> looked_at = {"a profile was named, so the environment does not count"};
  if (profile_.empty()) {
    auto found = FromEnvironment(env_);
    if (!found) return Forward(found);
    if (*found) return **std::move(found);
    looked_at = {"AWS_ACCESS_KEY_ID is not set"};
  }
  const auto files = ReadProfileFiles(env_);
  if (!files) return tl::unexpected<Error>(files.error());
  const auto chosen = ChooseProfile(*files, env_, profile_);
  if (!chosen) return tl::unexpected<Error>(chosen.error());
  const Lookup lookup{.env = env_,
                      .ask = ask_,
                      .files = *files,
                      .chosen = *chosen,
                      .profile = *chosen,
                      .variables = profile_.empty(),
                      .now = now,
                      .looked_at = &looked_at};
  constexpr std::array<Provider, 1> kFirst = {FromAssumedRole};
  constexpr std::array<Provider, 2> kLast = {FromContainer, FromInstance};
  for (const std::span<const Provider> some :
       {std::span<const Provider>(kFirst), ProfileProviders(), std::span<const Provider>(kLast)}) {
    auto found = FirstOf(some, lookup);
    if (!found) return Forward(found);
    if (*found) return **std::move(found);
  }
  return Fail(Code::kNotFound, "cannot find AWS credentials: {}", Joined(looked_at));
}

Result<Credentials> CredentialChain::Take(Result<Credentials> found, TimePoint now) {
  if (found) {
    if (Status fit = CheckCredentials(*found); !fit) found = Forward(fit);
  }
  // The instance's metadata gives old ones when it cannot get new ones; they often still do.
  if (found && found->expiration && *found->expiration <= now && found->source != kInstanceSource) {
    found = Fail(Code::kUnauthorized, "cannot use the credentials from {}: they have expired",
                 found->source);
  }
  if (found) {
    kept_ = *found;
    refresh_at_ =
        found->expiration ? std::max(*found->expiration - kEarly, now + kPause) : TimePoint::max();
    return found;
  }
  if (!kept_ || *kept_->expiration <= now) return found;
  refresh_at_ = now + kPause;
  return *kept_;
}

Result<Credentials> CredentialChain::Get(TimePoint now) {
  MutexLock lock(mutex_);
  if (kept_ && now < refresh_at_) return *kept_;
  if (asking_) {
    if (kept_ && *kept_->expiration > now) return *kept_;
    while (asking_) answered_.Wait(mutex_);
    return *last_;
  }
  asking_ = true;
  lock.Unlock();
  auto found = Find(now);
  lock.Lock();
  asking_ = false;
  last_ = Take(std::move(found), now);
  answered_.NotifyAll();
  return *last_;
}

void CredentialChain::Forget(const Credentials& refused) {
  const MutexLock lock(mutex_);
  if (!kept_ || kept_->access_key_id != refused.access_key_id ||
      kept_->session_token != refused.session_token) {
    return;
  }
  kept_.reset();
}

}  // namespace hearth::aws
