#include "aws/credential_json.h"
#include "aws/credential_provider.h"
#include "aws/run_process.h"
#include "aws/service_error.h"
#include "aws/shell_words.h"

namespace hearth::aws {

// Where both files have one, the credentials file's counts, as for botocore.
Found FromProcess(const Lookup& lookup) {
  if (!lookup.profile.Has("credential_process")) return std::nullopt;
  const auto failed = [&](const Error& error) {
    return Fail(error.code, "cannot use credential_process of the AWS profile \"{}\": {}",
                lookup.profile.name, error.message);
  };
  const auto words = SplitWords(lookup.profile.Setting("credential_process"));
  if (!words) return failed(words.error());
  const auto end = RunProcess(*words);
  if (!end) return failed(end.error());
  if (end->exit_code != 0) {
    return failed({Code::kUnavailable,
                   fmt::format("\"{}\" ended with {}{}{}", words->front(), end->exit_code,
                               end->error.empty() ? "" : ": ", Printable(end->error, 400))});
  }
  auto read = ReadCredentialJson(end->out, {.source = fmt::format("\"{}\"", words->front()),
                                            .token_name = "SessionToken",
                                            .must_expire = false,
                                            .has_version = true});
  if (!read) return failed(read.error());
  return *std::move(read);
}

}  // namespace hearth::aws
