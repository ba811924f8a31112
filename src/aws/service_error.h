// What an AWS service says went wrong, in any of its forms. Pure.
//
//   XML    <Error><Code/>…</Error> (S3), <ErrorResponse><Error/><RequestId/></ErrorResponse>
//   (Query),
//          <Response><Errors><Error/></Errors><RequestID/></Response> (EC2)
//   JSON   {"__type": "com.amazon#Code", "message": …}, {"code": …, "Message": …}
//   headers  x-amzn-ErrorType, x-amzn-RequestId, x-amz-request-id
#pragma once

#include <string>
#include <string_view>

#include "http/client.h"

namespace hearth::aws {

struct ServiceError {
  std::string code;  // the short name, "NoSuchKey"; empty when the answer names none
  std::string message;
  std::string request_id;
  std::string region;  // of S3's AuthorizationHeaderMalformed and PermanentRedirect
};

// Never fails: an answer of another kind (a proxy's HTML) gives empty strings.
ServiceError ReadServiceError(std::string_view body);
ServiceError ReadServiceError(const http::Answer& answer);

// `text` fit for a message: at most `max` bytes, no control characters.
std::string Printable(std::string_view text, size_t max = 200);

}  // namespace hearth::aws
