// The form of Hugging Face's text-embeddings-inference: POST /embed {"inputs": …} → [[0.1, …], …],
// one row per input even when one text was given.
//
// Fields: inputs, truncate, truncation_direction ("Right"/"Left", any case), prompt_name, normalize
// (default true), dimensions. Reference: router/src/http/types.rs of version 1.9.3.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "base/result.h"
#include "serve/wire.h"

namespace hearth::serve {

Result<EmbedRequest> ReadTei(const boost::json::object& body);
void PrintTei(const EmbedVectors& vectors, std::string* out);

}  // namespace hearth::serve
