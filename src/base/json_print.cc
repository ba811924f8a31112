#include "base/json_print.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace hearth {
namespace {

static_assert(std::endian::native == std::endian::little, "floats are sent as they lie in memory");

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
// "-1.1754944e-38" and a comma.
constexpr size_t kFloatCharactersMax = 17;

void AppendEscaped(char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out->append("\\u00");
  out->push_back(kHexDigits[byte >> 4]);
  out->push_back(kHexDigits[byte & 15]);
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
      AppendEscaped(c, out);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendJsonFloats(std::span<const float> values, std::string* out) {
  const size_t start = out->size();
  out->resize(start + 2 + values.size() * kFloatCharactersMax);
  char* const end = out->data() + out->size();
  char* at = out->data() + start;
  *at++ = '[';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) *at++ = ',';
    if (std::isfinite(values[i])) {
      at = std::to_chars(at, end, values[i]).ptr;
    } else {
      at += std::string_view("null").copy(at, 4);
    }
  }
  *at++ = ']';
  out->resize(static_cast<size_t>(at - out->data()));
}

void AppendBase64Floats(std::span<const float> values, std::string* out) {
  AppendBase64(std::as_bytes(values), out);
}

void AppendBase64(std::span<const std::byte> bytes, std::string* out) {
  const auto at = [&](size_t i) { return i < bytes.size() ? static_cast<uint32_t>(bytes[i]) : 0U; };
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t triple = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out->push_back(kBase64Digits[triple >> 18]);
    out->push_back(kBase64Digits[triple >> 12 & 63]);
    out->push_back(i + 1 < bytes.size() ? kBase64Digits[triple >> 6 & 63] : '=');
    out->push_back(i + 2 < bytes.size() ? kBase64Digits[triple & 63] : '=');
  }
}

}  // namespace hearth
