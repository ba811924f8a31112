// Printing JSON without a document in memory: strings, floats and base64, appended to a string.
// Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hearth {

// `text` (UTF-8) in quotes, with what JSON requires escaped.
void AppendJsonString(std::string_view text, std::string* out);

// `[0.1,-0.25,…]`: the shortest digits that read back as the same float. A value that JSON cannot
// say (NaN, infinity) is printed as null.
void AppendJsonFloats(std::span<const float> values, std::string* out);

// The bytes of `values`, little-endian f32, in base64 with padding and without quotes (OpenAI's
// encoding_format).
void AppendBase64Floats(std::span<const float> values, std::string* out);

// Any bytes in base64 with padding.
void AppendBase64(std::span<const std::byte> bytes, std::string* out);

}  // namespace hearth
