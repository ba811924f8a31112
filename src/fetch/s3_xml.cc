#include "fetch/s3_xml.h"

#include <charconv>
#include <utility>

#include "aws/service_error.h"
#include "aws/xml_read.h"

namespace hearth::fetch {
namespace {

Result<S3Object> ReadObject(const aws::XmlElement& element, bool encoded) {
  S3Object out;
  const std::string_view key = element.TextOf("Key");
  const std::string_view size = element.TextOf("Size");
  const auto decoded = encoded ? UrlDecode(key) : std::string(key);
  const char* begin = size.data();
  const char* end = begin + size.size();
  const auto read = std::from_chars(begin, end, out.size);
  if (element.Child("Key") == nullptr || !decoded || read.ec != std::errc() || read.ptr != end) {
    return Fail(Code::kCorrupt, "S3 lists an object without a usable key or size");
  }
  out.key = *decoded;
  out.etag = element.TextOf("ETag");
  while (out.etag.starts_with('"')) out.etag.erase(0, 1);
  while (out.etag.ends_with('"')) out.etag.pop_back();
  out.last_modified = element.TextOf("LastModified");
  return out;
}

}  // namespace

std::optional<std::string> UrlDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      unsigned value = 0;
      const char* begin = text.data() + i + 1;
      if (i + 2 >= text.size() || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) {
        return std::nullopt;
      }
      out.push_back(static_cast<char>(value));
      i += 2;
    }
  }
  return out;
}

Result<S3Page> ReadListing(std::string_view body) {
  const auto root = aws::ReadXml(body);
  if (!root || root->name != "ListBucketResult") {
    return Fail(Code::kCorrupt, "the answer is no listing of S3 ({}): {}",
                root ? "<" + aws::Printable(root->name, 40) + ">" : root.error().message,
                aws::Printable(body, 80));
  }
  S3Page out;
  const bool encoded = root->TextOf("EncodingType") == "url";
  for (const aws::XmlElement& element : root->children) {
    if (element.name != "Contents") continue;
    auto object = ReadObject(element, encoded);
    if (!object) return Forward(object);
    out.objects.push_back(*std::move(object));
  }
  if (root->TextOf("IsTruncated") == "true") {
    out.next_token = root->TextOf("NextContinuationToken");
    if (out.next_token.empty()) {
      return Fail(Code::kCorrupt, "S3 says that its listing goes on, and not where");
    }
  }
  return out;
}

S3Failure ReadFailure(std::string_view body) {
  aws::ServiceError said = aws::ReadServiceError(body);
  return {std::move(said.code), std::move(said.message), std::move(said.region)};
}

}  // namespace hearth::fetch
