#include "http/response_head.h"

#include <boost/beast/http/status.hpp>
#include <charconv>

namespace hearth::http {
namespace {

void AppendNumber(size_t number, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number);
  out->append(digits, end.ptr);
}

bool IsToken(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  if (!IsToken(name)) return;
  out->append(name).append(": ");
  for (char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out->push_back((byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c);
  }
  out->append("\r\n");
}

void AppendStatusLine(int status, std::string* out) {
  if (status == 200) {  // the common one, without the look-up
    out->append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out->append("HTTP/1.1 ");
  AppendNumber(static_cast<size_t>(status), out);
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  out->append(" ").append(reason.data(), reason.size()).append("\r\n");
}

}  // namespace

bool StatusHasBody(int status) { return status != 204 && status != 304; }

void PrintResponseHead(const Response& response, bool keep_alive, std::string* head) {
  head->clear();
  AppendStatusLine(response.status, head);
  if (!response.content_type.empty() && StatusHasBody(response.status)) {
    AppendHeader("Content-Type", response.content_type, head);
  }
  if (response.status != 204) {
    head->append("Content-Length: ");
    AppendNumber(response.body.size(), head);
    head->append("\r\n");
  }
  if (!keep_alive) head->append("Connection: close\r\n");
  for (const auto& [name, value] : response.headers) AppendHeader(name, value, head);
  head->append("\r\n");
}

}  // namespace hearth::http
