#include "cli/admin_client.h"

#include <boost/json.hpp>
#include <chrono>

#include "http/client.h"

namespace hearth::cli {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr int kOkMax = 299;

// What the API said no with; the body as it is when it is not the API's form.
std::string WordsOf(const std::string& body) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* words = object != nullptr ? object->if_contains("error") : nullptr;
  if (words == nullptr || !words->is_string()) return body.substr(0, 200);
  return {words->get_string().data(), words->get_string().size()};
}

}  // namespace

Result<AdminClient> AdminClient::Find(const PoolFlags& flags) {
  auto state_dir = FindStateDir(flags);
  if (!state_dir) return Forward(state_dir);
  auto admin = pool::StateDir::LoadAdmin(*state_dir);
  if (!admin) return Forward(admin);
  return AdminClient(*std::move(state_dir), *std::move(admin));
}

Result<std::string> AdminClient::Get(const std::string& target) const {
  return Ask("GET", target, "");
}

Status AdminClient::Post(const std::string& target, std::string body) const {
  const auto answer = Ask("POST", target, std::move(body));
  return answer ? Status() : tl::unexpected<Error>(answer.error());
}

Result<std::string> AdminClient::Ask(const std::string& method, const std::string& target,
                                     std::string body) const {
  auto url = http::ParseUrl(admin_.url);
  if (!url) return Forward(url);
  const auto deadline = http::Clock::now() + kPatience;
  auto connection = http::Connection::Open(*url, deadline);
  if (!connection) {
    return Fail(
        Code::kUnavailable,
        "no pool answers at {} ({}). It has ended without saying so: `hearth up` takes over "
        "what still runs of it (state in \"{}\")",
        admin_.url, connection.error().message, state_dir_);
  }
  http::Outgoing request{.method = method, .target = target, .body = std::move(body)};
  request.headers = {{"X-Hearth-Token", admin_.token}, {"Connection", "close"}};
  auto answer = connection->RoundTrip(request, deadline);
  if (!answer) {
    return Fail(Code::kUnavailable, "the pool at {} does not answer: {}", admin_.url,
                answer.error().message);
  }
  if (answer->status > kOkMax) return Fail(Code::kUnprocessable, "{}", WordsOf(answer->body));
  return std::move(answer->body);
}

}  // namespace hearth::cli
