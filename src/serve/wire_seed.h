// The seed's form: {"text": "…"} → {"embedding": [0.1, …]}. An empty text has a vector like any
// other.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "base/result.h"
#include "serve/wire.h"

namespace hearth::serve {

Result<EmbedRequest> ReadSeed(const boost::json::object& body);
void PrintSeed(const EmbedVectors& vectors, std::string* out);

}  // namespace hearth::serve
