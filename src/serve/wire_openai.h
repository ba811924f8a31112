// OpenAI's form: POST /v1/embeddings {"input": …} →
// {"object":"list","data":[…],"model":…,"usage":…}, and its nested errors.
//
// Fields: input (text, texts, token ids, lists of token ids), encoding_format ("float"; "base64" is
// what the official clients ask for), dimensions; model and user are read and change nothing: one
// process serves one model. Vectors are normalised.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/wire.h"

namespace hearth::serve {

Result<EmbedRequest> ReadOpenAi(const boost::json::object& body);
void PrintOpenAi(const EmbedVectors& vectors, bool base64, std::string_view model,
                 std::string* out);

// {"error":{"message":…,"type":…,"param":null,"code":…}}
std::string PrintOpenAiError(Code code, std::string_view message);

}  // namespace hearth::serve
