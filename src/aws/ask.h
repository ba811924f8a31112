// How the credentials' providers reach the world: one question, one answer, within limits.
#pragma once

#include <chrono>
#include <functional>

#include "base/cancel.h"
#include "base/env.h"
#include "base/result.h"
#include "http/client.h"
#include "http/url.h"

namespace hearth::aws {

inline constexpr size_t kAskedBytesMax = size_t{64} * 1024;

struct AskLimits {
  std::chrono::milliseconds time{2'000};  // of one try: connecting and answering together
  int tries = 1;  // after no answer, and after answers that retry.h calls worth another one
  bool through_proxy = false;  // services on the internet; never what is beside this machine
  size_t answer_bytes_max = kAskedBytesMax;
  // Where given: set to true before a request may have reached the server, never to false. A
  // failure without it is of a request that nobody saw.
  bool* sent = nullptr;
};

// Any status is an answer. Failures as of http::Connection. Called without any lock held.
using Ask = std::function<Result<http::Answer>(const http::Url& url, const http::Outgoing& request,
                                               const AskLimits& limits)>;

// There was no answer, and another try may get one.
bool MayAnswerYet(const Error& error);

// The real one: waits between tries (base/backoff.h), proxies
// and AWS_CA_BUNDLE by `env`. `cancel`, where given, outlives it and ends what is under way with
// kCancelled.
Ask NetworkAsk(Env env, const Cancel* cancel = nullptr);

}  // namespace hearth::aws
