#include <utility>

#include "aws/document.h"
#include "aws/service_client.h"

namespace hearth::aws {

namespace {

ServiceFailure PagingFailure(const ServiceRequest& request, Code code, std::string_view why) {
  ServiceFailure out;
  out.error = {code,
               fmt::format("cannot list with {} {}: {}", request.service, request.action, why)};
  return out;
}

}  // namespace

tl::expected<boost::json::array, ServiceFailure> CallAll(const CallService& call,
                                                         ServiceRequest request,
                                                         const Paging& paging) {
  boost::json::array all;
  for (int page = 1; page <= kPagesMax; ++page) {
    ServiceAnswer answer = call(request);
    if (!answer) return tl::unexpected<ServiceFailure>(std::move(answer.error()));
    for (const boost::json::value& item : ListOf(*answer, paging.list)) all.push_back(item);
    if (all.size() > kPagedItemsMax) break;
    const std::string_view next = TextOf(*answer, paging.token_out);
    if (next.empty()) return all;
    if (next == TextOf(request.input, paging.token_in)) {
      return tl::unexpected<ServiceFailure>(
          PagingFailure(request, Code::kCorrupt, "a page says that it is the next one itself"));
    }
    request.input.insert_or_assign(paging.token_in, next);
  }
  return tl::unexpected<ServiceFailure>(
      PagingFailure(request, Code::kTooLarge,
                    fmt::format("over {} items or {} pages", kPagedItemsMax, kPagesMax)));
}

}  // namespace hearth::aws
