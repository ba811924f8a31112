// Signs the requests that come as JSON lines on stdin; prints each one's Authorization. For
// tools/oracle/compare_sigv4.py.
#include <boost/json.hpp>
#include <iostream>
#include <string>

#include "aws/sigv4.h"

int main() {
  using hearth::aws::Sign;
  for (std::string line; std::getline(std::cin, line);) {
    const boost::json::value in = boost::json::parse(line);
    const auto text = [&](const char* key) { return std::string(in.at(key).as_string()); };
    hearth::http::Url url;
    url.tls = true;
    url.port = 443;
    url.host = text("host");
    url.target = text("target");
    hearth::http::Outgoing request{.method = text("method"), .body = text("body")};
    for (const auto& header : in.at("headers").as_array()) {
      request.headers.emplace_back(header.at(0).as_string(), header.at(1).as_string());
    }
    const bool s3 = text("service") == "s3";
    const auto status =
        Sign(url, &request,
             {.access_key_id = text("key"),
              .secret_access_key = text("secret"),
              .session_token = text("token"),
              .expiration = {},
              .source = "oracle"},
             {.region = text("region"),
              .service = text("service"),
              .now = std::chrono::system_clock::from_time_t(in.at("time").to_number<int64_t>()),
              .double_encode_path = !s3,
              .content_sha256_header = s3,
              .unsigned_payload = in.at("unsigned").as_bool()});
    std::cout << (status ? request.headers.back().second : status.error().message) << "\n";
  }
  return 0;
}
