// The canonical forms of a request's path and query, as AWS signs them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hearth::aws {

// Everything but letters, digits and "-._~" (and `keep`) as %XX, upper case.
std::string PercentEncode(std::string_view text, std::string_view keep = {});
std::string PercentDecode(std::string_view text);  // a "%" without two hex digits stays

// `path` as it is sent. `encode_again`: dot segments and doubled slashes resolved, then encoded
// once more (all services but S3).
std::string CanonicalPath(std::string_view path, bool encode_again);

// `query` as it is sent, without "?": names and values in one encoding, sorted, "=" always there.
std::string CanonicalQuery(std::string_view query);

}  // namespace hearth::aws
