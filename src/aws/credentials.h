// Where AWS credentials come from, in botocore's order: environment; role_arn; web identity; SSO
// and `aws login` (refused by name, so that no other identity is taken for them); credentials file;
// credential_process; config file; the container's endpoint (ECS, EKS); the instance's metadata.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aws/ask.h"
#include "aws/sigv4.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/result.h"

namespace hearth::aws {

// Any thread; one asks, without holding a lock. The others have the old ones, or wait for the new.
class CredentialChain {
 public:
  // An explicit `profile` takes the environment's keys out of the chain; AWS_PROFILE does not.
  CredentialChain(Env env, std::string profile, Ask ask)
      : env_(std::move(env)), profile_(std::move(profile)), ask_(std::move(ask)) {}

  // Kept until 15 minutes before they expire (a minute at least); then asked for anew, at most once
  // a minute while the old ones have not expired, which are given as long as the new ones fail.
  // kNotFound lists what was looked at, kUnsupported names a profile's kind that hearth does not
  // read. No message holds a secret.
  Result<Credentials> Get(std::chrono::system_clock::time_point now);

  // A service says that `refused` has expired: the next Get asks anew. Without effect when others
  // are kept by now.
  void Forget(const Credentials& refused);

 private:
  using TimePoint = std::chrono::system_clock::time_point;

  Result<Credentials> Find(TimePoint now) const;
  Result<Credentials> Take(Result<Credentials> found, TimePoint now) HEARTH_REQUIRES(mutex_);

  const Env env_;
  const std::string profile_;
  const Ask ask_;
  Mutex mutex_;
  CondVar answered_;
  bool asking_ HEARTH_GUARDED_BY(mutex_) = false;
  std::optional<Result<Credentials>> last_ HEARTH_GUARDED_BY(mutex_);  // of the last that asked
  std::optional<Credentials> kept_ HEARTH_GUARDED_BY(mutex_);
  TimePoint refresh_at_ HEARTH_GUARDED_BY(mutex_);
};

}  // namespace hearth::aws
