// The small answers: health, readiness, what runs here. Each is made from a ServiceView, on the I/O
// thread.
#pragma once

#include "http/server.h"

namespace hearth::serve {

struct ServiceView;

http::Response AnswerHealth(const ServiceView& view);
// When ready, with what a pool wants to know: X-Hearth-Slots, and X-Hearth-Nonce in a pool.
http::Response AnswerReady(const ServiceView& view);
http::Response AnswerInfo(const ServiceView& view);    // TEI's fields
http::Response AnswerModels(const ServiceView& view);  // OpenAI's list
http::Response AnswerMetrics(const ServiceView& view);
http::Response AnswerIndex(const ServiceView& view);

}  // namespace hearth::serve
