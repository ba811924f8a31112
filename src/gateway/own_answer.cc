#include "gateway/own_answer.h"

#include "base/json_print.h"
#include "http/response_head.h"

namespace hearth::gateway {

void PrintOwnAnswer(const OwnAnswer& answer, std::string_view request_id, bool close,
                    bool head_only, std::string* out) {
  http::Response response;
  response.status = answer.status;
  response.body = R"({"error":)";
  AppendJsonString(answer.message, &response.body);
  response.body.append(R"(,"error_type":)");
  AppendJsonString(TraitsOf(answer.code).name, &response.body);
  response.body.append("}");
  if (answer.status == 503) response.headers.emplace_back("Retry-After", "1");
  if (!request_id.empty()) response.headers.emplace_back("X-Request-Id", std::string(request_id));
  std::string head;
  http::PrintResponseHead(response, !close, &head);
  out->append(head);
  if (!head_only) out->append(response.body);
}

}  // namespace hearth::gateway
