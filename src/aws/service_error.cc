#include "aws/service_error.h"

#include <boost/json.hpp>

#include "aws/xml_read.h"

namespace hearth::aws {

namespace {

// "com.amazon.coral.service#ThrottlingException:http://…" → "ThrottlingException".
std::string ShortName(std::string_view type) {
  type = type.substr(0, type.find(':'));
  const size_t hash = type.rfind('#');
  return std::string(hash == std::string_view::npos ? type : type.substr(hash + 1));
}

ServiceError FromXml(std::string_view body) {
  const auto root = ReadXml(body);
  if (!root) return {};
  const XmlElement* error = &*root;
  if (root->name == "Response") error = root->Child("Errors");
  if (error != nullptr && error->name != "Error") error = error->Child("Error");
  if (error == nullptr) return {};
  ServiceError out{.code = std::string(error->TextOf("Code")),
                   .message = std::string(error->TextOf("Message")),
                   .request_id = std::string(error->TextOf("RequestId")),
                   .region = std::string(error->TextOf("Region"))};
  for (const char* name : {"RequestId", "RequestID"}) {
    if (out.request_id.empty()) out.request_id = root->TextOf(name);
  }
  return out;
}

ServiceError FromJson(std::string_view body) {
  boost::json::error_code failed;
  const boost::json::value value = boost::json::parse(body, failed);
  const boost::json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) return {};
  const auto text = [&](std::initializer_list<std::string_view> names) -> std::string {
    for (const std::string_view name : names) {
      const auto* member = object->if_contains(name);
      if (member != nullptr && member->is_string()) return std::string(member->get_string());
    }
    return "";
  };
  ServiceError out;
  out.code = ShortName(text({"__type", "code", "Code"}));
  out.message = text({"message", "Message"});
  return out;
}

}  // namespace

ServiceError ReadServiceError(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return body[first] == '{' ? FromJson(body.substr(first)) : FromXml(body.substr(first));
}

ServiceError ReadServiceError(const http::Answer& answer) {
  ServiceError out = ReadServiceError(answer.body);
  if (const auto type = answer.Header("x-amzn-ErrorType"); !type.empty()) {
    out.code = ShortName(type);
  }
  for (const char* name : {"x-amzn-RequestId", "x-amz-request-id"}) {
    if (out.request_id.empty()) out.request_id = answer.Header(name);
  }
  return out;
}

std::string Printable(std::string_view text, size_t max) {
  std::string out;
  for (const char c : text.substr(0, max)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  if (text.size() > max) out += "…";
  return out;
}

}  // namespace hearth::aws
