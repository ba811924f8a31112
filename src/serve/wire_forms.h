// From a body's bytes to a request, and back to the bytes of an answer or an error: the one door to
// wire_seed, wire_tei and wire_openai. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/wire.h"

namespace hearth::serve {

// POST /embed: the seed's form when the body has `text`, TEI's when it has `inputs`; both at once
// is kUnprocessable.
Result<EmbedRequest> ParseNative(std::string_view body);
// POST /v1/embeddings
Result<EmbedRequest> ParseOpenAi(std::string_view body);

// The body of the answer to `request`; `model` is the name that OpenAI's form repeats.
std::string PrintVectors(const EmbedRequest& request, const EmbedVectors& vectors,
                         std::string_view model);

// {"error":…,"error_type":…}, or OpenAI's nested form.
std::string PrintError(bool openai, Code code, std::string_view message);

}  // namespace hearth::serve
