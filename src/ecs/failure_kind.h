// What a failed call means to whoever goes on: refused, too many, unknown to this endpoint, or
// worth another try. Pure.
#pragma once

#include "aws/service_client.h"

namespace hearth::ecs {

bool IsDenied(const aws::ServiceFailure& failure);     // AccessDenied in its spellings
bool IsThrottled(const aws::ServiceFailure& failure);  // also after the client's own tries
// The endpoint does not know the action, or not for this kind of service: an answer of 500 without
// AWS's error inside counts, since that is how test doubles say it.
bool IsUnknownAction(const aws::ServiceFailure& failure);
// Throttling, AWS's own failures, a broken connection: the next round may succeed.
bool MayPass(const aws::ServiceFailure& failure);

}  // namespace hearth::ecs
