// One question at a time to AWS, with a deadline for all of them; what is refused is noted.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"

namespace hearth::doctor {

class LiveAsk {
 public:
  LiveAsk(const aws::CallService& call, std::chrono::steady_clock::time_point deadline,
          std::vector<std::string>* not_seen)
      : call_(call), deadline_(deadline), not_seen_(*not_seen) {}

  // Empty where it failed; "<what>: <why>" is then in not_seen, once for each `what`.
  boost::json::object operator()(std::string_view what, std::string_view service,
                                 std::string_view action, boost::json::object input);

  bool Failed(std::string_view what) const;

 private:
  void Note(std::string_view what, std::string_view why);

  const aws::CallService& call_;
  const std::chrono::steady_clock::time_point deadline_;
  std::vector<std::string>& not_seen_;
};

}  // namespace hearth::doctor
