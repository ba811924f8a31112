#include <algorithm>

#include "aws/credential_json.h"
#include "aws/credential_provider.h"
#include "aws/instance_metadata.h"

namespace hearth::aws {

namespace {

// IAM's rule for the names of roles: what a portal answers in HTML is none.
bool IsRole(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@-_").find(c) != std::string_view::npos;
  });
}

Result<Credentials> AskInstance(const Lookup& lookup) {
  constexpr std::string_view kPath = "iam/security-credentials/";
  InstanceMetadata metadata(lookup.env, lookup.chosen, lookup.ask);
  auto role = metadata.Get(kPath);
  if (!role) return Forward(role);
  while (role->ends_with('\n') || role->ends_with('\r')) role->pop_back();
  if (!IsRole(*role)) {
    return Fail(Code::kNotFound, "what answers for the instance's metadata names no role");
  }
  auto body = metadata.Get(std::string(kPath) + *role);
  if (!body) return Forward(body);
  return ReadCredentialJson(*body, {.source = std::string(kInstanceSource)});
}

}  // namespace

// The last resort: whatever is wrong there means that nothing was found, and why.
Found FromInstance(const Lookup& lookup) {
  auto found = AskInstance(lookup);
  if (found) return *std::move(found);
  if (found.error().code == Code::kInvalidArgument || found.error().code == Code::kCancelled) {
    return Forward(found);
  }
  if (lookup.looked_at != nullptr) lookup.looked_at->push_back(found.error().message);
  return std::nullopt;
}

}  // namespace hearth::aws
