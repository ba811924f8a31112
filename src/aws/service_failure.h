// What an answer that is no success means, in words fit to show. Pure. Part of service_client.
#pragma once

#include "aws/credentials.h"
#include "aws/service_client.h"
#include "http/client.h"

namespace hearth::aws {

// The answer's error, without what could hold a secret: services send a signature that did not
// match back with all that was signed, the session token in it.
ServiceError SaidBy(const http::Answer& answer, const Credentials& signer);

// Of an answer with another status than 2xx.
ServiceFailure FailureOf(const ServiceRequest& request, const http::Url& at,
                         const http::Answer& answer, ServiceError said);

// Of a request that was not answered, or whose answer could not be read.
ServiceFailure FailureOf(const ServiceRequest& request, const http::Url& at, const Error& error);

// Would doing it twice make two things?
bool IsRepeatable(const ServiceRequest& request);

}  // namespace hearth::aws
