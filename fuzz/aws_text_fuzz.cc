// Texts that come from files, endpoints and programs of others: whatever the bytes, reading ends in
// a value that is fit for use, or in an error.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "aws/canonical.h"
#include "aws/credential_json.h"
#include "aws/iso_time.h"
#include "aws/profile_file.h"
#include "aws/service_client.h"
#include "aws/service_error.h"
#include "aws/shell_words.h"
#include "aws/sts.h"
#include "aws/xml_read.h"

namespace {

using hearth::aws::Credentials;

void Require(bool condition) {
  if (!condition) std::abort();
}

template <typename T>
bool IsGood(const hearth::Result<T>& result) {
  if (!result) Require(!result.error().message.empty());
  return result.has_value();
}

// Into a header as they are.
void RequireUsable(const hearth::Result<Credentials>& found) {
  if (!IsGood(found)) return;
  Require(!found->access_key_id.empty() && !found->secret_access_key.empty());
  for (const std::string* text : {&found->access_key_id, &found->session_token}) {
    for (const char c : *text) Require(c > 0x20 && c < 0x7F);
  }
}

size_t Depth(const hearth::aws::XmlElement& element) {
  size_t deepest = 0;
  for (const auto& child : element.children) deepest = std::max(deepest, Depth(child));
  return deepest + 1;
}

void Ini(std::string_view text) {
  const auto ini = hearth::aws::ParseIni(text, "config");
  if (!IsGood(ini)) return;
  hearth::aws::ProfileFiles files;
  files.config = files.credentials = *ini;
  for (const auto& [title, section] : *ini) (void)hearth::aws::FindProfile(files, title);
}

void Query(std::string_view text) {
  const std::string once = hearth::aws::CanonicalQuery(text);
  Require(hearth::aws::CanonicalQuery(once) == once);
  const std::string path = hearth::aws::CanonicalPath(text, false);
  Require(hearth::aws::CanonicalPath(path, false) == path);
}

// A leaf is a text, a list is not empty, and nothing is deeper than ReadXml reads.
void RequireShape(const boost::json::value& value, size_t depth) {
  Require(depth <= 32);
  if (const auto* list = value.if_array()) {
    Require(!list->empty());
    for (const auto& item : *list) RequireShape(item, depth + 1);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) RequireShape(member.value(), depth + 1);
  } else {
    Require(value.is_string());
  }
}

void Answer(std::string_view text) {
  for (const char* name : {"elbv2", "ec2"}) {
    const auto read = hearth::aws::QueryAnswer(*hearth::aws::FindService(name), "A", text);
    if (IsGood(read)) RequireShape(*read, 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      Ini(text);
      break;
    case 1:
      if (const auto root = hearth::aws::ReadXml(text); IsGood(root)) Require(Depth(*root) <= 32);
      Answer(text);
      break;
    case 2:
      RequireUsable(hearth::aws::ReadCredentialJson(text, {.source = "endpoint"}));
      break;
    case 3:
      RequireUsable(hearth::aws::ReadCredentialJson(text, {.source = "program",
                                                           .token_name = "SessionToken",
                                                           .must_expire = false,
                                                           .has_version = true}));
      break;
    case 4:
      RequireUsable(hearth::aws::ReadStsAnswer(
          text, {.action = "AssumeRole", .fields = {}, .signer = nullptr, .source = "role"}));
      break;
    case 5:
      (void)hearth::aws::ReadServiceError(text);
      break;
    case 6:
      (void)IsGood(hearth::aws::SplitWords(text));
      (void)hearth::aws::ParseIsoTime(text);
      break;
    default:
      Query(text);
  }
  return 0;
}
